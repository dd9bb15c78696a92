"""Load by wrk, and what it measured."""

import re
import shutil
import subprocess
from dataclasses import dataclass

from bench.processes import cpu_seconds

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


@dataclass(frozen=True, slots=True)
class Load:
    """One run: latencies in seconds, and CPU seconds of the server for each request."""

    requests: int
    errors: int
    median: float
    p99: float
    cpu: float


def load(port: int, path: str, *, pid: int, seconds: float, connections: int = 8) -> Load:
    """Ask ``path`` as often as it goes for ``seconds``, over keep-alive connections."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed: run tests/end_to_end/setup.sh")
    before = cpu_seconds(pid)
    printed = subprocess.run(
        [
            *("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "5s"),
            f"http://127.0.0.1:{port}{path}",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    used = cpu_seconds(pid) - before
    requests = int(_found(r"(\d+) requests in", printed))
    return Load(
        requests=requests,
        errors=sum(map(int, re.findall(r"(?:connect|read|write|timeout) (\d+)", printed)))
        + sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", printed))),
        median=_latency("50%", printed),
        p99=_latency("99%", printed),
        cpu=used / requests,
    )


def _latency(share: str, printed: str) -> float:
    value, unit = re.search(rf"{share}\s+([\d.]+)(us|ms|s)", printed).groups()  # type: ignore[union-attr]
    return float(value) * _UNITS[unit]


def _found(pattern: str, printed: str) -> str:
    found = re.search(pattern, printed)
    if found is None:
        raise ValueError(f"wrk printed something else: {printed}")
    return found[1]
