"""What is said of integrations: one line for each change, none for each poll."""

import asyncio
from collections import Counter
from itertools import cycle
from random import Random
from typing import Any, Final

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from service.core.health import State, Thresholds
from service.core.model import Model
from service.core.moment import Moment
from service.core.reading import Answer, Failure, Outcome, Policy, Reading, advance
from service.core.reasons import Reason
from service.observability.metrics import Metrics
from service.observability.telemetry import Telemetry
from tests.fakes import Hang
from tests.polling.house import (
    Timed,
    fake_time,
    freeze,
    refused,
    replica,
    running,
    said,
    until,
    was_asked,
)

DAY: Final = 86400.0
LOUD: Final = {"info", "warning", "error", "critical"}


def loud(logs: list[EventDict]) -> list[EventDict]:
    return [line for line in logs if line["log_level"] in LOUD]


def grave(logs: list[EventDict]) -> list[EventDict]:
    return [line for line in logs if line["log_level"] in LOUD - {"info"}]


async def a_day_of(
    integration: Timed, policy: Policy | None = None, *, seconds: float = DAY
) -> list[EventDict]:
    with capture_logs() as logs:
        loop = replica(integration, policy=policy or Policy(), rng=Random(1))
        await until(seconds)
        loop.cancel()
    return logs


@fake_time
async def test_a_day_of_good_answers_is_one_line() -> None:
    integration = Timed(["m1"])
    logs = await a_day_of(integration)
    assert len(integration.asked) > 5000
    (line,) = loud(logs)
    assert line == {
        "event": "integration.status_changed",
        "log_level": "info",
        "integration": "a",
        "was": "unknown",
        "now": "healthy",
        "reason": None,
        "models": 1,
    }


@fake_time
async def test_a_day_of_an_outage_is_a_line_when_it_begins_and_then_every_tenth_failure() -> None:
    integration = Timed(["m1"], refused)
    logs = await a_day_of(integration)
    changes = [line for line in loud(logs) if line["event"] == "integration.status_changed"]
    again = [line for line in loud(logs) if line["event"] == "integration.still_failing"]
    assert [(line["was"], line["now"], line["log_level"]) for line in changes] == [
        ("unknown", "healthy", "info"),
        ("healthy", "unhealthy", "warning"),
    ]
    assert changes[1]["reason"] == "refused"
    assert changes[1]["models"] == 1
    failures = len(integration.asked) - 1
    assert [line["failures"] for line in again] == list(range(10, failures + 1, 10))
    assert {line["log_level"] for line in again} == {"warning"}
    assert len(loud(logs)) == len(changes) + len(again)


@fake_time
async def test_a_day_of_an_optional_integration_that_is_away_warns_of_nothing() -> None:
    logs = await a_day_of(Timed(["m1"], refused), Policy(optional=True))
    assert not grave(logs)
    assert [line["now"] for line in loud(logs)] == ["healthy", "unhealthy"]


@fake_time
async def test_a_day_of_flapping_is_no_line_for_each_flap() -> None:
    answers = cycle([["m1"], refused()])
    logs = await a_day_of(Timed(lambda: next(answers)))
    assert len(loud(logs)) == 1


@fake_time
@pytest.mark.parametrize(
    ("reason", "state"),
    [
        (Reason.UNAUTHORIZED, State.MISCONFIGURED),
        (Reason.RATE_LIMITED, State.RATE_LIMITED),
        (Reason.LOADING, State.LOADING),
    ],
)
async def test_hours_in_a_state_that_counts_no_failures_are_a_line_when_they_begin(
    reason: Reason, state: State
) -> None:
    logs = await a_day_of(Timed(["m1"], said(reason)), seconds=DAY / 8)
    assert [line["now"] for line in loud(logs)] == ["healthy", str(state)]


@fake_time
async def test_a_day_of_a_bug_in_an_integration_is_told_at_once_then_every_tenth_time() -> None:
    """It is ours to mend, so it is an error; but not thousands of them."""
    integration = Timed(["m1"], lambda: ZeroDivisionError("canary"))
    logs = await a_day_of(integration)
    crashes = [line for line in loud(logs) if line["event"] == "integration.crashed"]
    assert crashes[0]["log_level"] == "error"
    assert isinstance(crashes[0]["exc_info"], ZeroDivisionError)
    times = len(integration.asked) - 1
    assert times > 1000
    assert len(crashes) == (times + 9) // 10
    assert len(loud(logs)) <= 2 * times / 10 + 3


@fake_time
async def test_a_day_of_a_bug_at_every_second_poll_is_told_every_tenth_time_too() -> None:
    answers = cycle([["m1"], ZeroDivisionError()])
    integration = Timed(lambda: next(answers))
    logs = await a_day_of(integration)
    crashes = len(integration.asked) // 2
    assert crashes > 2000
    assert len(loud(logs)) <= crashes / 10 + 2


@fake_time
async def test_a_bug_that_was_gone_and_comes_back_is_told_at_once() -> None:
    results: list[Any] = [ZeroDivisionError, *[["m1"]] * 3, ZeroDivisionError, ["m1"]]
    with capture_logs() as logs:
        loop = replica(Timed(*results), policy=Policy(), rng=Random(1))
        await until(120.0)
        loop.cancel()
    assert len([line for line in loud(logs) if line["event"] == "integration.crashed"]) == 2


@fake_time
async def test_an_outage_and_its_end_are_told_step_by_step() -> None:
    integration = Timed(["m1"], *[refused] * 5, ["m1"])
    with capture_logs() as logs:
        loop = replica(integration, policy=Policy(), rng=Random(1))
        await until(300.0)
        loop.cancel()
    changes = [line for line in loud(logs) if line["event"] == "integration.status_changed"]
    assert [(line["was"], line["now"], line["log_level"]) for line in changes] == [
        ("unknown", "healthy", "info"),
        ("healthy", "unhealthy", "warning"),
        ("unhealthy", "recovering", "info"),
        ("recovering", "healthy", "info"),
    ]
    assert len(loud(logs)) == 4


@fake_time
async def test_every_poll_is_told_to_whoever_debugs() -> None:
    integration = Timed(["m1"], refused, ["m1"])
    with capture_logs() as logs:
        loop = replica(integration, policy=Policy(), rng=Random(1))
        await until(300.0)
        loop.cancel()
    told = Counter(line["event"] for line in logs)
    assert told == {
        "integration.status_changed": 1,
        "integration.still_failing": 1,
        "integration.polled": len(integration.asked) - 2,
    }


@fake_time
async def test_a_failure_that_was_let_go_is_told_to_whoever_debugs_only() -> None:
    integration = Timed(["m1"], Hang())
    async with running({"a": integration}, watch_lag=True) as house:
        await was_asked(integration, 2)
        freeze(5.0)
        await asyncio.sleep(1.0)
        assert [line["log_level"] for line in house.events("poll.discarded")] == ["debug"]
        assert len(loud(house.logs)) == 2


@fake_time
async def test_a_bug_of_another_integration_under_the_same_name_is_told_at_once() -> None:
    async with running({"a": Timed(ZeroDivisionError)}) as house:
        await until(1.0)
        await house.manager.remove_integration("a")
        house.manager.add_integration("a", Timed(KeyError))
        await until(1.5)
        crashes = [line for line in loud(house.logs) if line["event"] == "integration.crashed"]
        assert [type(line["exc_info"]) for line in crashes] == [ZeroDivisionError, KeyError]


@fake_time
async def test_who_comes_and_goes_is_told_once_each() -> None:
    async with running({"a": Timed(["m1"])}) as house:
        await until(30.0)
        await house.manager.remove_integration("a")
        await until(60.0)
        told = [line["event"] for line in loud(house.logs)]
    assert told == [
        "integration.registered",
        "integration.status_changed",
        "integration.removed",
    ]


@fake_time
async def test_nothing_that_is_said_holds_the_text_of_an_exception_but_the_exception_itself() -> (
    None
):
    canary = "sk-canary-1"
    with capture_logs() as logs:
        loop = replica(Timed(lambda: ValueError(canary)), policy=Policy(), rng=Random(1))
        await until(300.0)
        loop.cancel()
    assert logs
    for line in logs:
        line.pop("exc_info", None)
        assert canary not in repr(line)


def test_an_optional_integration_is_told_of_without_a_warning_in_any_state() -> None:
    telemetry = Telemetry(Metrics(version="0"))
    policy = Policy(optional=True, thresholds=Thresholds(fall=1, rise=1))
    answer = Answer(models=[Model(id="m1")], latency=0.1)
    with capture_logs() as logs:
        reading = Reading(name="a", policy=policy)
        for number, reason in enumerate([*Reason, *Reason]):
            outcome: Outcome = Failure(reason=reason) if number % 3 else answer
            after = advance(reading, outcome, now=Moment(float(number), float(number)))
            telemetry.polled(reading, after, outcome)
            reading = after
    assert logs
    assert not grave(logs)
