"""When to ask again: bounds that hold for any health, and the times that follow from them."""

import math
from random import Random
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.health import Health, State, Thresholds
from service.core.reasons import Reason
from service.core.schedule import pause
from tests.core.building import (
    BAD,
    DEGRADED,
    DOWN,
    HEALTHY,
    LOADING,
    MISCONFIGURED,
    OK,
    RATE_LIMITED,
    RECOVERING,
    reasons,
    thresholds,
    walk,
    ways,
)

INTERVAL: Final = 15.0
CAP: Final = 30.0
DEADLINE: Final = 5.0
FALL: Final = Thresholds().fall

sources = st.randoms(use_true_random=False)
intervals = st.floats(1.0, 86400.0)
caps = st.floats(1.0, 300.0)
asked = st.none() | st.floats() | st.sampled_from([-1.0, 0.0, 1e12, 999999999.0, math.inf])


def pause_of(
    health: Health,
    rng: Random,
    *,
    interval: float = INTERVAL,
    cap: float = CAP,
    retry_after: float | None = None,
) -> float:
    return pause(health, interval=interval, cap=cap, retry_after=retry_after, rng=rng)


class Highest(Random):
    """Draws the largest value there is."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


class Lowest(Random):
    """Draws the smallest value there is."""

    def uniform(self, a: float, b: float) -> float:
        return min(a, b)


@pytest.mark.parametrize(
    ("health", "least", "most"),
    [
        (Health(), 13.5, 16.5),
        (HEALTHY, 13.5, 16.5),
        (DEGRADED, 13.5, 16.5),
        (walk(BAD), 1.8, 2.2),
        (walk(BAD, start=HEALTHY), 1.8, 2.2),
        (walk(BAD, start=DEGRADED), 1.8, 2.2),
        (walk(Reason.UNAUTHORIZED, start=HEALTHY), 1.8, 2.2),
        (walk(Reason.UNAUTHORIZED, start=DOWN), 1.8, 2.2),
        (RECOVERING, 1.8, 2.2),
        (LOADING, 1.8, 2.2),
        (DOWN, 1.0, 2.0),
        (walk(BAD, start=DOWN), 1.0, 4.0),
        (walk(BAD, BAD, start=DOWN), 1.0, 8.0),
        (walk(*[BAD] * 3, start=DOWN), 1.0, 16.0),
        (walk(*[BAD] * 4, start=DOWN), 1.0, 30.0),
        (walk(*[BAD] * 5000, start=DOWN), 1.0, 30.0),
        (MISCONFIGURED, 270.0, 330.0),
        (RATE_LIMITED, 15.0, 16.5),
    ],
)
def test_the_pause_after_each_state_lies_between_two_bounds(
    health: Health, least: float, most: float
) -> None:
    assert pause_of(health, Lowest()) == pytest.approx(least)
    assert pause_of(health, Highest()) == pytest.approx(most)


@pytest.mark.parametrize(
    ("retry_after", "least"),
    [
        (None, 15.0),
        (-1.0, 15.0),
        (0.0, 15.0),
        (14.9, 15.0),
        (60.0, 60.0),
        (900.0, 900.0),
        (901.0, 900.0),
        (999999999.0, 900.0),
        (1e12, 900.0),
        (math.inf, 900.0),
        (-math.inf, 15.0),
        (math.nan, 15.0),
    ],
)
def test_what_a_server_asks_for_is_heeded_within_reason(
    retry_after: float | None, least: float
) -> None:
    assert pause_of(RATE_LIMITED, Lowest(), retry_after=retry_after) == least
    assert pause_of(RATE_LIMITED, Highest(), retry_after=retry_after) == least + 1.5


def test_a_wish_to_wait_counts_only_while_rate_limited() -> None:
    assert pause_of(HEALTHY, Highest(), retry_after=600.0) == pytest.approx(16.5)
    assert pause_of(DOWN, Highest(), retry_after=600.0) == 2.0


def test_an_interval_longer_than_a_quarter_of_an_hour_is_never_cut_short() -> None:
    assert pause_of(RATE_LIMITED, Lowest(), interval=3600.0, retry_after=1.0) == 3600.0
    assert pause_of(MISCONFIGURED, Lowest(), interval=3600.0) == pytest.approx(3240.0)


def test_a_short_interval_is_never_lengthened_by_doubt() -> None:
    assert pause_of(RECOVERING, Highest(), interval=1.0) == pytest.approx(1.1)


@given(st.builds(lambda way, rules: walk(*way, rules=rules), ways, thresholds), st.data())
def test_no_health_at_all_gives_a_pause_out_of_bounds(health: Health, data: st.DataObject) -> None:
    interval, cap = data.draw(intervals), data.draw(caps)
    seconds = pause_of(
        health, data.draw(sources), interval=interval, cap=cap, retry_after=data.draw(asked)
    )
    assert 0.9 <= seconds <= 1.1 * max(interval, 900.0)
    if health.state is State.DOWN:
        assert seconds <= max(2.2, cap)
    if health.state in (State.HEALTHY, State.DEGRADED):
        in_doubt = health.fail_streak or health.refused_streak
        steady = min(2.0, interval) if in_doubt else interval
        assert 0.9 * steady <= seconds <= 1.1 * steady


@given(reasons, st.integers(0, 2**32))
def test_the_same_random_source_gives_the_same_pause(reason: Reason | None, seed: int) -> None:
    health = walk(reason, reason)
    one, other = (Random(seed) for _ in range(2))
    assert pause_of(health, one) == pause_of(health, other)


def seconds_until(
    state: State, health: Health, reason: Reason | None, *, takes: float, rng: Random
) -> float:
    """Poll a server that answers alike each time; count from the start of the first probe."""
    spent = 0.0
    while True:
        spent += takes
        health = walk(reason, start=health)
        if health.state is state:
            return spent
        spent += pause_of(health, rng)


@pytest.mark.parametrize("start", [Health(), HEALTHY, DEGRADED, RATE_LIMITED, LOADING, RECOVERING])
def test_a_server_that_refuses_is_down_within_six_seconds_of_the_first_failure(
    start: Health,
) -> None:
    assert seconds_until(State.DOWN, start, BAD, takes=0.01, rng=Highest()) <= 6.0


@pytest.mark.parametrize("start", [Health(), HEALTHY, DEGRADED, RATE_LIMITED, LOADING, RECOVERING])
def test_a_server_that_swallows_everything_is_down_within_the_promised_time(
    start: Health,
) -> None:
    takes = seconds_until(State.DOWN, start, Reason.TIMEOUT, takes=DEADLINE, rng=Highest())
    assert takes <= FALL * (2 + DEADLINE)


@pytest.mark.parametrize("failed_trials", [0, 1, 5, 1000])
def test_a_server_that_comes_back_is_usable_within_the_cap_and_well_a_little_later(
    failed_trials: int,
) -> None:
    """The server comes back the moment after a failed trial, and the longest pauses are drawn."""
    down = walk(*[BAD] * failed_trials, start=DOWN)
    first_trial = pause_of(down, Highest())
    assert first_trial <= CAP
    again = seconds_until(State.HEALTHY, down, OK, takes=0.1, rng=Highest())
    assert first_trial + again <= CAP + 2.2 + 2 * 0.1
