"""When to ask again: the pause after a probe, as a pure function of health and one random source.

Jitter keeps replicas and integrations from marching in step; full-jitter backoff leaves a server
that is down alone, and a trial of it never waits longer than its cap.
"""

from typing import Final, Protocol

from service.core.health import Health, State
from service.core.reasons import Reason

FAST: Final = 2.0
"""Seconds between probes while a change of state is in doubt."""
MISCONFIGURED_PAUSE: Final = 300.0
"""Seconds between probes that only a change of configuration can mend."""
RETRY_AFTER_CEILING: Final = 900.0
"""Seconds that a server's ``Retry-After`` can ask of us at the most."""
_BACKOFF_BASE: Final = 2.0
_BACKOFF_FLOOR: Final = 1.0
_JITTER: Final = 0.1


class Uniform(Protocol):
    """The one thing asked of a random source; ``random.Random`` has it."""

    def uniform(self, a: float, b: float, /) -> float:
        """Draw a float between ``a`` and ``b``."""
        ...


def pause(
    health: Health, *, interval: float, cap: float, retry_after: float | None, rng: Uniform
) -> float:
    """Seconds to wait before the next probe.

    Args:
        health: the state after the last probe.
        interval: the configured seconds between probes of a well integration.
        cap: the longest backoff while it is down, in seconds (30 local, 300 hosted).
        retry_after: what the server asked for in its last answer, in seconds, if it did.
        rng: where jitter comes from.
    """
    jitter = rng.uniform(1 - _JITTER, 1 + _JITTER)
    if health.state is State.DOWN and not health.refused_streak:
        ceiling = min(cap, _BACKOFF_BASE * 2.0 ** min(health.backoff, 32))
        return max(_BACKOFF_FLOOR, rng.uniform(0.0, ceiling))
    if health.state is State.MISCONFIGURED:
        return max(interval, MISCONFIGURED_PAUSE) * jitter
    if health.state is State.RATE_LIMITED and health.reason is Reason.RATE_LIMITED:
        wanted = interval if retry_after is None else retry_after
        longest = max(interval, RETRY_AFTER_CEILING)
        return min(longest, max(interval, wanted)) + rng.uniform(0.0, _JITTER * interval)
    if _in_doubt(health):
        return min(FAST, interval) * jitter
    return interval * jitter


def _in_doubt(health: Health) -> bool:
    return (
        health.state in (State.RECOVERING, State.LOADING)
        or health.fail_streak > 0
        or health.refused_streak > 0
    )
