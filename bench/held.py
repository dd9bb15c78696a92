"""The service, with a watch on its event loop: ``python -m bench.held serve --config PATH``.

It writes the longest time for which the loop's thread worked in one go, in milliseconds, to the
file that ``HELD_FILE`` names. That is the thread's own CPU time: what else runs on the machine
adds nothing to it, so it repeats where waits do not.
"""

import asyncio
import os
import sys
import time
from pathlib import Path

from service.cli import main
from service.polling import LagMonitor

TICK = 0.001
WARM_UP = 30.0


async def watch(report: Path) -> None:
    """Tick, and note the most CPU time that went by between two ticks."""
    longest, begins = 0.0, time.monotonic() + WARM_UP
    worked = time.thread_time()
    while True:
        await asyncio.sleep(TICK)
        held = time.thread_time() - worked
        if time.monotonic() > begins and held > longest:
            longest = held
            _note(report, held)
        worked = time.thread_time()


def _note(report: Path, held: float) -> None:
    report.write_text(f"{held * 1000}")


async def _run(monitor: LagMonitor) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(watch(Path(os.environ["HELD_FILE"])))
        group.create_task(_monitored(monitor))


_monitored = LagMonitor.run

if __name__ == "__main__":
    LagMonitor.run = _run  # type: ignore[method-assign, assignment]
    sys.exit(main())
