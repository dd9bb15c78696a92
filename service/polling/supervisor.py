"""The supervisor: one polling loop for each registered integration, started, watched and replaced.

A loop that dies or gets stuck is replaced, a few times; after that its integration counts as
stalled, which the probes show. The others never notice.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from service.core.moment import Moment
from service.core.reading import Answer, advance
from service.core.schedule import Uniform
from service.integrations import IntegrationManager, Registration
from service.integrations.integration_manager import first_reading
from service.observability.telemetry import Telemetry
from service.polling.lag import LagMonitor
from service.polling.poller import Poller
from service.store import BaseStore
from service.vitals import Vitals

ROUND: Final = 1.0
"""Seconds between two looks at the loops."""
RESPAWNS: Final = 3
RESPAWN_WINDOW: Final = 300.0
_PATIENCE: Final = 2.0
"""Seconds that loops have to end in when the service stops."""


class _Watched:
    """A poller, its task, and when it was replaced lately."""

    def __init__(self, poller: Poller, task: asyncio.Task[None]) -> None:
        self.poller = poller
        self.task = task
        self.respawns: deque[float] = deque()


class Supervisor:
    """Keeps the set of loops equal to the set of registrations.

    Args:
        manager: knows the registrations, and tells when they change.
        store: where readings go.
        vitals: is told of loops that can't be kept alive.
        max_concurrent: probes at once, in the whole process.
        now: gives the current moment.
        rng: where jitter comes from.
        lag: tells how late this process itself was.
        telemetry: is told what happened.
    """

    def __init__(
        self,
        manager: IntegrationManager,
        *,
        store: BaseStore,
        vitals: Vitals,
        max_concurrent: int,
        now: Callable[[], Moment],
        rng: Uniform,
        lag: LagMonitor,
        telemetry: Telemetry,
    ) -> None:
        self._manager = manager
        self._store = store
        self._vitals = vitals
        self._gate = asyncio.Semaphore(max_concurrent)
        self._now = now
        self._rng = rng
        self._lag = lag
        self._telemetry = telemetry
        self._introduced: dict[str, Registration] = {}
        self._loops: dict[str, _Watched] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        manager.subscribe(self._changed.set)

    async def run(self) -> None:
        """Supervise until cancelled; the loops end with it."""
        try:
            while True:
                self._changed.clear()
                await self._reconcile()
                self._look_after()
                try:
                    async with asyncio.timeout(ROUND):
                        await self._changed.wait()
                except TimeoutError:
                    pass
        finally:
            for watched in self._loops.values():
                self._let_go(watched)
            if self._leaving:
                await asyncio.wait(self._leaving, timeout=_PATIENCE)

    async def _reconcile(self) -> None:
        wanted = dict(self._manager.registrations)  # the store may wait, and that one may change
        for name, registration in list(self._introduced.items()):
            if wanted.get(name) is not registration:
                await self._take_out(name)
        known = self._store.current.readings
        for name in [name for name in known if name not in wanted]:
            await self._store.drop(name)
            self._telemetry.removed(name)
        for name, registration in wanted.items():
            if name in self._introduced:
                continue
            self._introduced[name] = registration
            if name not in known:
                await self._introduce(registration)
            if registration.policy.enabled:
                self._loops[name] = self._start(registration)

    async def _introduce(self, registration: Registration) -> None:
        reading = first_reading(registration)
        if not registration.policy.enabled:
            reading = advance(reading, Answer(models=(), latency=0.0), now=self._now())
        await self._store.put(reading)
        self._telemetry.registered(reading)

    def _start(self, registration: Registration) -> _Watched:
        poller = Poller(
            registration,
            store=self._store,
            gate=self._gate,
            now=self._now,
            rng=self._rng,
            lag=self._lag,
            telemetry=self._telemetry,
        )
        return _Watched(poller, asyncio.create_task(poller.run(), name=f"poll:{registration.name}"))

    async def _take_out(self, name: str) -> None:
        del self._introduced[name]
        watched = self._loops.pop(name, None)
        if watched is not None:
            self._let_go(watched)
            self._vitals.revive(watched.task.get_name())
        await self._store.drop(name)
        self._telemetry.removed(name)

    def _let_go(self, watched: _Watched) -> None:
        """End a loop; it is held until it has ended, as asyncio itself holds no task."""
        watched.poller.retire()
        watched.task.cancel()
        self._leaving.add(watched.task)
        watched.task.add_done_callback(self._gone)

    def _gone(self, task: asyncio.Task[None]) -> None:
        self._leaving.discard(task)
        if not task.cancelled():
            task.exception()  # told of already, or no longer of interest

    def _look_after(self) -> None:
        mono = self._now().mono
        if self._lag.worst_since(mono - 2 * ROUND) > ROUND:
            return  # we were away ourselves: let the loops run before they are judged
        for watched in self._loops.values():
            if watched.task.done() or watched.poller.overdue(mono):
                self._replace(watched, mono)
            elif watched.poller.due >= mono - ROUND:
                self._vitals.revive(watched.task.get_name())

    def _replace(self, watched: _Watched, mono: float) -> None:
        name = watched.task.get_name()
        while watched.respawns and watched.respawns[0] < mono - RESPAWN_WINDOW:
            watched.respawns.popleft()
        if len(watched.respawns) >= RESPAWNS:
            self._vitals.stall(name, mono=mono)
            return
        watched.respawns.append(mono)
        task = watched.task
        ended_badly = task.done() and not task.cancelled()
        self._telemetry.died(name, task.exception() if ended_badly else None)
        self._let_go(watched)
        fresh = self._start(watched.poller.registration)
        watched.poller, watched.task = fresh.poller, fresh.task
