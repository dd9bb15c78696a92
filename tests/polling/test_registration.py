"""Integrations come and go while the service runs; what is gone never comes back by itself."""

import asyncio
from typing import Final

import pytest

from service.core.health import State
from service.core.reading import Policy, Reading
from service.polling.supervisor import ROUND
from tests.fakes import Canned, CannedIntegration, Hang, Slow
from tests.polling.house import (
    House,
    Stubborn,
    Timed,
    clock,
    fake_time,
    refused,
    running,
    until,
    was_asked,
)

pytestmark = fake_time
DISABLED: Final = Policy(enabled=False)


def gauges(house: House, name: str) -> set[str]:
    """Name the metrics that still tell of ``name``, counters left out."""
    return {
        family.name
        for family in house.metrics.registry.collect()
        for sample in family.samples
        if sample.labels.get("integration") == name and family.type == "gauge"
    }


async def test_an_integration_added_while_running_is_asked_within_a_round() -> None:
    late = Timed(["m2"])
    async with running({"a": Timed(["m1"])}) as house:
        await until(100.3)
        house.manager.add_integration("late", late)
        await until(100.3 + ROUND)
        assert late.asked
        assert house.models("late") == ["m2"]
        assert house.models("a") == ["m1"]
        assert [line["integration"] for line in house.events("integration.registered")] == [
            "a",
            "late",
        ]


async def test_an_integration_that_is_added_disturbs_no_other() -> None:
    first = Timed(["m1"])
    async with running({"a": first}) as house:
        for number in range(20):
            house.manager.add_integration(f"late-{number}", Timed(["m2"]))
            await asyncio.sleep(5.0)
    assert all(13.4 <= gap <= 16.6 for gap in first.gaps)


async def test_a_removed_integration_is_gone_within_a_round_and_asked_no_more() -> None:
    gone, stays = Timed(["m1"]), Timed(["m2"])
    async with running({"gone": gone, "stays": stays}) as house:
        await until(100.3)
        assert gauges(house, "gone")
        await house.manager.remove_integration("gone")
        await until(100.3 + ROUND)
        assert list(house.store.current.readings) == ["stays"]
        assert not gauges(house, "gone")
        assert gauges(house, "stays")
        assert [line["integration"] for line in house.events("integration.removed")] == ["gone"]
        asked = len(gone.asked)
        await until(400.0)
        assert len(gone.asked) == asked
        assert list(house.store.current.readings) == ["stays"]
        assert not house.events("task.died")
    assert gone.closed == 1
    assert all(13.4 <= gap <= 16.6 for gap in stays.gaps)


@pytest.mark.parametrize(
    "result", [Slow(3.0, ["late"]), Slow(0.0, ["late"]), Slow(3.0, refused), Hang()]
)
@pytest.mark.parametrize("after", [0.0, 1.0])
async def test_an_answer_on_its_way_at_removal_is_dropped(result: Canned, after: float) -> None:
    integration = Timed(["m1"], result)
    async with running({"a": integration}) as house:
        await was_asked(integration, 2)
        await asyncio.sleep(after)
        await house.manager.remove_integration("a")
        removed = clock()
        await until(removed + 60.0)
        assert "a" not in house.store.current.readings
        assert all(when <= removed for when, _ in house.store.history)
        assert not gauges(house, "a")
        assert not house.events("integration.crashed")


async def test_an_answer_that_no_cancellation_stops_is_dropped_after_removal() -> None:
    stubborn = Stubborn()
    async with running({"a": stubborn}) as house:
        await until(3.0)
        await house.manager.remove_integration("a")
        await until(10.0)
        stubborn.let_go.set()
        await until(30.0)
        assert list(house.store.current.readings) == []
        assert len(stubborn.asked) == 1
        assert not house.vitals.stalled
        assert not gauges(house, "a")


async def test_a_stalled_integration_that_is_removed_takes_its_stall_with_it() -> None:
    stubborn = Stubborn()
    async with running({"a": stubborn}) as house:
        await until(200.0)
        assert house.vitals.stalled
        await house.manager.remove_integration("a")
        await until(202.0)
        assert not house.vitals.stalled
        stubborn.let_go.set()
        await until(300.0)
        assert not house.vitals.stalled


async def test_another_integration_under_the_same_name_inherits_nothing() -> None:
    old, new = Timed(["old"]), Timed(refused)
    async with running({"a": old}) as house:
        await until(100.3)
        await house.manager.remove_integration("a")
        house.manager.add_integration("a", new, Policy(priority=7))
        await until(103.0)
        assert house.models("a") == []
        assert house.state("a") is State.UNKNOWN
        assert house.reading("a").policy.priority == 7
        await until(200.0)
        assert house.state("a") is State.DOWN
        assert not house.events("task.died")
    assert all(when <= 100.3 for when in old.asked)


async def test_a_disabled_integration_is_never_asked_and_shown_as_disabled() -> None:
    off = Timed(["m1"])
    async with running({"off": off, "on": Timed(["m2"])}, policies={"off": DISABLED}) as house:
        await until(200.0)
        assert house.state("off") is State.DISABLED
        assert house.models("off") == []
        assert house.state("on") is State.HEALTHY
        assert not house.events("task.died")
        assert not house.vitals.stalled
    assert off.asked == []


async def test_a_disabled_integration_can_be_removed() -> None:
    async with running({"off": CannedIntegration()}, policies={"off": DISABLED}) as house:
        await until(5.0)
        await house.manager.remove_integration("off")
        await until(7.0)
        assert list(house.store.current.readings) == []
        assert len(house.events("integration.removed")) == 1


async def test_an_integration_that_is_enabled_under_the_name_of_a_disabled_one_is_asked() -> None:
    integration = Timed(["m1"])
    async with running({"a": integration}, policies={"a": DISABLED}) as house:
        await until(5.0)
        await house.manager.remove_integration("a")
        house.manager.add_integration("a", integration)
        await until(6.5)
        assert house.state("a") is State.HEALTHY
        assert house.models("a") == ["m1"]
        await until(60.0)
        assert house.state("a") is State.HEALTHY


async def test_an_integration_that_is_disabled_under_its_own_name_shows_no_models() -> None:
    integration = Timed(["m1"])
    async with running({"a": integration}) as house:
        await until(5.0)
        await house.manager.remove_integration("a")
        house.manager.add_integration("a", integration, DISABLED)
        await until(60.0)
        assert house.state("a") is State.DISABLED
        assert house.models("a") == []
    assert len(integration.asked) == 1


async def test_a_reading_that_nobody_registered_is_dropped() -> None:
    async with running({"a": Timed(["m1"])}) as house:
        await until(5.0)
        await house.store.put(Reading(name="stranger"))
        await until(5.0 + 2 * ROUND)
        assert list(house.store.current.readings) == ["a"]


async def test_a_hundred_comings_and_goings_leave_exactly_who_stayed() -> None:
    async with running({}) as house:
        for number in range(100):
            house.manager.add_integration(f"i-{number}", Timed(Slow(number % 3 * 0.4, ["m1"])))
            if number % 2:
                await house.manager.remove_integration(f"i-{number - 1}")
            await asyncio.sleep(number % 7 * 0.11)
        await asyncio.sleep(5.0)
        stayed = {f"i-{number}" for number in range(1, 100, 2)}
        assert house.store.current.readings.keys() == stayed
        assert all(reading.health.state is State.HEALTHY for reading in house.store.current)
        polling = {t.get_name() for t in asyncio.all_tasks() if t.get_name().startswith("poll:")}
        assert polling == {f"poll:{name}" for name in stayed}
