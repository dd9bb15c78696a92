"""What a large fleet costs: 200 integrations with 100 models each, none of which changes."""

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from bench.fleet import MODELS, SERVERS
from bench.processes import (
    PYTHON,
    answers,
    body_of,
    cpu_seconds,
    free_port,
    resident_megabytes,
    running,
    service,
    wait_for,
)
from bench.report import Row, ratio
from bench.start import BARE

INTERVAL = 15
WARM_UP = 2 * INTERVAL
SECONDS = 60
PAUSE = 0.005
CORE_BUDGET = 10.0
HELD_BUDGET = 20.0
RSS_BUDGET = 300.0


def settings(port: int) -> dict[str, Any]:
    """Poll all of the fleet on ``port``; one half of it is Ollama, the other is vLLM."""
    root = f"http://127.0.0.1:{port}"
    ollama = {"type": "ollama", "cli_fallback": "off"}
    vllm = {"type": "openai-compatible", "engine": "vllm"}
    return {
        "polling": {"interval": INTERVAL},
        "integrations": [
            {"name": f"server-{number}"}
            | (
                ollama | {"host": f"{root}/{number}"}
                if number % 2
                else vllm | {"base_url": f"{root}/{number}/v1"}
            )
            for number in range(SERVERS)
        ],
    }


@dataclass
class _Waits:
    """How long one connection waited for each of its answers, in milliseconds."""

    port: int
    waits: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self) -> None:
        started = time.perf_counter()
        self._socket.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        if b" 200 " not in self._socket.recv(4096):
            raise RuntimeError("a probe was not answered with 200")
        self.waits.append((time.perf_counter() - started) * 1000)


def measure() -> list[Row]:
    """Let the service run by itself, then probe it and a bare aiohttp app side by side."""
    fleet_port, port, bare_port = (free_port() for _ in range(3))
    with ExitStack() as stack:
        stack.enter_context(_fleet(fleet_port))
        process = stack.enter_context(service(port, settings(fleet_port)))
        wait_for(lambda: _listed(port) == SERVERS * MODELS, pause=0.5)
        time.sleep(WARM_UP)
        before = cpu_seconds(process.pid)
        time.sleep(SECONDS)
        share = 100 * (cpu_seconds(process.pid) - before) / SECONDS
        stack.enter_context(running([PYTHON, "-c", BARE.format(port=bare_port)], environ={}))
        wait_for(lambda: answers(bare_port, "/readyz"))
        ours, bare = _probed(port, bare_port)
        rss = resident_megabytes(process.pid)
        if _listed(port) != SERVERS * MODELS:
            raise RuntimeError("the fleet is not what it was meant to be")
    return [
        Row(
            "share of one core",
            f"the budget of {CORE_BUDGET:.0f} %",
            f"{share:.1f} %",
            f"{CORE_BUDGET:.0f} %",
            ratio(share, CORE_BUDGET),
            1.0,
        ),
        Row(
            "longest wait of a probe",
            f"the budget of {HELD_BUDGET:.0f} ms",
            f"{max(ours):.1f} ms",
            f"{HELD_BUDGET:.0f} ms",
            ratio(max(ours), HELD_BUDGET),
            1.0,
        ),
        Row(
            "longest wait of a probe",
            "a bare aiohttp app, asked in turns",
            f"{max(ours):.1f} ms",
            f"{max(bare):.1f} ms",
            ratio(max(ours), max(bare)),
            None,
        ),
        Row(
            "memory",
            f"the budget of {RSS_BUDGET:.0f} MB",
            f"{rss:.0f} MB",
            f"{RSS_BUDGET:.0f} MB",
            ratio(rss, RSS_BUDGET),
            1.0,
        ),
    ]


def _probed(port: int, bare_port: int) -> tuple[list[float], list[float]]:
    ours, bare = _Waits(port), _Waits(bare_port)
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        ours.ask()
        bare.ask()
        time.sleep(PAUSE)
    return ours.waits, bare.waits


@contextmanager
def _fleet(port: int) -> Iterator[None]:
    with running([sys.executable, "-m", "bench.fleet", str(port)], environ={}):
        wait_for(lambda: answers(port, "/0/api/version"))
        yield


def _listed(port: int) -> int:
    return len(body_of(port, "/v1/models")["data"])
