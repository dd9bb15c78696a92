"""A loop that is cancelled ends, wherever it was: swept over every point of a probe."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any, Final

import pytest
from structlog.testing import capture_logs

from service.core.reading import Policy
from service.integrations import IntegrationManager, Registration
from service.integrations.base_integration import ModelLike
from service.observability.metrics import Metrics
from service.observability.telemetry import Telemetry
from service.polling import LagMonitor, Supervisor
from service.polling.poller import Poller
from service.vitals import Vitals
from tests.fakes import Canned
from tests.polling.house import (
    House,
    RecordingStore,
    Timed,
    clock,
    fake_time,
    refused,
    watchful_loop,
)

pytestmark = fake_time
OFFSETS: Final = range(51)
POLICY: Final = Policy(interval=1.0, backoff_cap=1.0)


class ManySteps(Timed):
    """Takes twenty steps of the loop for an answer, and as many to tidy up after itself."""

    async def get_models(self) -> Sequence[ModelLike]:
        try:
            for _ in range(20):
                await asyncio.sleep(0)
            return await super().get_models()
        finally:
            for _ in range(3):
                await asyncio.sleep(0)


class CancelsItself(Timed):
    """Raises a ``CancelledError`` that nobody asked for, as soon as it is ``gone``."""

    def __init__(self) -> None:
        super().__init__()
        self.gone = asyncio.Event()

    async def get_models(self) -> Sequence[ModelLike]:
        await self.gone.wait()
        raise asyncio.CancelledError


class SlowStore(RecordingStore):
    """Takes some steps before it puts a reading in, as one on a network does."""

    async def put(self, reading: Any) -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        await super().put(reading)


async def steps(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@asynccontextmanager
async def quiet_house() -> AsyncIterator[None]:
    with capture_logs():
        async with watchful_loop():
            yield


def parts(store: RecordingStore) -> dict[str, Any]:
    """Everything that a loop is made with, besides what it polls."""
    house = House(IntegrationManager(), store, Vitals(), Metrics(version="0"), LagMonitor(), [])
    return {
        "store": store,
        "now": house.now,
        "rng": Random(5),
        "lag": house.lag,
        "telemetry": Telemetry(house.metrics),
    }


@pytest.mark.parametrize("result", [["m1"], refused, asyncio.CancelledError])
async def test_a_loop_that_is_cancelled_at_any_point_of_its_probe_ends_at_once(result: Any) -> None:
    asked = recorded = 0
    async with quiet_house():
        for offset in OFFSETS:
            store, gate, integration = SlowStore(), asyncio.Semaphore(1), ManySteps(result)
            poller = Poller(Registration("a", integration, POLICY), gate=gate, **parts(store))
            task = asyncio.create_task(poller.run())
            await steps(offset)
            puts = len(store.history)
            begun = clock()
            task.cancel()
            await asyncio.wait([task], timeout=1.0)
            assert task.cancelled(), offset
            assert clock() == begun, offset
            assert len(store.history) == puts, offset
            assert not gate.locked(), offset
            asked += bool(integration.asked)
            recorded += bool(puts)
    assert 0 < recorded < asked < len(OFFSETS), "the sweep missed a part of the cycle"


async def test_a_supervisor_that_is_cancelled_at_any_point_takes_all_its_loops_with_it() -> None:
    phases = set()
    results: list[Canned] = [["m1"], refused, ["m1"]]
    async with quiet_house():
        for offset in OFFSETS:
            manager = IntegrationManager()
            for number, result in enumerate(results):
                manager.add_integration(f"i-{number}", ManySteps(result), POLICY)
            supervisor = Supervisor(
                manager, vitals=Vitals(), max_concurrent=2, **parts(SlowStore())
            )
            task = asyncio.create_task(supervisor.run())
            await steps(offset)
            phases.add(len(asyncio.all_tasks()))
            task.cancel()
            await asyncio.wait([task], timeout=1.0)
            assert task.cancelled(), offset
            assert len(asyncio.all_tasks()) == 1, offset
    assert phases == {2, 3, 4, 5}


async def test_a_cancellation_while_the_integration_raises_one_of_its_own_is_not_lost() -> None:
    """Both come in the same step of the loop: the real one must win."""
    async with quiet_house():
        for offset in range(6):
            integration = CancelsItself()
            poller = Poller(
                Registration("a", integration, POLICY),
                gate=asyncio.Semaphore(1),
                **parts(RecordingStore()),
            )
            task = asyncio.create_task(poller.run())
            await steps(5)
            integration.gone.set()
            await steps(offset)
            task.cancel()
            await asyncio.wait([task], timeout=1.0)
            assert task.cancelled(), offset
