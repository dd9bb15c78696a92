"""The publication: the one mutable cell. It holds the current edition, replaced whole.

Whatever reads it sees one edition, complete. Whatever changes in the store is printed here, at
most a few times a second, and so is what time alone changes: facts grow stale.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from service.core.catalogue import Rules
from service.core.edition import Edition, print_edition
from service.core.moment import Moment
from service.core.snapshot import Snapshot

GAP: Final = 0.2
"""Seconds between two editions at the least."""
_OFF_LOOP_FROM: Final = 1000
"""Models from which on printing and compressing would hold the event loop for over 5 ms."""


class Publication:
    """Holds the edition that handlers answer from.

    Args:
        rules: the operator's rules for the catalogue.
        now: gives the current moment.
        grace: seconds from the start of ``follow`` on during which nothing at all is served before
            the first models are there; after it the default model is.
    """

    def __init__(self, *, rules: Rules, now: Callable[[], Moment], grace: float) -> None:
        self._rules = rules
        self._now = now
        self._grace = grace
        self._grace_ends: float | None = None
        self.current = Edition()
        self.warmed = asyncio.Event()
        """Set once there is something to serve."""

    def publish(self, snapshot: Snapshot) -> None:
        """Print ``snapshot`` and replace the current edition by it."""
        self._replace(self._print(snapshot, self._now()))

    async def follow(self, snapshots: AsyncIterator[Snapshot]) -> None:
        """Publish every snapshot that comes, and again when time changes what it says."""
        loop = asyncio.get_running_loop()
        self._grace_ends = loop.time() + self._grace
        snapshot = await anext(snapshots)
        while True:
            await self._publish_in_turn(snapshot)
            if self.current.warm:
                # The first models are shown at once; after that, changes are gathered.
                await asyncio.sleep(GAP)
            try:
                async with asyncio.timeout_at(self._next_change()):
                    snapshot = await anext(snapshots)
            except TimeoutError:
                pass

    async def _publish_in_turn(self, snapshot: Snapshot) -> None:
        if sum(len(reading.models) for reading in snapshot) < _OFF_LOOP_FROM:
            self.publish(snapshot)
        else:
            self._replace(await asyncio.to_thread(self._print, snapshot, self._now()))

    def _replace(self, edition: Edition) -> None:
        self.current = edition
        if edition.warm:
            self.warmed.set()

    def _print(self, snapshot: Snapshot, now: Moment) -> Edition:
        return print_edition(
            snapshot,
            rules=self._rules,
            now=now,
            warm=self._is_warm(snapshot, now),
            before=self.current,
        )

    def _is_warm(self, snapshot: Snapshot, now: Moment) -> bool:
        grace_over = self._grace_ends is not None and now.mono >= self._grace_ends
        return (
            self.current.warm
            or grace_over
            or any(reading.last_ok is not None for reading in snapshot)
        )

    def _next_change(self) -> float | None:
        """When to print again if nothing comes from the store."""
        edge = self.current.expires
        if self.current.warm or self._grace_ends is None:
            return edge
        return self._grace_ends if edge is None else min(edge, self._grace_ends)
