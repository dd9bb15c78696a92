"""A background task is owned: its death is heard, its normal end is not, and nothing is lost."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from structlog.testing import capture_logs

from service.observability.metrics import Metrics
from service.observability.telemetry import Telemetry
from service.polling import supervised
from service.vitals import Vitals
from tests.polling.house import clock, fake_time, until, watchful_loop

pytestmark = fake_time
Work = Callable[[], Coroutine[Any, Any, None]]


class Deaths(list[tuple[str, BaseException | None]]):
    """Notes who died of what."""

    def __call__(self, task: str, error: BaseException | None) -> None:
        self.append((task, error))


async def works_for_ever() -> None:
    await asyncio.Event().wait()


async def returns() -> None:
    await asyncio.sleep(1.0)


async def raises() -> None:
    await asyncio.sleep(1.0)
    raise ValueError("canary")


async def cancels_itself() -> None:
    await asyncio.sleep(1.0)
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("work", "cause"), [(raises, ValueError), (returns, None), (cancels_itself, None)]
)
async def test_a_task_that_ends_of_itself_is_heard_whatever_it_ended_of(
    work: Work, cause: type[Exception] | None
) -> None:
    deaths = Deaths()
    async with watchful_loop(), supervised(work(), name="worker", on_death=deaths):
        await until(0.9)
        assert deaths == []
        await until(1.1)
        assert [(task, error and type(error)) for task, error in deaths] == [("worker", cause)]
    assert len(deaths) == 1


async def test_a_death_is_logged_as_critical_counted_and_seen_by_the_probes() -> None:
    vitals, metrics = Vitals(), Metrics(version="0")
    telemetry = Telemetry(metrics)

    def died(task: str, error: BaseException | None) -> None:
        telemetry.died(task, error)
        vitals.stall(task, mono=clock())

    with capture_logs() as logs:
        async with watchful_loop(), supervised(raises(), name="publisher", on_death=died):
            await until(2.0)
            assert vitals.stalled
            assert vitals.alive(mono=clock())
            assert not vitals.alive(mono=clock() + 60.0)
    assert [(line["event"], line["log_level"], line["task"]) for line in logs] == [
        ("task.died", "critical", "publisher")
    ]
    counted = metrics.registry.get_sample_value("rollcall_task_deaths_total", {"task": "publisher"})
    assert counted == 1


async def test_a_normal_stop_is_no_death() -> None:
    deaths = Deaths()
    async with (
        watchful_loop(),
        supervised(works_for_ever(), name="worker", on_death=deaths) as task,
    ):
        await until(10.0)
        assert task.get_name() == "worker"
    assert task.cancelled()
    assert deaths == []


async def test_a_task_has_ended_when_the_context_is_left() -> None:
    ended: list[float] = []

    async def tidies_up() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(3.0)
            ended.append(clock())

    async with watchful_loop(), supervised(tidies_up(), name="worker", on_death=Deaths()):
        await until(1.0)
    assert ended == [4.0]


async def test_an_exception_at_the_stop_hides_nothing_and_hurts_nobody() -> None:
    deaths = Deaths()

    async def fails_at_the_end() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("canary")

    async with watchful_loop(), supervised(fails_at_the_end(), name="worker", on_death=deaths):
        await until(1.0)
    assert deaths == []


async def test_the_body_s_own_exception_comes_through_and_the_task_is_stopped() -> None:
    deaths = Deaths()
    tasks = []

    async def body() -> None:
        async with supervised(works_for_ever(), name="worker", on_death=deaths) as task:
            tasks.append(task)
            await until(1.0)
            raise KeyError

    async with watchful_loop():
        with pytest.raises(KeyError):
            await body()
        assert [task.cancelled() for task in tasks] == [True]
    assert deaths == []


async def test_the_death_of_one_task_ends_no_other() -> None:
    deaths = Deaths()
    async with (
        watchful_loop(),
        supervised(raises(), name="dies", on_death=deaths),
        supervised(works_for_ever(), name="lives", on_death=deaths) as lives,
    ):
        await until(10.0)
        assert not lives.done()
    assert [task for task, _ in deaths] == ["dies"]


async def test_a_stop_that_takes_too_long_can_itself_be_cancelled() -> None:
    """A cancellation of whoever stops must not be swallowed with the worker's own."""
    release = asyncio.Event()

    async def will_not_end() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    async def body() -> None:
        async with (
            asyncio.timeout(5.0),
            supervised(will_not_end(), name="worker", on_death=Deaths()),
        ):
            await until(1.0)

    async with watchful_loop():
        with pytest.raises(TimeoutError):
            await body()
        assert clock() == 5.0
        release.set()
        await asyncio.sleep(0.1)
