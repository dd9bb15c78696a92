"""The health of one integration: a damped state machine, as a pure function.

A probe's verdict goes in, the next state comes out. Rise and fall thresholds keep one lost probe
from flipping anything; what the server says of itself (loading, slow down, wrong key) is never
counted as a failure of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum, unique
from typing import Final

from service.core.reasons import Reason, Verdict, verdict_on


@unique
class State(StrEnum):
    """Where an integration stands, as shown under ``status``."""

    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    RECOVERING = "recovering"
    LOADING = "loading"
    DOWN = "unhealthy"
    MISCONFIGURED = "misconfigured"
    RATE_LIMITED = "rate_limited"
    DISABLED = "disabled"

    @property
    def usable(self) -> bool:
        """Whether models of an integration in this state can be had now."""
        return self in _USABLE


_USABLE: Final = frozenset({State.HEALTHY, State.DEGRADED, State.RECOVERING, State.RATE_LIMITED})
_EXPLAINED: Final = frozenset({State.UNKNOWN, State.RATE_LIMITED, State.LOADING})
"""States that one success ends, and whose reason is that of the last probe."""
_OUT: Final = frozenset({State.DOWN, State.MISCONFIGURED})
_UP: Final = frozenset({State.HEALTHY, State.DEGRADED})

SLOW_STREAK: Final = 3
REFUSED_STREAK: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """How many probes in a row it takes to turn: ``rise`` to come back, ``fall`` to go down."""

    rise: int = 2
    fall: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """State, its cause, and the streaks that decide what comes next.

    ``since`` is the wall time of the last change of state. ``backoff`` counts the trials that
    failed since the integration went down; only ``healthy`` sets it back. ``fallen``: it was out
    and has not risen since, so that a server which crashes once loaded has to rise like any other.
    """

    state: State = State.UNKNOWN
    reason: Reason | None = None
    since: float = 0.0
    ok_streak: int = 0
    fail_streak: int = 0
    slow_streak: int = 0
    refused_streak: int = 0
    backoff: int = 0
    fallen: bool = False


def observe(health: Health, reason: Reason | None, *, rules: Thresholds, wall: float) -> Health:
    """Fold one probe into ``health``. ``reason`` is ``None`` for a clean success."""
    if health.state is State.DISABLED:
        return health
    decide = _DECISIONS[verdict_on(reason)]
    after = decide(health, reason, rules)
    if after.state is not health.state:
        fallen = after.state in _OUT or (health.fallen and after.state not in _UP)
        after = replace(after, since=wall, fallen=fallen)
    return replace(after, backoff=0) if after.state is State.HEALTHY and after.backoff else after


def disabled(health: Health, *, wall: float) -> Health:
    """Take an integration out by the operator's word; no probe brings it back."""
    return (
        Health(state=State.DISABLED, since=wall) if health.state is not State.DISABLED else health
    )


def _succeeded(health: Health, _: Reason | None, rules: Thresholds) -> Health:
    streak = health.ok_streak + 1
    after = replace(health, ok_streak=streak, fail_streak=0, slow_streak=0, refused_streak=0)
    risen = streak >= rules.rise
    explained = health.state in _EXPLAINED
    if (explained and not health.fallen) or (risen and health.state is not State.HEALTHY):
        return replace(after, state=State.HEALTHY, reason=None)
    if explained or health.state in _OUT:
        return replace(after, state=State.RECOVERING)
    return after


def _was_slow(health: Health, reason: Reason | None, rules: Thresholds) -> Health:
    slow = health.slow_streak + 1
    if health.state is State.DEGRADED:
        return replace(health, slow_streak=slow, ok_streak=0, fail_streak=0, refused_streak=0)
    after = replace(_succeeded(health, reason, rules), slow_streak=slow)
    if after.state is State.HEALTHY and slow >= SLOW_STREAK:
        return replace(after, state=State.DEGRADED, reason=reason, ok_streak=0)
    return after


def _was_impaired(health: Health, reason: Reason | None, rules: Thresholds) -> Health:
    after = _succeeded(health, reason, rules)
    if after.state in (State.HEALTHY, State.DEGRADED):
        return replace(after, state=State.DEGRADED, reason=reason, ok_streak=0)
    return after


def _failed(health: Health, reason: Reason | None, rules: Thresholds) -> Health:
    fails = health.fail_streak + 1
    after = replace(health, fail_streak=fails, ok_streak=0, slow_streak=0, refused_streak=0)
    if health.state in (State.DOWN, State.RECOVERING):
        return replace(after, state=State.DOWN, reason=reason, backoff=health.backoff + 1)
    if fails >= rules.fall:
        return replace(after, state=State.DOWN, reason=reason)
    return replace(after, reason=reason) if health.state in _EXPLAINED else after


def _was_unusable(health: Health, reason: Reason | None, rules: Thresholds) -> Health:
    after = _failed(health, reason, rules)
    if after.state is State.HEALTHY:
        return replace(after, state=State.DEGRADED, reason=reason)
    return after


def _was_refused(health: Health, reason: Reason | None, _: Thresholds) -> Health:
    streak = health.refused_streak + 1
    after = replace(health, refused_streak=streak, ok_streak=0, slow_streak=0)
    if streak >= REFUSED_STREAK:
        return replace(after, state=State.MISCONFIGURED, reason=reason)
    return replace(after, reason=reason) if health.state in _EXPLAINED else after


def _said_so(state: State) -> Callable[[Health, Reason | None, Thresholds], Health]:
    def decide(health: Health, reason: Reason | None, _: Thresholds) -> Health:
        return replace(
            health, state=state, reason=reason, ok_streak=0, slow_streak=0, refused_streak=0
        )

    return decide


_DECISIONS: Final = {
    Verdict.OK: _succeeded,
    Verdict.SLOW: _was_slow,
    Verdict.IMPAIRED: _was_impaired,
    Verdict.FAILED: _failed,
    Verdict.UNUSABLE: _was_unusable,
    Verdict.REFUSED: _was_refused,
    Verdict.RATE_LIMITED: _said_so(State.RATE_LIMITED),
    Verdict.LOADING: _said_so(State.LOADING),
}
