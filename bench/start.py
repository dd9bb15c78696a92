"""From nothing to the first ready answer, and what an idle process holds."""

import re
import subprocess
import time
from collections import defaultdict
from contextlib import ExitStack
from statistics import median
from sys import stdlib_module_names

from bench.hanging import settings
from bench.processes import (
    PYTHON,
    answers,
    free_port,
    resident_megabytes,
    running,
    service,
    upstream,
    wait_for,
)
from bench.report import Row, ratio

ROUNDS = 10
BUDGET = 2.0
RSS_BUDGET = 65.0
IDLE_SECONDS = 10
BARE = """
from aiohttp import web
async def ready(request):
    return web.json_response({{"object": "list", "data": []}})
app = web.Application()
app.router.add_get("/readyz", ready)
web.run_app(app, host="127.0.0.1", port={port}, print=None)
"""


def measure() -> list[Row]:
    """Start both in turns, with a backend that is well, and ask until the first 200."""
    bare: list[float] = []
    ours: list[float] = []
    backend = free_port()
    with upstream(backend):
        for _ in range(ROUNDS):
            bare.append(_bare_start())
            ours.append(_our_start(backend))
        rss = _idle_memory(backend)
    return [
        Row(
            "`rollcall serve` to its first ready answer",
            "a bare aiohttp app to its first answer",
            f"{median(ours) * 1e3:.0f} ms",
            f"{median(bare) * 1e3:.0f} ms",
            ratio(median(ours), median(bare)),
            BUDGET,
        ),
        Row(
            "memory of an idle process, 3 integrations",
            "the budget of 65 MB",
            f"{rss:.1f} MB",
            f"{RSS_BUDGET:.0f} MB",
            ratio(rss, RSS_BUDGET),
            1.0,
        ),
    ]


def where_time_goes(most: int = 9) -> list[tuple[str, float]]:
    """Give the milliseconds of importing that each package took for itself, most first."""
    printed = subprocess.run(
        [PYTHON, "-X", "importtime", "-c", "import service.cli.serve"],
        check=True,
        capture_output=True,
        text=True,
    ).stderr
    spent: dict[str, float] = defaultdict(float)
    for own, name in re.findall(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", printed):
        spent[name.split(".")[0]] += int(own) / 1000
    standard = {name for name in spent if name in stdlib_module_names}
    spent["the standard library"] = sum(spent.pop(name) for name in standard)
    return sorted(spent.items(), key=lambda item: -item[1])[:most]


def _bare_start() -> float:
    port = free_port()
    with running([PYTHON, "-c", BARE.format(port=port)], environ={}):
        return wait_for(lambda: answers(port, "/readyz"))


def _our_start(backend: int) -> float:
    port = free_port()
    started = time.perf_counter()
    with service(port, settings(backend)):
        return time.perf_counter() - started


def _idle_memory(backend: int) -> float:
    three = settings(backend)
    [one] = three["integrations"]
    three["integrations"] = [one | {"name": f"ollama-{number}"} for number in range(3)]
    with ExitStack() as stack:
        process = stack.enter_context(service(free_port(), three))
        time.sleep(IDLE_SECONDS)
        return resident_megabytes(process.pid)
