"""One probe: what comes of an integration that answers, fails, hangs, crashes or is cancelled."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from service.core.model import Model
from service.core.reading import Answer, Failure
from service.core.reasons import Reason
from service.integrations import BadAnswerError, IntegrationError, Refresh, UnreachableError
from service.integrations.probe import probe
from tests.fakes import CannedIntegration, Hang, Slow


class Refreshing(CannedIntegration):
    """Gives what it was made with as the outcome of ``refresh``, whatever that is."""

    def __init__(self, given: Any) -> None:
        super().__init__()
        self.given = given

    async def refresh(self) -> Refresh:
        given: Refresh = self.given
        return given


async def test_models_become_an_answer_with_the_time_that_it_took() -> None:
    outcome = await probe(CannedIntegration(Slow(0.05, ["a", "b"])), deadline=1)
    assert isinstance(outcome, Answer)
    assert [model.id for model in outcome.models] == ["a", "b"]
    assert 0.05 <= outcome.latency < 0.5


async def test_all_that_a_refresh_brings_is_passed_on() -> None:
    brought = Refresh(
        models=(Model(id="a"),), version=" 1.2 ", impaired=Reason.TRUNCATED, dropped=3
    )
    outcome = await probe(Refreshing(brought), deadline=1)
    assert isinstance(outcome, Answer)
    assert replace(outcome, latency=0) == Answer(
        models=(Model(id="a"),),
        latency=0,
        version="1.2",
        impaired=Reason.TRUNCATED,
        dropped=3,
    )


@pytest.mark.parametrize("version", ["", "x" * 65, "1\x1b[0m", "1\u202e2"])
async def test_a_version_that_is_not_fit_to_be_shown_is_dropped(version: str) -> None:
    outcome = await probe(Refreshing(Refresh(models=(), version=version)), deadline=1)
    assert isinstance(outcome, Answer)
    assert outcome.version is None


@pytest.mark.parametrize(
    "error",
    [
        UnreachableError(Reason.DNS),
        BadAnswerError(Reason.RATE_LIMITED, retry_after=7.5),
        IntegrationError(Reason.LOADING),
    ],
)
async def test_an_error_with_a_code_is_a_failure_with_that_code(error: IntegrationError) -> None:
    crashes: list[BaseException] = []
    outcome = await probe(CannedIntegration(error), deadline=1, on_crash=crashes.append)
    assert isinstance(outcome, Failure)
    assert (outcome.reason, outcome.retry_after) == (error.reason, error.retry_after)
    assert crashes == []


async def test_a_hang_ends_with_the_deadline() -> None:
    started = time.monotonic()
    outcome = await probe(CannedIntegration(Hang()), deadline=0.1)
    assert time.monotonic() - started < 0.3
    assert isinstance(outcome, Failure)
    assert outcome.reason is Reason.TIMEOUT
    assert outcome.latency >= 0.1


async def test_a_time_out_of_its_own_is_a_time_out_too() -> None:
    outcome = await probe(CannedIntegration(TimeoutError()), deadline=1)
    assert isinstance(outcome, Failure)
    assert outcome.reason is Reason.TIMEOUT


@pytest.mark.parametrize(
    "error", [ValueError("boom"), RecursionError(), asyncio.CancelledError(), KeyError("k")]
)
async def test_what_nobody_expected_is_reported_and_ends_here(error: BaseException) -> None:
    crashes: list[BaseException] = []
    outcome = await probe(CannedIntegration(error), deadline=1, on_crash=crashes.append)
    assert isinstance(outcome, Failure)
    assert outcome.reason is Reason.INTERNAL
    assert crashes == [error]


@pytest.mark.parametrize("given", [None, [], 7, {"models": []}])
async def test_a_plug_in_that_gives_something_else_has_crashed(given: Any) -> None:
    crashes: list[BaseException] = []
    outcome = await probe(Refreshing(given), deadline=1, on_crash=crashes.append)
    assert isinstance(outcome, Failure)
    assert outcome.reason is Reason.INTERNAL
    assert len(crashes) == 1


@pytest.mark.parametrize("listed", [None, 7, lambda: (_ for _ in ()).throw(OSError())])
async def test_models_that_are_no_list_are_a_crash_as_well(listed: Any) -> None:
    outcome = await probe(CannedIntegration(listed), deadline=1)
    assert isinstance(outcome, Failure)
    assert outcome.reason is Reason.INTERNAL


async def test_nobody_needs_to_listen_for_crashes() -> None:
    outcome = await probe(CannedIntegration(ValueError()), deadline=1)
    assert isinstance(outcome, Failure)


async def test_a_cancellation_within_is_no_cancellation_of_ours() -> None:
    """A task that the integration waits for may be cancelled by something else."""

    async def waits_for_a_cancelled_task() -> None:
        task = asyncio.create_task(asyncio.sleep(10))
        asyncio.get_running_loop().call_soon(task.cancel)
        await task

    class Waiting(CannedIntegration):
        async def refresh(self) -> Refresh:
            await waits_for_a_cancelled_task()
            raise AssertionError("it was cancelled")

    outcome = await probe(Waiting(), deadline=1)
    assert isinstance(outcome, Failure)
    assert outcome.reason is Reason.INTERNAL


async def test_a_real_cancellation_leaves_at_once() -> None:
    crashes: list[BaseException] = []
    task = asyncio.create_task(
        probe(CannedIntegration(Hang()), deadline=10, on_crash=crashes.append)
    )
    await asyncio.sleep(0.01)
    task.cancel()
    started = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - started < 0.1
    assert crashes == []


async def test_a_cancellation_at_any_tick_ends_the_probe() -> None:
    for ticks in range(30):
        task = asyncio.create_task(probe(CannedIntegration(Slow(0, ["a"]), Hang()), deadline=5))
        for _ in range(ticks):
            await asyncio.sleep(0)
        task.cancel()
        async with asyncio.timeout(1):
            (outcome,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(outcome, Answer | asyncio.CancelledError)


async def test_a_dead_service_of_a_simple_plug_in_is_refused() -> None:
    integration = CannedIntegration(["a"])
    integration.reachable = False
    outcome = await probe(integration, deadline=1)
    assert isinstance(outcome, Failure)
    assert outcome.reason is Reason.REFUSED
    assert integration.calls == 0


async def test_a_simple_plug_in_whose_entries_are_all_bad_is_a_bad_body() -> None:
    outcome = await probe(CannedIntegration([{"name": "a"}, {"id": 3}]), deadline=1)
    assert isinstance(outcome, Failure)
    assert outcome.reason is Reason.BAD_BODY


async def test_a_simple_plug_in_may_have_bad_entries_among_good_ones() -> None:
    outcome = await probe(CannedIntegration([{"id": "a"}, {"id": 3}, "a"]), deadline=1)
    assert isinstance(outcome, Answer)
    assert ([model.id for model in outcome.models], outcome.dropped) == (["a"], 2)
