"""Many integrations at once: none waits for another, and none falls for another's fault."""

import asyncio
from collections.abc import Callable
from itertools import cycle, pairwise
from random import Random
from typing import Final

import pytest

from service.core.health import State
from service.core.reading import Policy
from service.core.reasons import Reason
from tests.fakes import Hang, Slow
from tests.polling.house import (
    ON_TIME,
    Meter,
    Timed,
    clock,
    fake_time,
    freeze,
    refused,
    running,
    until,
)

pytestmark = fake_time
SEEDS: Final = [11, 12, 13]


async def test_four_that_misbehave_make_none_of_the_other_forty_six_late() -> None:
    flaps = cycle([["m1"], refused()])
    bad = {
        "hangs": Timed(["m1"], Hang()),
        "crashes": Timed(["m1"], lambda: ValueError("no such thing as a canary")),
        "cancels": Timed(["m1"], asyncio.CancelledError),
        "flaps": Timed(lambda: next(flaps)),
    }
    good = {f"good-{number}": Timed(["m1"]) for number in range(46)}
    async with running({**bad, **good}) as house:
        await until(600.0)
        assert all(house.state(name) is State.HEALTHY for name in good)
        assert house.state("hangs") is State.DOWN
        assert house.reading("crashes").health.reason is Reason.INTERNAL
        assert house.reading("cancels").health.reason is Reason.INTERNAL
        assert house.state("flaps") is State.HEALTHY
        assert all(house.models(name) == ["m1"] for name in [*bad, *good])
        assert not house.events("task.died")
        assert not house.vitals.stalled
    for name, integration in good.items():
        assert integration.asked[0] == 0.0, name
        assert len(integration.asked) >= 36, name
        assert all(13.5 - ON_TIME <= gap <= 16.5 + ON_TIME for gap in integration.gaps), name
    assert all(len(integration.asked) > 20 for integration in bad.values())


async def test_no_more_are_asked_at_once_than_allowed_and_all_get_their_turn() -> None:
    meter = Meter()
    integrations = {f"i-{n}": Timed(Slow(1.0, ["m1"]), meter=meter) for n in range(50)}
    async with running(integrations, max_concurrent=8):
        await until(6.9)
        assert all(integration.asked for integration in integrations.values())
        await until(300.0)
    assert meter.most == 8
    assert min(len(integration.asked) for integration in integrations.values()) >= 15


async def test_whoever_was_due_first_is_asked_first() -> None:
    order: list[str] = []

    def noted(name: str) -> Callable[[], Slow]:
        def asked() -> Slow:
            order.append(name)
            return Slow(1.0, ["m1"])

        return asked

    integrations = {f"i-{n}": Timed(noted(f"i-{n}")) for n in range(10)}
    async with running(integrations, max_concurrent=1):
        await until(9.5)
    assert order == list(integrations)


async def test_waiting_for_a_turn_is_not_being_stuck() -> None:
    """Forty dead upstreams and few turns: the queue is far longer than any one is ever overdue."""
    policy = Policy(interval=5.0, backoff_cap=5.0)
    integrations = {f"i-{n}": Timed(Hang()) for n in range(40)}
    async with running(integrations, policy=policy, max_concurrent=2) as house:
        await until(900.0)
        assert not house.events("task.died")
        assert not house.vitals.stalled
    assert all(len(integration.asked) >= 6 for integration in integrations.values())


@pytest.mark.parametrize("offset", [7.0 + step * 0.07 for step in range(15)])
async def test_a_pause_of_the_whole_process_brings_no_burst_and_no_blame(offset: float) -> None:
    """Fifty integrations, some in the middle of an answer, and nothing runs for a minute."""
    policy = Policy(interval=5.0)
    integrations = {f"i-{n}": Timed(Slow(n % 5 * 0.5, ["m1"])) for n in range(50)}
    async with running(
        integrations, policy=policy, rng=Random(3), max_concurrent=50, watch_lag=True
    ) as house:
        await until(offset)
        transitions = len(house.events("integration.status_changed"))
        before = {name: len(integration.asked) for name, integration in integrations.items()}
        freeze(60.0)
        resumed = clock()
        await until(resumed + 4.0)
        for name, integration in integrations.items():
            caught_up = integration.asked[before[name] :]
            assert len(caught_up) <= 2, name
            assert all(later - sooner > 1.7 for sooner, later in pairwise(caught_up)), name
        await until(resumed + 20.0)
        assert not house.events("task.died")
        assert not house.vitals.stalled
        assert len(house.events("integration.status_changed")) == transitions
        assert all(reading.health.fail_streak == 0 for reading in house.store.current)


@pytest.mark.parametrize("seed", SEEDS)
async def test_after_a_pause_the_loops_drift_apart_again(seed: int) -> None:
    integrations = {f"i-{n}": Timed(["m1"]) for n in range(50)}
    async with running(integrations, rng=Random(seed), watch_lag=True):
        await until(20.0)
        freeze(60.0)
        await until(400.0)
        seconds = [int(when) for i in integrations.values() for when in i.asked if when >= 340.0]
    assert max(map(seconds.count, seconds)) <= 15
