"""Servers under measurement, each a process of its own, and what the kernel counted for them."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
PYTHON = str(ROOT / ".venv-core/bin/python")
"""What is measured runs where the package was installed alone, as users have it."""
_TICKS = os.sysconf("SC_CLK_TCK")
_START_WITHIN = 20.0


def free_port() -> int:
    """Give a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], *, environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process while the context is open."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def upstream(port: int, *, hang_after: float | None = None) -> Iterator[None]:
    """Run a replayed Ollama on ``port``; from ``hang_after`` seconds on it never answers."""
    command = [sys.executable, "-m", "bench.upstream", str(port), str(hang_after or 0)]
    with running(command, environ={}):
        wait_for(lambda: answers(port, "/api/version"))
        yield


@contextmanager
def service(
    port: int,
    settings: Mapping[str, Any],
    *,
    module: str = "service",
    environ: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``rollcall serve`` on ``port``, until it is ready and on."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "rollcall.yaml"
        config.write_text(
            yaml.safe_dump({"server": {"host": "127.0.0.1", "port": port}, **settings})
        )
        command = [PYTHON, "-m", module, "serve", "--config", str(config)]
        with running(command, environ=environ or {}) as process:
            wait_for(lambda: answers(port, "/readyz"))
            yield process


def answers(port: int, path: str) -> bool:
    """Say whether ``path`` on ``port`` answers 200 now."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(
                f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
            )
            return b" 200 " in connection.recv(64)
    except OSError:
        return False


def body_of(port: int, path: str) -> Any:
    """GET a JSON document."""
    from urllib.request import urlopen  # noqa: PLC0415 -- rarely used

    with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
        return json.load(response)


def wait_for(holds: Callable[[], bool], *, pause: float = 0.002) -> float:
    """Wait until ``holds()``; give the seconds that it took."""
    started = time.perf_counter()
    while not holds():
        if time.perf_counter() - started > _START_WITHIN:
            raise TimeoutError("a server did not come up")
        time.sleep(pause)
    return time.perf_counter() - started


def cpu_seconds(pid: int) -> float:
    """Give user and system time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_megabytes(pid: int) -> float:
    """Give the memory that a process holds."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError("VmRSS")
