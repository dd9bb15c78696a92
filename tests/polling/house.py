"""A polling room built by hand on fake time, and integrations that note when they were asked."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import pytest
from looptime import LoopTimeEventLoop
from structlog.testing import capture_logs
from structlog.typing import EventDict

from service.core.health import State
from service.core.moment import Moment
from service.core.reading import Policy, Reading
from service.core.reasons import Reason
from service.core.schedule import Uniform
from service.integrations import IntegrationManager, Registration
from service.integrations.base_integration import BaseIntegration, ModelLike
from service.integrations.errors import StatusError, UnreachableError
from service.observability.metrics import Metrics
from service.observability.telemetry import Telemetry
from service.polling import LagMonitor, Supervisor, supervised
from service.polling.poller import Poller
from service.store import MemoryStore
from service.vitals import Vitals
from tests.fakes import Canned, CannedIntegration

WALL: Final = 1_795_330_800.0
ON_TIME: Final = 1e-3
"""Seconds that fake time may round by."""
fake_time: Final = pytest.mark.looptime(noop_cycles=0)
"""Marks tests in which hours pass at once."""


def refused() -> UnreachableError:
    return UnreachableError(Reason.REFUSED)


def said(reason: Reason, retry_after: float | None = None) -> Callable[[], StatusError]:
    """Have an integration answer with ``reason``, every time afresh."""
    return lambda: StatusError(reason, retry_after=retry_after)


def clock() -> float:
    return asyncio.get_running_loop().time()


async def until(mono: float) -> None:
    """Sleep until the loop's clock shows ``mono``."""
    await asyncio.sleep(mono - clock())


def freeze(seconds: float) -> None:
    """Stop the whole process for ``seconds``: the clock goes on, and nothing runs meanwhile."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, LoopTimeEventLoop)
    loop.setup_looptime(start=loop.time() + seconds, noop_cycles=0)


async def with_lag(seconds: float, done: Callable[[], bool]) -> None:
    """Freeze the process twice a second for ``seconds``, until it is ``done``, an hour at most."""
    limit = clock() + 3600.0
    while not done():
        assert clock() < limit
        await asyncio.sleep(0.5)
        freeze(seconds)


class Highest(Random):
    """Draws the largest value there is."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


@dataclass
class Meter:
    """Counts the probes that are open at once, over all integrations that share it."""

    open: int = 0
    most: int = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            yield
        finally:
            self.open -= 1


class Timed(CannedIntegration):
    """Notes when it was asked, and how many asks were open at once."""

    def __init__(self, *results: Canned, meter: Meter | None = None) -> None:
        super().__init__(*results)
        self.asked: list[float] = []
        self.meter = meter or Meter()

    async def get_models(self) -> Sequence[ModelLike]:
        self.asked.append(clock())
        with self.meter.one():
            return await super().get_models()

    @property
    def gaps(self) -> list[float]:
        return [later - sooner for sooner, later in zip(self.asked, self.asked[1:], strict=False)]


async def was_asked(integration: Timed, times: int) -> None:
    """Wait until ``integration`` was asked so many times, for ten minutes at most."""
    async with asyncio.timeout(600.0):
        while len(integration.asked) < times:
            await asyncio.sleep(0.01)


class Stubborn(Timed):
    """Ignores every cancellation until it is let go; then it answers with the number of the ask."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = asyncio.Event()

    async def get_models(self) -> Sequence[ModelLike]:
        self.asked.append(clock())
        number = len(self.asked)
        with self.meter.one():
            while not self.let_go.is_set():
                try:
                    await self.let_go.wait()
                except asyncio.CancelledError:
                    continue
        return [{"id": f"of-ask-{number}"}]


class RecordingStore(MemoryStore):
    """Remembers every reading that was put, and when; ``refuses`` makes it fail for a name."""

    def __init__(self) -> None:
        super().__init__()
        self.history: list[tuple[float, Reading]] = []
        self.refuses: set[str] = set()

    async def put(self, reading: Reading) -> None:
        if reading.name in self.refuses:
            raise RuntimeError("the store has a bug")
        self.history.append((clock(), reading))
        await super().put(reading)


@dataclass
class House:
    """Everything that a polling test looks at."""

    manager: IntegrationManager
    store: RecordingStore
    vitals: Vitals
    metrics: Metrics
    lag: LagMonitor
    logs: list[EventDict]
    supervisor: asyncio.Task[None] | None = None
    stopping: bool = False
    wall_offset: float = 0.0

    def now(self) -> Moment:
        return Moment(clock(), WALL + clock() + self.wall_offset)

    def reading(self, name: str) -> Reading:
        return self.store.current.readings[name]

    def state(self, name: str) -> State:
        return self.reading(name).health.state

    def models(self, name: str) -> list[str]:
        return [model.id for model in self.reading(name).models]

    def became(self, name: str, state: State, *, since: float = 0.0) -> float:
        """Say when ``name`` was first seen in ``state``, from ``since`` on."""
        return next(
            when
            for when, reading in self.store.history
            if when >= since and reading.name == name and reading.health.state is state
        )

    def events(self, event: str) -> list[EventDict]:
        return [line for line in self.logs if line["event"] == event]


def loop_of(name: str) -> asyncio.Task[Any]:
    """Find the task that polls ``name`` now."""
    (found,) = (task for task in asyncio.all_tasks() if task.get_name() == f"poll:{name}")
    return found


@asynccontextmanager
async def watchful_loop() -> AsyncIterator[None]:
    """Fail if an exception was never retrieved or a task was left over."""
    loop = asyncio.get_running_loop()
    unheard: list[Mapping[str, Any]] = []
    loop.set_exception_handler(lambda _, context: unheard.append(context))
    before = asyncio.all_tasks()
    gc.freeze()  # only what is made from here on needs to be looked through: that is quick
    yield
    await asyncio.sleep(0)
    gc.collect()
    gc.unfreeze()
    left = {task.get_name() for task in asyncio.all_tasks() - before}
    assert not left, f"left over: {left}"
    assert not unheard, unheard


@asynccontextmanager
async def running(
    integrations: Mapping[str, BaseIntegration],
    *,
    policy: Policy | None = None,
    policies: Mapping[str, Policy] | None = None,
    rng: Uniform | None = None,
    max_concurrent: int = 32,
    watch_lag: bool = False,
) -> AsyncIterator[House]:
    """Run a supervisor over ``integrations`` while the context is open.

    With ``watch_lag`` the lag monitor runs as well; ten ticks a second make fake hours dear.
    """
    manager = IntegrationManager()
    for name, integration in integrations.items():
        manager.add_integration(name, integration, (policies or {}).get(name, policy or Policy()))

    def died(task: str, error: BaseException | None) -> None:
        assert house.stopping, f"{task} died of {error!r}"

    async with AsyncExitStack() as stack:
        logs = stack.enter_context(capture_logs())
        await stack.enter_async_context(watchful_loop())
        store, vitals, metrics, lag = RecordingStore(), Vitals(), Metrics(version="0"), LagMonitor()
        house = House(manager, store, vitals, metrics, lag, logs)
        supervisor = Supervisor(
            manager,
            store=store,
            vitals=vitals,
            max_concurrent=max_concurrent,
            now=house.now,
            rng=rng or Random(7),
            lag=lag,
            telemetry=Telemetry(metrics),
        )
        background = supervised(supervisor.run(), name="supervisor", on_death=died)
        house.supervisor = await stack.enter_async_context(background)
        if watch_lag:
            # Out of step with the supervisor's rounds: which of the two wakes first after a pause
            # must not matter.
            await asyncio.sleep(0.05)
            background = supervised(lag.run(), name="lag-monitor", on_death=died)
            _ = await stack.enter_async_context(background)
        try:
            yield house
        finally:
            for integration in integrations.values():
                if isinstance(integration, Stubborn):
                    integration.let_go.set()


def replica(
    integration: BaseIntegration, *, policy: Policy, rng: Uniform, name: str = "a"
) -> asyncio.Task[None]:
    """Run the loop of one integration alone, as one replica of many would."""
    telemetry = Telemetry(Metrics(version="0"))
    poller = Poller(
        Registration(name, integration, policy),
        store=MemoryStore(),
        gate=asyncio.Semaphore(1),
        now=lambda: Moment(clock(), WALL + clock()),
        rng=rng,
        lag=LagMonitor(),
        telemetry=telemetry,
    )
    return asyncio.create_task(poller.run(), name=f"replica:{name}")
