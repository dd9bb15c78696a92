"""A failure that came about while we were late ourselves proves nothing."""

import asyncio
from itertools import pairwise

import pytest

from service.core.health import State
from service.core.reading import Policy
from service.polling import LagMonitor, supervised
from service.polling.lag import TICK
from tests.fakes import Canned, Hang, Slow
from tests.polling.house import (
    Timed,
    fake_time,
    freeze,
    refused,
    running,
    until,
    was_asked,
    with_lag,
)

pytestmark = fake_time


async def measured(monitor: LagMonitor, *freezes: tuple[float, float]) -> None:
    """Run ``monitor`` for ten seconds with the process frozen at some moments for some seconds."""

    def died(task: str, error: BaseException | None) -> None:
        raise AssertionError(task)

    async with supervised(monitor.run(), name="lag-monitor", on_death=died):
        for when, seconds in freezes:
            await until(when)
            freeze(seconds)
        await until(10.0)


async def test_a_loop_that_is_on_time_shows_no_lag() -> None:
    monitor = LagMonitor()
    await measured(monitor)
    assert monitor.worst_since(0.0) == 0.0


async def test_the_worst_lag_of_a_span_is_told() -> None:
    monitor = LagMonitor()
    await measured(monitor, (1.0, 0.5), (3.0, 2.0), (7.0, 1.0))
    assert monitor.worst_since(0.0) == pytest.approx(2.0, abs=TICK)
    assert monitor.worst_since(6.0) == pytest.approx(1.0, abs=TICK)
    assert monitor.worst_since(8.5) == 0.0


async def test_a_lag_that_began_before_a_span_and_reached_into_it_counts() -> None:
    monitor = LagMonitor()
    await measured(monitor, (3.0, 2.0))
    assert monitor.worst_since(4.9) == pytest.approx(2.0, abs=TICK)
    assert monitor.worst_since(5.1) == 0.0


async def test_a_lag_that_is_going_on_is_seen_before_the_monitor_itself_wakes() -> None:
    monitor = LagMonitor()
    await measured(monitor, (1.0, 0.0))
    seen: list[float] = []

    def died(task: str, error: BaseException | None) -> None:
        raise AssertionError(task)

    async with supervised(monitor.run(), name="lag-monitor", on_death=died):
        await until(15.05)
        freeze(3.0)
        seen.append(monitor.worst_since(15.0))
    assert seen == [pytest.approx(3.0, abs=TICK)]


async def test_a_monitor_that_was_stopped_blames_nobody_for_ever() -> None:
    monitor = LagMonitor()
    await measured(monitor)
    await until(100.0)
    assert monitor.worst_since(0.0) == 0.0


async def test_lag_is_forgotten_after_a_while() -> None:
    monitor = LagMonitor()
    for second in range(10_000):
        monitor.note(1.0, mono=float(second))
    assert monitor.worst_since(0.0) == 1.0
    assert len(monitor._late) <= 61


async def test_a_failure_while_the_loop_was_late_is_not_counted_and_soon_asked_after() -> None:
    """Every answer would have come in time, had anybody been there to read it."""
    integration = Timed(["m1"], Slow(5.5, ["late"]), ["m2"])
    async with running({"a": integration}, watch_lag=True) as house:
        await was_asked(integration, 2)
        freeze(5.2)
        await asyncio.sleep(1.0)
        assert len(house.events("poll.discarded")) == 1
        assert house.reading("a").health.fail_streak == 0
        assert house.reading("a").probes == 1
        await asyncio.sleep(2.0)
        assert house.models("a") == ["m2"]
    assert integration.gaps[1] == pytest.approx(5.2 + 2.0, abs=0.1)


async def test_a_success_counts_however_late_the_loop_was() -> None:
    integration = Timed(["m1"], Slow(1.0, ["m2"]))
    async with running({"a": integration}, watch_lag=True) as house:
        await was_asked(integration, 2)
        freeze(3.0)
        await asyncio.sleep(1.0)
        assert house.models("a") == ["m2"]
        assert not house.events("poll.discarded")


async def test_at_the_most_three_failures_in_a_row_are_let_go() -> None:
    """A process that is always late must still notice an upstream that is gone."""
    integration = Timed(["m1"], Hang())
    async with running({"a": integration}, watch_lag=True) as house:
        await with_lag(1.5, lambda: house.state("a") is State.DOWN)
        discarded = [line["event"] == "poll.discarded" for line in house.logs[2:]]
        assert discarded[:8] == [True, True, True, False, True, True, True, False]
    assert all(gap >= 1.8 for gap in integration.gaps)


async def test_an_answer_in_between_lets_three_more_go() -> None:
    results: list[Canned] = [["m1"], Hang(), Hang(), ["m1"], Hang(), Hang(), Hang(), ["m1"]]
    integration = Timed(*results)
    async with running({"a": integration}, watch_lag=True) as house:
        await with_lag(1.5, lambda: len(integration.asked) == len(results))
        await asyncio.sleep(1.0)
        assert len(house.events("poll.discarded")) == 5
        assert {r.health.fail_streak for _, r in house.store.history} == {0}


async def test_a_loop_that_is_a_little_late_excuses_nothing() -> None:
    integration = Timed(["m1"], refused)
    async with running({"a": integration}, watch_lag=True) as house:
        await with_lag(0.2, lambda: house.state("a") is State.DOWN)
        assert not house.events("poll.discarded")


async def test_a_lag_before_the_ask_excuses_nothing() -> None:
    integration = Timed(["m1"], Slow(2.0, refused))
    async with running({"a": integration}, watch_lag=True) as house:
        await until(10.0)
        freeze(3.0)
        await until(60.0)
        assert not house.events("poll.discarded")
        assert house.state("a") is State.DOWN


async def test_how_much_lag_is_too_much_follows_the_deadline() -> None:
    """A quarter of the deadline: 3 s of 20 s excuse nothing, 6 s do."""
    integration = Timed(["m1"], Hang())
    async with running({"a": integration}, policy=Policy(deadline=20.0), watch_lag=True) as house:
        await was_asked(integration, 2)
        freeze(3.0)
        await until(integration.asked[1] + 21.0)
        assert not house.events("poll.discarded")
        assert house.reading("a").health.fail_streak == 1
        await was_asked(integration, 3)
        freeze(6.0)
        await until(integration.asked[2] + 21.0)
        assert len(house.events("poll.discarded")) == 1
        assert house.reading("a").health.fail_streak == 1


async def test_a_paused_process_blames_no_upstream_for_the_pause() -> None:
    """Fifty probes are on their way when the process is stopped, five times."""
    integrations = {f"i-{n}": Timed(Slow(2.0, ["m1"])) for n in range(50)}
    async with running(integrations, max_concurrent=50, watch_lag=True) as house:
        for _ in range(5):
            await asyncio.sleep(30.0)
            freeze(60.0)
        await asyncio.sleep(30.0)
        assert not house.events("task.died")
        fails = [r.health.fail_streak for _, r in house.store.history]
        assert max(fails) == 0
    for integration in integrations.values():
        assert all(later - sooner > 1.8 for sooner, later in pairwise(integration.asked))
