"""The loop of one integration: wait, ask, fold the outcome into its reading, put it, wait again.

At most one probe is in flight; a tick that was missed is skipped, never caught up with.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from service.core.moment import Moment
from service.core.reading import Answer, Outcome, advance
from service.core.schedule import FAST, Uniform, pause
from service.integrations import Registration
from service.integrations.integration_manager import first_reading
from service.integrations.probe import probe
from service.observability.telemetry import Telemetry
from service.polling.lag import LagMonitor
from service.store import BaseStore

LOOK_EVERY: Final = 5.0
"""Seconds between two looks at whether a key has changed."""
_LAG_FLOOR: Final = 0.25
_LAG_SHARE: Final = 0.25
_DISCARDS: Final = 3


class Poller:
    """Polls one integration for as long as ``run`` runs.

    Args:
        registration: the integration, its name and its policy.
        store: where readings go.
        gate: how many probes may run at once in the whole process.
        now: gives the current moment.
        rng: where jitter comes from.
        lag: tells how late this process itself was.
        telemetry: is told what happened.
    """

    def __init__(
        self,
        registration: Registration,
        *,
        store: BaseStore,
        gate: asyncio.Semaphore,
        now: Callable[[], Moment],
        rng: Uniform,
        lag: LagMonitor,
        telemetry: Telemetry,
    ) -> None:
        self.registration = registration
        self._store = store
        self._gate = gate
        self._now = now
        self._rng = rng
        self._lag = lag
        self._telemetry = telemetry
        self._discarded = 0
        self.due = now().mono
        self._queued = False
        self._has_turn = False
        self._retired = False

    def overdue(self, mono: float) -> bool:
        """Say whether this loop is stuck: nothing came of it long after it was due.

        Waiting for a turn is not being stuck; whoever holds the turns may be.
        """
        policy = self.registration.policy
        return not self._queued and mono > self.due + policy.deadline + 2 * policy.interval

    def retire(self) -> None:
        """Have this loop end: whatever it still brings comes too late, and its turn is over.

        A probe that ignores its cancellation would hold the turn for ever.
        """
        self._retired = True
        self._end_turn()

    async def run(self) -> None:
        """Poll until cancelled or retired."""
        while True:
            await self._until_due()
            await self._take_turn()
            started = self.due
            try:
                outcome = await self._probe()
            finally:
                self._end_turn()
            if self._retired:
                return
            if self._is_tainted(outcome, started):
                self.due = self._now().mono + min(FAST, self.registration.policy.interval)
                continue
            wait = await self._note(outcome)
            self.due = self._now().mono + wait

    async def _until_due(self) -> None:
        """Wait until the next probe is due, or until what it is made with changes.

        A key that was put right on disk is tried at once, not after the long pause that a rejected
        one earns.
        """
        before = self._mark()
        while (left := self.due - self._now().mono) > 0:
            await asyncio.sleep(left if before is None else min(left, LOOK_EVERY))
            if self._mark() != before:
                return

    def _mark(self) -> object:
        try:
            return self.registration.integration.mark()
        except Exception as error:  # noqa: BLE001 -- a plug-in's bug costs it this one comfort
            self._telemetry.crashed(self.registration.name, error)
            return None

    async def _take_turn(self) -> None:
        self._queued = True
        try:
            await self._gate.acquire()
        finally:
            self._queued = False
        self._has_turn = True
        self.due = self._now().mono

    def _end_turn(self) -> None:
        if self._has_turn:
            self._has_turn = False
            self._gate.release()

    async def _probe(self) -> Outcome:
        name = self.registration.name
        return await probe(
            self.registration.integration,
            deadline=self.registration.policy.deadline,
            on_crash=lambda error: self._telemetry.crashed(name, error),
        )

    async def _note(self, outcome: Outcome) -> float:
        """Put what came of the probe, and give the seconds until the next one."""
        policy = self.registration.policy
        before = self._store.current.readings.get(self.registration.name)
        before = before or first_reading(self.registration)
        after = advance(before, outcome, now=self._now())
        await self._store.put(after)
        self._telemetry.polled(before, after, outcome)
        return pause(
            after.health,
            interval=policy.interval,
            cap=policy.backoff_cap,
            retry_after=after.retry_after,
            rng=self._rng,
        )

    def _is_tainted(self, outcome: Outcome, started: float) -> bool:
        """A failure proves nothing if we were too late ourselves; a success always counts."""
        lag = self._lag.worst_since(started)
        allowed = max(_LAG_FLOOR, _LAG_SHARE * self.registration.policy.deadline)
        if isinstance(outcome, Answer) or lag <= allowed or self._discarded >= _DISCARDS:
            self._discarded = 0
            return False
        self._discarded += 1
        self._telemetry.discarded(self.registration.name, lag=lag)
        return True
