"""Does a backend that accepts and never answers slow the catalogue down? It must not."""

from contextlib import ExitStack
from statistics import median
from typing import Any

from bench.load import Load, load
from bench.processes import body_of, free_port, service, upstream, wait_for
from bench.report import Row, ratio

ROUNDS = 8
SECONDS = 3
BUDGET = 1.25
_HANG_AFTER = 2.0


def settings(port: int) -> dict[str, Any]:
    """Poll the backend on ``port`` every second, so that it is asked all the time."""
    return {
        "polling": {"interval": 1, "timeout": 0.9},
        "integrations": [
            {
                "name": "ollama",
                "type": "ollama",
                "host": f"http://127.0.0.1:{port}",
                "cli_fallback": "off",
            }
        ],
    }


def measure() -> list[Row]:
    """Load both services in turns: one whose backend is well, one whose backend hangs."""
    well_port, hung_port, well_up, hung_up = (free_port() for _ in range(4))
    with ExitStack() as stack:
        stack.enter_context(upstream(well_up))
        stack.enter_context(upstream(hung_up, hang_after=_HANG_AFTER))
        well = stack.enter_context(service(well_port, settings(well_up)))
        hung = stack.enter_context(service(hung_port, settings(hung_up)))
        wait_for(lambda: _status(hung_port) == "unhealthy", pause=0.1)
        loads: dict[str, list[Load]] = {"well": [], "hung": []}
        for _ in range(ROUNDS):
            loads["well"].append(load(well_port, "/v1/models", pid=well.pid, seconds=SECONDS))
            loads["hung"].append(load(hung_port, "/v1/models", pid=hung.pid, seconds=SECONDS))
        if _status(hung_port) != "unhealthy" or _status(well_port) != "healthy":
            raise RuntimeError("the backends are not what they were meant to be")
    rows = [
        _row("median", loads, lambda run: run.median * 1e6, "µs"),
        _row("p99", loads, lambda run: run.p99 * 1e6, "µs"),
        _row("CPU per request", loads, lambda run: run.cpu * 1e6, "µs"),
    ]
    errors = sum(run.errors for runs in loads.values() for run in runs)
    return [*rows, Row("errors", "hung and well together", str(errors), "0", None, None)]


def _row(name: str, loads: dict[str, list[Load]], figure: Any, unit: str) -> Row:
    hung, well = (median(figure(run) for run in loads[which]) for which in ("hung", "well"))
    return Row(
        f"`/v1/models`, {name}, backend hangs",
        "the same with a backend that is well",
        f"{hung:.0f} {unit}",
        f"{well:.0f} {unit}",
        ratio(hung, well),
        BUDGET,
    )


def _status(port: int) -> str:
    return str(body_of(port, "/v1/integrations/health")["ollama"]["status"])
