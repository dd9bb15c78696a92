"""What a large fleet costs: 200 integrations with 100 models each, none of which changes."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.fleet import MODELS, SERVERS
from bench.processes import (
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

INTERVAL = 15
WARM_UP = 2 * INTERVAL
SECONDS = 60
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


def measure() -> list[Row]:
    """Let two services run side by side: one by itself, one with a watch on its event loop."""
    fleet_port, port, held_port = (free_port() for _ in range(3))
    with ExitStack() as stack:
        held_file = Path(stack.enter_context(TemporaryDirectory())) / "held"
        stack.enter_context(_fleet(fleet_port))
        process = stack.enter_context(service(port, settings(fleet_port)))
        watched = service(
            held_port,
            settings(fleet_port),
            module="bench.held",
            environ={"HELD_FILE": str(held_file)},
        )
        stack.enter_context(watched)
        for each in (port, held_port):
            wait_for(partial(_is_whole, each), pause=0.5)
        time.sleep(WARM_UP)
        before = cpu_seconds(process.pid)
        time.sleep(SECONDS)
        share = 100 * (cpu_seconds(process.pid) - before) / SECONDS
        rss = resident_megabytes(process.pid)
        held = float(held_file.read_text())
        if not _is_whole(port) or not _is_whole(held_port):
            raise RuntimeError("the fleet is not what it was meant to be")
    return [
        _row("share of one core", share, CORE_BUDGET, "%"),
        _row("longest that the event loop was held, in CPU time", held, HELD_BUDGET, "ms"),
        _row("memory", rss, RSS_BUDGET, "MB"),
    ]


def _row(what: str, ours: float, budget: float, unit: str) -> Row:
    reference = f"{budget:.0f} {unit}"
    against = f"the budget of {reference}"
    return Row(what, against, f"{ours:.1f} {unit}", reference, ratio(ours, budget), 1.0)


@contextmanager
def _fleet(port: int) -> Iterator[None]:
    with running([sys.executable, "-m", "bench.fleet", str(port)], environ={}):
        wait_for(lambda: answers(port, "/0/api/version"))
        yield


def _is_whole(port: int) -> bool:
    return len(body_of(port, "/v1/models")["data"]) == SERVERS * MODELS
