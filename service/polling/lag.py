"""How late the event loop runs: a poll that failed while *we* were late proves nothing."""

import asyncio
from collections import deque
from typing import Final

TICK: Final = 0.1
_KEPT: Final = 60.0


class LagMonitor:
    """Measures, ten times a second, by how much the loop oversleeps."""

    def __init__(self) -> None:
        self._late: deque[tuple[float, float]] = deque()
        self._due: float | None = None

    async def run(self) -> None:
        """Measure for ever."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                self._due = loop.time() + TICK
                await asyncio.sleep(TICK)
                self.note(loop.time() - self._due, mono=loop.time())
        finally:
            self._due = None

    def note(self, lag: float, *, mono: float) -> None:
        """Keep a lag of ``lag`` seconds, seen at ``mono``, if it is one worth keeping."""
        if lag > TICK:
            self._late.append((mono, lag))
        while self._late and self._late[0][0] < mono - _KEPT:
            self._late.popleft()

    def worst_since(self, mono: float) -> float:
        """Give the worst lag, in seconds, that overlapped the time since ``mono``.

        One that is going on counts: after a pause it is chance whether this monitor wakes first.
        """
        noted = max((lag for seen, lag in self._late if seen >= mono), default=0.0)
        return max(noted, self._ongoing())

    def _ongoing(self) -> float:
        if self._due is None:
            return 0.0
        lag = asyncio.get_running_loop().time() - self._due
        return lag if lag > TICK else 0.0
