"""The damped state machine: every row of its table, and what holds after any probes at all."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from service.core.health import Health, State, Thresholds, disabled, observe
from service.core.reasons import Reason, Verdict, verdict_on
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
    SLOW,
    WALL,
    reasons,
    thresholds,
    walk,
    ways,
)

# What each reason means, written out here a second time and on purpose.
COUNTED: Final = frozenset(
    {
        Reason.REFUSED,
        Reason.TIMEOUT,
        Reason.DNS,
        Reason.RESET,
        Reason.HTTP_5XX,
        Reason.REDIRECT,
        Reason.BAD_BODY,
        Reason.BAD_ENCODING,
        Reason.BAD_PROTOCOL,
        Reason.TOO_LARGE,
        Reason.INTERNAL,
    }
)
OUR_FAULT: Final = frozenset({Reason.UNAUTHORIZED, Reason.NOT_FOUND, Reason.TLS})
IMPAIRED: Final = frozenset({Reason.TRUNCATED, Reason.CLI})

EVERYWHERE: Final = {
    health.state: health
    for health in (
        *(Health(), HEALTHY, DEGRADED, DOWN, RECOVERING),
        *(MISCONFIGURED, RATE_LIMITED, LOADING),
    )
}


def test_the_starting_points_of_these_tests_are_all_states_but_disabled() -> None:
    assert set(EVERYWHERE) == set(State) - {State.DISABLED}
    assert all(health.state is state for state, health in EVERYWHERE.items())


@pytest.mark.parametrize(
    ("start", "probes", "state"),
    [
        (Health(), [OK], State.HEALTHY),
        (Health(), [SLOW], State.HEALTHY),
        (Health(), [BAD, BAD], State.UNKNOWN),
        (Health(), [BAD, BAD, BAD], State.DOWN),
        (Health(), [BAD, BAD, OK], State.HEALTHY),
        (HEALTHY, [BAD], State.HEALTHY),
        (HEALTHY, [BAD, BAD], State.HEALTHY),
        (HEALTHY, [BAD, BAD, OK, BAD, BAD], State.HEALTHY),
        (HEALTHY, [BAD, BAD, BAD], State.DOWN),
        (HEALTHY, [SLOW, SLOW], State.HEALTHY),
        (HEALTHY, [SLOW, SLOW, OK, SLOW, SLOW], State.HEALTHY),
        (HEALTHY, [SLOW, SLOW, BAD, SLOW, SLOW], State.HEALTHY),
        (HEALTHY, [SLOW, SLOW, SLOW], State.DEGRADED),
        (HEALTHY, [Reason.BAD_BODY], State.DEGRADED),
        (HEALTHY, [Reason.BAD_BODY, Reason.BAD_BODY, Reason.BAD_BODY], State.DOWN),
        (HEALTHY, [Reason.TRUNCATED], State.DEGRADED),
        (HEALTHY, [Reason.CLI], State.DEGRADED),
        (DEGRADED, [OK], State.DEGRADED),
        (DEGRADED, [OK, OK], State.HEALTHY),
        (DEGRADED, [OK, SLOW, OK], State.DEGRADED),
        (DEGRADED, [OK, Reason.CLI, OK], State.DEGRADED),
        (DEGRADED, [OK, BAD, OK], State.DEGRADED),
        (DEGRADED, [BAD, BAD], State.DEGRADED),
        (DEGRADED, [BAD, BAD, BAD], State.DOWN),
        (DEGRADED, [BAD, BAD, SLOW, BAD, BAD], State.DEGRADED),
        (DOWN, [BAD], State.DOWN),
        (DOWN, [OK], State.RECOVERING),
        (DOWN, [SLOW], State.RECOVERING),
        (DOWN, [Reason.CLI], State.RECOVERING),
        (RECOVERING, [OK], State.HEALTHY),
        (RECOVERING, [BAD], State.DOWN),
        (RECOVERING, [Reason.BAD_BODY], State.DOWN),
        (RECOVERING, [Reason.CLI], State.DEGRADED),
        (MISCONFIGURED, [BAD], State.MISCONFIGURED),
        (MISCONFIGURED, [BAD, BAD, BAD], State.DOWN),
        (MISCONFIGURED, [OK], State.RECOVERING),
        (MISCONFIGURED, [OK, OK], State.HEALTHY),
        (RATE_LIMITED, [OK], State.HEALTHY),
        (RATE_LIMITED, [BAD, BAD], State.RATE_LIMITED),
        (RATE_LIMITED, [BAD, BAD, BAD], State.DOWN),
        (LOADING, [OK], State.HEALTHY),
        (LOADING, [BAD, BAD, BAD], State.DOWN),
    ],
)
def test_probes_lead_from_state_to_state_as_the_table_says(
    start: Health, probes: list[Reason | None], state: State
) -> None:
    assert walk(*probes, start=start).state is state


@pytest.mark.parametrize("state", EVERYWHERE)
@pytest.mark.parametrize("reason", sorted(OUR_FAULT))
def test_our_own_fault_twice_in_a_row_is_misconfigured_from_anywhere(
    state: State, reason: Reason
) -> None:
    once = walk(reason, start=EVERYWHERE[state])
    assert once.state is state
    assert once.fail_streak == EVERYWHERE[state].fail_streak
    twice = walk(reason, start=once)
    assert (twice.state, twice.reason) == (State.MISCONFIGURED, reason)
    assert twice.fail_streak == EVERYWHERE[state].fail_streak


@pytest.mark.parametrize("between", [OK, BAD, Reason.RATE_LIMITED, Reason.LOADING, SLOW])
def test_our_own_fault_twice_but_not_in_a_row_changes_nothing(between: Reason | None) -> None:
    after = walk(Reason.NOT_FOUND, between, Reason.UNAUTHORIZED, start=HEALTHY)
    assert after.state is not State.MISCONFIGURED


@pytest.mark.parametrize("state", EVERYWHERE)
@pytest.mark.parametrize(
    ("reason", "said"),
    [(Reason.RATE_LIMITED, State.RATE_LIMITED), (Reason.LOADING, State.LOADING)],
)
def test_what_a_server_says_of_itself_is_believed_at_once_and_never_counted(
    state: State, reason: Reason, said: State
) -> None:
    start = EVERYWHERE[state]
    after = walk(*[reason] * 10, start=start)
    assert (after.state, after.reason) == (said, reason)
    assert after.fail_streak == start.fail_streak


@pytest.mark.parametrize("state", EVERYWHERE)
@pytest.mark.parametrize("reason", [None, *Reason])
def test_the_operator_disables_from_anywhere_and_no_probe_brings_it_back(
    state: State, reason: Reason | None
) -> None:
    off = disabled(EVERYWHERE[state], wall=WALL + 99)
    assert (off.state, off.reason, off.since) == (State.DISABLED, None, WALL + 99)
    assert walk(reason, reason, reason, start=off) is off
    assert disabled(off, wall=WALL + 500) is off


@pytest.mark.parametrize("away", [Reason.LOADING, Reason.RATE_LIMITED])
@pytest.mark.parametrize("start", [DOWN, RECOVERING, MISCONFIGURED])
def test_a_server_that_was_out_has_to_rise_even_if_it_loads_or_limits_in_between(
    start: Health, away: Reason
) -> None:
    """One that crashes each time it has loaded would otherwise be healthy once a round."""
    back = walk(away, OK, start=start)
    assert back.state is State.RECOVERING
    assert walk(BAD, start=back).state is State.DOWN
    assert walk(BAD, start=back).backoff > start.backoff
    assert walk(OK, start=back).state is State.HEALTHY


def test_once_risen_a_server_that_loads_is_healthy_at_once_again() -> None:
    assert walk(OK, Reason.LOADING, OK, start=RECOVERING).state is State.HEALTHY


def test_the_reason_of_a_limited_server_is_that_of_its_last_probe() -> None:
    assert walk(BAD, start=RATE_LIMITED).reason is BAD
    assert walk(BAD, Reason.RATE_LIMITED, start=RATE_LIMITED).reason is Reason.RATE_LIMITED


def test_the_reason_stays_through_recovery_and_goes_with_health() -> None:
    assert RECOVERING.reason is BAD
    assert walk(OK, start=RECOVERING).reason is None


def test_the_first_failures_of_an_unknown_server_are_named() -> None:
    assert walk(Reason.DNS).reason is Reason.DNS
    assert walk(Reason.UNAUTHORIZED).reason is Reason.UNAUTHORIZED


def test_a_failure_of_a_healthy_server_is_not_yet_named() -> None:
    assert walk(BAD, BAD, start=HEALTHY).reason is None


def test_backoff_counts_failed_trials_and_only_health_sets_it_back() -> None:
    assert DOWN.backoff == 0
    assert walk(BAD, start=DOWN).backoff == 1
    assert walk(BAD, BAD, OK, start=DOWN).backoff == 2
    assert walk(BAD, BAD, OK, BAD, start=DOWN).backoff == 3
    assert walk(BAD, BAD, OK, OK, start=DOWN).backoff == 0


def test_a_new_state_carries_the_time_of_its_change_and_an_old_one_keeps_it() -> None:
    down = observe(walk(BAD, BAD, start=HEALTHY), BAD, rules=Thresholds(), wall=77.0)
    assert down.since == 77.0
    assert observe(down, BAD, rules=Thresholds(), wall=99.0).since == 77.0


def test_every_reason_is_either_counted_or_one_of_the_few_that_are_not() -> None:
    not_counted = OUR_FAULT | IMPAIRED | {Reason.SLOW, Reason.RATE_LIMITED, Reason.LOADING}
    assert set(Reason) == COUNTED | not_counted
    for reason in Reason:
        counted = verdict_on(reason) in (Verdict.FAILED, Verdict.UNUSABLE)
        assert counted == (reason in COUNTED), reason
    assert verdict_on(None) is Verdict.OK


@pytest.mark.parametrize("state", State)
def test_models_of_a_state_are_usable_or_not_as_the_api_says(state: State) -> None:
    usable = {"healthy", "degraded", "recovering", "rate_limited"}
    assert state.usable == (str(state) in usable)


@given(ways, thresholds, st.data())
def test_fall_failures_in_a_row_bring_down_whatever_went_before(
    way: list[Reason | None], rules: Thresholds, data: st.DataObject
) -> None:
    failures = st.lists(
        st.sampled_from(sorted(COUNTED)), min_size=rules.fall, max_size=rules.fall + 3
    )
    assert walk(*way, *data.draw(failures), rules=rules).state is State.DOWN


@given(ways, thresholds, st.integers(0, 3))
def test_rise_clean_successes_in_a_row_heal_whatever_went_before(
    way: list[Reason | None], rules: Thresholds, more: int
) -> None:
    healed = walk(*way, *[OK] * (rules.rise + more), rules=rules)
    assert (healed.state, healed.reason, healed.backoff) == (State.HEALTHY, None, 0)


@given(st.integers(2, 5), st.integers(1, 4), st.integers(1, 60))
def test_a_server_that_fails_every_other_probe_never_leaves_healthy(
    fall: int, rise: int, rounds: int
) -> None:
    rules = Thresholds(rise=rise, fall=fall)
    health = HEALTHY
    for reason in [BAD, OK] * rounds:
        health = walk(reason, start=health, rules=rules)
        assert health.state is State.HEALTHY


class AnyProbes(RuleBasedStateMachine):
    """Any probes in any order, beside a history of them that knows nothing of the code."""

    def __init__(self) -> None:
        super().__init__()
        self.limits = Thresholds()
        self.health = Health()
        self.before = Health()
        self.reason: Reason | None = None
        self.wall = WALL
        self.probed = False
        self.by_operator = False
        self.failures_since_success = 0
        self.successes_in_a_row = 0
        self.clean_in_a_row = 0
        self.was_out = False

    @initialize(limits=thresholds)
    def set_up(self, limits: Thresholds) -> None:
        self.limits = limits

    @rule(reason=reasons)
    def probe(self, reason: Reason | None) -> None:
        self._step(reason)

    @rule(count=st.integers(1, 5), reason=st.sampled_from([None, BAD, SLOW, Reason.CLI]))
    def probe_alike(self, count: int, reason: Reason | None) -> None:
        """Streaks are what matters here, so they are made likely."""
        for _ in range(count):
            self._step(reason)
            self.check()

    @rule(sure=st.sampled_from([False] * 9 + [True]))
    def disable(self, sure: bool) -> None:
        if sure:
            self.wall += 1
            self.before, self.health = self.health, disabled(self.health, wall=self.wall)
            self.by_operator, self.probed = True, False

    def _step(self, reason: Reason | None) -> None:
        self.wall += 1
        self.reason, self.probed = reason, True
        self.was_out = self.health.state in (State.DOWN, State.MISCONFIGURED) or (
            self.was_out and self.health.state not in (State.HEALTHY, State.DEGRADED)
        )
        succeeded = reason is None or reason is SLOW or reason in IMPAIRED
        self.successes_in_a_row = self.successes_in_a_row + 1 if succeeded else 0
        self.clean_in_a_row = self.clean_in_a_row + 1 if reason is None else 0
        if succeeded:
            self.failures_since_success = 0
        elif reason in COUNTED:
            self.failures_since_success += 1
        self.before = self.health
        self.health = observe(self.health, reason, rules=self.limits, wall=self.wall)

    @invariant()
    def check(self) -> None:
        before, after = self.before, self.health
        self._check_what_holds_of_any_health(after)
        assert (after.state is State.DISABLED) == self.by_operator
        assert (after.since == self.wall) == (after.state is not before.state) or (not self.probed)
        if self.by_operator or not self.probed:
            return
        if after.state is State.DOWN and before.state not in (State.DOWN, State.RECOVERING):
            assert self.failures_since_success >= self.limits.fall
            assert self.reason in COUNTED
        if after.state is State.DOWN and before.state is State.RECOVERING:
            assert self.reason in COUNTED
        if after.state is State.HEALTHY and self.was_out:
            assert self.successes_in_a_row >= self.limits.rise
        if after.state is State.HEALTHY and before.state is State.DEGRADED:
            assert self.clean_in_a_row >= self.limits.rise
        if self.reason not in COUNTED:
            assert after.fail_streak <= before.fail_streak
        if after.state is State.HEALTHY:
            assert after.backoff == 0
        else:
            assert after.backoff >= before.backoff

    def _check_what_holds_of_any_health(self, health: Health) -> None:
        assert not (health.ok_streak and health.fail_streak)
        streaks = (health.ok_streak, health.fail_streak, health.slow_streak)
        assert min(*streaks, health.refused_streak, health.backoff) >= 0
        if health.state is State.HEALTHY:
            assert health.reason is None
        if health.state not in (State.HEALTHY, State.UNKNOWN, State.DISABLED):
            assert health.reason is not None
        if health.state is State.UNKNOWN and health.fail_streak:
            assert health.reason is not None


TestAnyProbes = AnyProbes.TestCase
