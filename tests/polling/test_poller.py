"""When one integration is asked, and how soon its reading tells what came of it."""

import asyncio
import math
from itertools import cycle
from random import Random
from typing import Final

import pytest

from service.core.health import State, Thresholds
from service.core.reading import Policy
from service.core.reasons import Reason
from service.core.schedule import Uniform
from service.integrations.errors import BadAnswerError
from tests.fakes import Canned, Hang, Slow
from tests.polling.house import (
    ON_TIME,
    Highest,
    Timed,
    fake_time,
    freeze,
    refused,
    running,
    said,
    until,
)

pytestmark = fake_time
POLICY: Final = Policy()
DRAWS: Final = [Random(1), Random(2), Highest()]


async def test_an_integration_is_asked_at_once() -> None:
    integration = Timed(["m1"])
    async with running({"a": integration}) as house:
        await until(0.01)
        assert integration.asked == [0.0]
        assert house.models("a") == ["m1"]
        assert house.became("a", State.HEALTHY) == 0.0


async def test_before_its_first_answer_an_integration_is_there_and_unknown() -> None:
    async with running({"a": Timed(Slow(3.0, ["m1"]))}) as house:
        await until(2.9)
        assert house.state("a") is State.UNKNOWN
        assert house.reading("a").type == "canned"
        await until(3.1)
        assert house.state("a") is State.HEALTHY


async def test_a_well_integration_is_asked_every_interval_give_or_take_a_tenth() -> None:
    integration = Timed(["m1"])
    async with running({"a": integration}):
        await until(1800.0)
    assert all(13.5 - ON_TIME <= gap <= 16.5 + ON_TIME for gap in integration.gaps)
    assert min(integration.gaps) < 14.0
    assert max(integration.gaps) > 16.0


@pytest.mark.parametrize("rng", DRAWS)
async def test_a_first_failure_is_followed_by_quick_asks_until_it_is_down(rng: Uniform) -> None:
    integration = Timed(["m1"], ["m1"], refused)
    async with running({"a": integration}, rng=rng) as house:
        await until(60.0)
        first_failing = integration.asked[2]
        assert house.became("a", State.DOWN) == pytest.approx(integration.asked[4])
        assert house.became("a", State.DOWN) - first_failing <= 6.0
    assert all(1.8 - ON_TIME <= gap <= 2.2 + ON_TIME for gap in integration.gaps[2:4])


async def test_one_lost_answer_flips_nothing_and_is_asked_after_quickly() -> None:
    integration = Timed(["m1"], refused, ["m1"])
    async with running({"a": integration}) as house:
        await until(120.0)
        assert {reading.health.state for _, reading in house.store.history} == {
            State.UNKNOWN,
            State.HEALTHY,
        }
    assert integration.gaps[1] <= 2.2 + ON_TIME
    assert integration.gaps[2] >= 13.5 - ON_TIME


@pytest.mark.parametrize("rng", DRAWS)
@pytest.mark.parametrize("fall", [1, 3, 5])
async def test_an_integration_that_hangs_is_down_within_the_promised_time(
    rng: Uniform, fall: int
) -> None:
    integration = Timed(["m1"], Hang())
    policy = Policy(thresholds=Thresholds(fall=fall))
    async with running({"a": integration}, policy=policy, rng=rng) as house:
        await until(120.0)
        took = house.became("a", State.DOWN) - integration.asked[1]
        assert took <= fall * (2.0 + policy.deadline)
        assert house.reading("a").health.reason is Reason.TIMEOUT


async def test_the_models_of_an_integration_that_is_down_are_kept_with_their_age() -> None:
    integration = Timed(["m1", "m2"], refused)
    async with running({"a": integration}) as house:
        await until(600.0)
        assert house.state("a") is State.DOWN
        assert house.models("a") == ["m1", "m2"]
        last_ok = house.reading("a").last_ok
        assert last_ok is not None
        assert last_ok.mono == 0.0


async def test_an_integration_that_never_answered_is_down_after_as_many_failures() -> None:
    integration = Timed(refused)
    async with running({"a": integration}, rng=Highest()) as house:
        await until(6.0)
        assert house.state("a") is State.DOWN
        assert house.models("a") == []


@pytest.mark.parametrize("cap", [30.0, 300.0])
async def test_an_integration_that_is_down_is_left_alone_more_and_more_up_to_a_cap(
    cap: float,
) -> None:
    integration = Timed(refused)
    async with running({"a": integration}, policy=Policy(backoff_cap=cap)) as house:
        await until(7200.0)
        down = sum(1 for when in integration.asked if when <= house.became("a", State.DOWN))
    gaps = integration.gaps[down - 1 :]
    assert all(1.0 - ON_TIME <= gap <= cap + ON_TIME for gap in gaps)
    assert sum(gaps[:3]) <= 2.0 + 4.0 + 8.0 + ON_TIME
    late = gaps[10:]
    assert 0.3 * cap <= sum(late) / len(late) <= 0.7 * cap
    assert max(late) > 0.7 * cap


@pytest.mark.parametrize("rise", [1, 2, 4])
async def test_an_integration_that_comes_back_is_usable_at_once_and_well_after_rise(
    rise: int,
) -> None:
    back = {"now": False}
    integration = Timed(lambda: ["new"] if back["now"] else refused())
    policy = Policy(thresholds=Thresholds(rise=rise))
    async with running({"a": integration}, policy=policy) as house:
        await until(600.0)
        assert house.state("a") is State.DOWN
        back["now"] = True
        await until(700.0)
        first = next(when for when in integration.asked if when > 600.0)
        well = house.became("a", State.HEALTHY)
        assert first - 600.0 <= policy.backoff_cap
        assert house.models("a") == ["new"]
        assert well == pytest.approx(integration.asked[integration.asked.index(first) + rise - 1])
        assert well - first <= 2.2 * (rise - 1) + ON_TIME
        if rise > 1:
            assert house.became("a", State.RECOVERING) == pytest.approx(first)


async def test_a_relapse_while_recovering_waits_longer_than_the_first_fall() -> None:
    integration = Timed(refused, refused, refused, ["m1"], refused)
    async with running({"a": integration}, rng=Highest()) as house:
        await until(60.0)
        assert house.reading("a").health.backoff > 0
    assert integration.gaps[2] == pytest.approx(2.0)
    assert integration.gaps[4] == pytest.approx(4.0)


@pytest.mark.parametrize("result", [Hang(), Slow(4.0, ["m1"]), Slow(60.0, ["m1"])])
async def test_never_is_one_integration_asked_twice_at_once(result: Canned) -> None:
    integration = Timed(result)
    async with running({"a": integration}, policy=Policy(interval=1.0, backoff_cap=1.0)):
        await until(120.0)
    assert len(integration.asked) > 10
    assert integration.meter.most == 1


async def test_a_deadline_holds_whatever_the_answer_does() -> None:
    integration = Timed(Slow(4.99, ["m1"]), Slow(5.01, ["m2"]))
    async with running({"a": integration}, rng=Highest()) as house:
        await until(16.0)
        assert house.models("a") == ["m1"]
        await until(27.0)
        assert house.models("a") == ["m1"]
        assert house.reading("a").health.fail_streak == 1


async def test_after_a_minute_in_which_nothing_ran_a_missed_tick_is_not_caught_up_with() -> None:
    integration = Timed(["m1"])
    async with running({"a": integration}, policy=Policy(interval=5.0), watch_lag=True):
        await until(7.0)
        before = len(integration.asked)
        freeze(60.0)
        await until(67.0 + 4.4)
        assert len(integration.asked) == before + 1
    assert integration.asked[-1] == pytest.approx(67.0)


@pytest.mark.parametrize(
    ("asked_for", "least"),
    [(120.0, 120.0), (1.0, 15.0), (-1.0, 15.0), (1e12, 900.0), (math.inf, 900.0), (None, 15.0)],
)
async def test_what_a_server_asks_for_is_heeded_and_its_models_are_kept(
    asked_for: float | None, least: float
) -> None:
    integration = Timed(["m1"], said(Reason.RATE_LIMITED, asked_for))
    async with running({"a": integration}) as house:
        await until(3000.0)
        assert house.state("a") is State.RATE_LIMITED
        assert house.models("a") == ["m1"]
        assert house.reading("a").health.fail_streak == 0
    asks = integration.gaps[1:]
    assert len(asks) >= 3
    assert all(least - ON_TIME <= gap <= least + 1.5 + ON_TIME for gap in asks)


@pytest.mark.parametrize("reason", [Reason.UNAUTHORIZED, Reason.NOT_FOUND, Reason.TLS])
async def test_what_only_a_person_can_mend_is_asked_every_five_minutes(reason: Reason) -> None:
    integration = Timed(["m1"], said(reason))
    async with running({"a": integration}) as house:
        await until(3000.0)
        assert house.state("a") is State.MISCONFIGURED
        assert house.reading("a").health.reason is reason
        assert house.models("a") == ["m1"]
        assert house.became("a", State.MISCONFIGURED) == pytest.approx(integration.asked[2])
    assert integration.gaps[1] <= 2.2 + ON_TIME
    assert len(integration.gaps[2:]) >= 8
    assert all(270.0 - ON_TIME <= gap <= 330.0 + ON_TIME for gap in integration.gaps[2:])


async def test_a_server_that_loads_keeps_its_models_and_is_asked_quickly_until_it_is_done() -> None:
    integration = Timed(["m1"], *[said(Reason.LOADING)] * 20, ["m1", "m2"])
    async with running({"a": integration}) as house:
        await until(40.0)
        assert house.state("a") is State.LOADING
        assert house.models("a") == ["m1"]
        await until(80.0)
        assert house.state("a") is State.HEALTHY
        assert house.models("a") == ["m1", "m2"]
    assert all(1.8 - ON_TIME <= gap <= 2.2 + ON_TIME for gap in integration.gaps[1:21])


async def test_a_body_of_no_use_is_shown_at_once_and_costs_no_model() -> None:
    integration = Timed(["m1"], lambda: BadAnswerError(Reason.BAD_BODY))
    async with running({"a": integration}, rng=Highest()) as house:
        await until(17.0)
        assert house.state("a") is State.DEGRADED
        await until(30.0)
        assert house.state("a") is State.DOWN
        assert house.models("a") == ["m1"]


async def test_a_list_that_shrinks_for_once_is_not_believed() -> None:
    whole = [f"m{number}" for number in range(100)]
    integration = Timed(whole, whole[:3], whole)
    async with running({"a": integration}) as house:
        await until(60.0)
        sizes = {len(r.models) for _, r in house.store.history if r.last_ok is not None}
        assert sizes == {100}


async def test_a_list_that_was_really_emptied_is_believed_the_second_time() -> None:
    integration = Timed([f"m{number}" for number in range(100)], [])
    async with running({"a": integration}) as house:
        await until(17.0)
        assert len(house.models("a")) == 100
        await until(35.0)
        assert house.models("a") == []
        assert house.state("a") is State.HEALTHY


async def test_an_integration_that_flaps_at_each_ask_changes_its_state_never() -> None:
    answers = cycle([["m1"], refused()])
    integration = Timed(lambda: next(answers))
    async with running({"a": integration}) as house:
        await until(3600.0)
        states = [reading.health.state for _, reading in house.store.history]
        assert states[1:] == [State.HEALTHY] * (len(states) - 1)
        assert len(house.events("integration.status_changed")) == 1


async def test_the_answers_of_an_integration_that_is_slow_are_kept_and_shown_as_slow() -> None:
    integration = Timed(Slow(4.0, ["m1"]))
    async with running({"a": integration}) as house:
        await until(60.0)
        assert house.state("a") is State.DEGRADED
        assert house.reading("a").health.reason is Reason.SLOW
        assert house.models("a") == ["m1"]


async def test_a_wall_clock_that_jumps_moves_no_poll() -> None:
    """Poll times come of the monotonic clock; the wall clock here is a day ahead, then behind."""
    integration = Timed(["m1"])
    async with running({"a": integration}) as house:
        await until(100.0)
        house.wall_offset = 86400.0
        await until(200.0)
        house.wall_offset = -86400.0
        await until(400.0)
    assert all(13.5 - ON_TIME <= gap <= 16.5 + ON_TIME for gap in integration.gaps)


async def test_a_monotonic_clock_that_starts_late_changes_nothing() -> None:
    freeze(1e6)
    begun = asyncio.get_running_loop().time()
    integration = Timed(["m1"])
    async with running({"a": integration}) as house:
        await until(begun + 120.0)
        assert house.state("a") is State.HEALTHY
    assert integration.asked[0] == begun
    assert all(13.5 - ON_TIME <= gap <= 16.5 + ON_TIME for gap in integration.gaps)


class Keyed(Timed):
    """Rejects every key but ``right``."""

    key = "wrong"

    def mark(self) -> object:
        return self.key

    async def is_available(self) -> bool:
        if self.key != "right":
            raise BadAnswerError(Reason.UNAUTHORIZED)
        return True


async def test_a_key_that_was_put_right_is_tried_within_five_seconds() -> None:
    integration = Keyed(["m1"])
    async with running({"a": integration}) as house:
        await until(100.0)
        assert house.state("a") is State.MISCONFIGURED
        integration.key = "right"
        await until(105.1)
        assert house.models("a") == ["m1"]
        await until(108.0)
        assert house.state("a") is State.HEALTHY


async def test_an_unchanged_key_makes_nobody_ask_sooner() -> None:
    integration = Keyed(["m1"])
    integration.key = "right"
    async with running({"a": integration}):
        await until(1800.0)
    assert all(13.5 - ON_TIME <= gap <= 16.5 + ON_TIME for gap in integration.gaps)


class Unmarkable(Timed):
    def mark(self) -> object:
        raise ValueError("a plug-in's own bug")


async def test_one_that_cannot_be_marked_is_polled_all_the_same() -> None:
    integration = Unmarkable(["m1"])
    async with running({"a": integration}) as house:
        await until(300.0)
        assert house.state("a") is State.HEALTHY
    assert all(13.5 - ON_TIME <= gap <= 16.5 + ON_TIME for gap in integration.gaps)
