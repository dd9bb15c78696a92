"""Loops that die or get stuck are replaced, a few times; what is beyond that is told."""

import asyncio

import pytest

from service.core.health import State
from service.core.reading import Policy
from tests.fakes import Hang
from tests.polling.house import (
    House,
    Stubborn,
    Timed,
    clock,
    fake_time,
    freeze,
    loop_of,
    running,
    until,
    was_asked,
)

pytestmark = fake_time
POLICY = Policy()
STUCK = POLICY.deadline + 2 * POLICY.interval
"""Seconds after which a loop that brings nothing is taken for stuck."""


def deaths(house: House) -> list[str]:
    return [line["task"] for line in house.events("task.died")]


async def test_a_probe_that_ignores_its_deadline_is_replaced_three_times_then_told_of() -> None:
    stubborn, other = Stubborn(), Timed(["m1"])
    async with running({"a": stubborn, "b": other}) as house:
        await until(STUCK - 0.1)
        assert len(stubborn.asked) == 1
        for replaced in (1, 2, 3):
            await until(replaced * (STUCK + 2.0))
            assert deaths(house) == ["poll:a"] * replaced
            assert len(stubborn.asked) == replaced + 1
            assert not house.vitals.stalled
        await until(4 * (STUCK + 2.0))
        assert house.vitals.stalled
        assert house.vitals.alive(mono=clock())
        assert len(stubborn.asked) == 4
        await asyncio.sleep(60.0)
        assert not house.vitals.alive(mono=clock())
        assert len(stubborn.asked) == 4
        stubborn.let_go.set()
    assert all(13.4 <= gap <= 16.6 for gap in other.gaps)


async def test_a_stall_ends_when_progress_comes_back() -> None:
    stubborn = Stubborn()
    async with running({"a": stubborn}) as house:
        await until(200.0)
        assert house.vitals.stalled
        assert house.state("a") is State.UNKNOWN
        stubborn.let_go.set()
        await until(203.0)
        assert not house.vitals.stalled
        assert house.state("a") is State.HEALTHY
        await until(600.0)
        assert not house.vitals.stalled
        assert deaths(house) == ["poll:a"] * 3


async def test_what_a_replaced_loop_still_brings_comes_too_late() -> None:
    """Four asks end at the same moment; only the last of them was made by the loop that counts."""
    stubborn = Stubborn()
    async with running({"a": stubborn}) as house:
        await until(200.0)
        assert len(stubborn.asked) == 4
        stubborn.let_go.set()
        await until(201.0)
        assert house.models("a") == ["of-ask-4"]
        assert house.reading("a").probes == 1
        assert stubborn.meter.open == 0
        assert len([t for t in asyncio.all_tasks() if t.get_name() == "poll:a"]) == 1


async def test_replacing_begins_anew_after_five_minutes() -> None:
    stubborn = Stubborn()
    async with running({"a": stubborn}) as house:
        await until(330.0)
        assert len(deaths(house)) == 3
        await until(345.0)
        assert len(deaths(house)) == 4
        stubborn.let_go.set()


async def test_loops_that_stay_stuck_take_nobody_else_s_turn() -> None:
    """Were a turn lost with every loop that is replaced, all turns would be gone in an hour."""
    stubborn, other = Stubborn(), Timed(["m1"])
    async with running({"a": stubborn, "b": other}, max_concurrent=3) as house:
        await until(3600.0)
        assert len(deaths(house)) > 20
        assert set(deaths(house)) == {"poll:a"}
        stubborn.let_go.set()
    assert all(13.4 <= gap <= 16.6 for gap in other.gaps)
    assert other.asked[-1] > 3580.0


async def test_a_turn_that_was_taken_back_is_not_given_back_twice() -> None:
    stubborn = Stubborn()
    meter = stubborn.meter
    others = {f"i-{n}": Timed(Hang(), meter=meter) for n in range(10)}
    policies = {name: Policy(interval=1.0, backoff_cap=1.0) for name in others}
    async with running({"a": stubborn, **others}, policies=policies, max_concurrent=3):
        await was_asked(stubborn, 2)
        stubborn.let_go.set()
        await asyncio.sleep(1.0)
        meter.most = 0
        await asyncio.sleep(120.0)
    assert meter.most == 3


async def test_a_poll_task_that_is_killed_is_replaced_within_a_round() -> None:
    integration = Timed(["m1"])
    async with running({"a": integration}) as house:
        await until(20.3)
        loop_of("a").cancel()
        asked = len(integration.asked)
        await until(21.4)
        assert deaths(house) == ["poll:a"]
        assert len(integration.asked) == asked + 1
        assert house.state("a") is State.HEALTHY
        assert not house.vitals.stalled


async def test_a_probe_that_was_killed_with_its_task_counts_for_nothing() -> None:
    integration = Timed(["m1"], Hang(), ["m2"])
    async with running({"a": integration}) as house:
        await until(18.0)
        assert integration.meter.open == 1
        loop_of("a").cancel()
        await until(19.9)
        assert house.reading("a").health.fail_streak == 0
        assert house.models("a") == ["m2"]


async def test_a_loop_with_a_bug_is_replaced_told_of_and_does_not_spin() -> None:
    integration, other = Timed(["m1"]), Timed(["m2"])
    async with running({"a": integration, "b": other}) as house:
        await until(1.5)
        house.store.refuses.add("a")
        await until(120.0)
        assert deaths(house) == ["poll:a"] * 3
        assert {line["exc_info"].__class__ for line in house.events("task.died")} == {RuntimeError}
        assert house.vitals.stalled
        assert len(integration.asked) <= 6
        house.store.refuses.clear()
        await until(330.0)
        assert not house.vitals.stalled
        assert house.state("a") is State.HEALTHY
        assert house.reading("a").last_ok is not None
    assert all(13.4 <= gap <= 16.6 for gap in other.gaps)


async def test_the_exception_of_a_loop_that_fails_while_it_is_let_go_is_not_left_lying(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The house itself fails a test in which an exception was never retrieved."""

    async def breaks_off(_: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise RuntimeError("the store has a bug")

    integration = Timed(["m1"])
    async with running({"a": integration}) as house:
        await until(1.5)
        monkeypatch.setattr(house.store, "put", breaks_off)
        await was_asked(integration, 2)
        await house.manager.remove_integration("a")
        await asyncio.sleep(2.0)
        assert list(house.store.current.readings) == []


@pytest.mark.parametrize("answers_after", [0.1, 1.9, 30.0])
async def test_a_stop_waits_for_no_stubborn_probe_and_records_nothing_of_it(
    answers_after: float,
) -> None:
    stubborn = Stubborn()
    async with running({"a": stubborn, "b": Timed(["m1"])}) as house:
        await until(100.0)
        assert len(stubborn.asked) == 3
        assert house.supervisor is not None
        house.stopping = True
        house.supervisor.cancel()
        asyncio.get_running_loop().call_later(answers_after, stubborn.let_go.set)
        await asyncio.wait([house.supervisor], timeout=60.0)
        assert house.supervisor.done()
        assert clock() - 100.0 <= min(answers_after + 0.1, 5.0)
        await until(140.0)
        assert house.reading("a").probes == 0
        assert len(stubborn.asked) == 3


@pytest.mark.parametrize("pause", [3.0, 60.0, 3600.0, 86400.0])
async def test_a_pause_however_long_is_no_reason_to_replace_anything(pause: float) -> None:
    integrations = {f"i-{n}": Timed(["m1"]) for n in range(20)}
    policy = Policy(interval=1.0, deadline=0.5)
    async with running(integrations, policy=policy, watch_lag=True) as house:
        for offset in (10.0, 10.02, 10.51, 10.97):
            await until(offset + clock() // 10 * 10)
            freeze(pause)
        await asyncio.sleep(10.0)
        assert not deaths(house)
        assert not house.vitals.stalled
