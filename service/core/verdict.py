"""Should this replica get traffic? The answer to a load balancer, as a pure function.

A local fault fails the probe; a fault that all replicas share does not, unless the operator asks
for it: an outage of one backend must never take every replica out at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum, unique

from service.core.edition import Standing
from service.core.health import State
from service.core.reading import Freshness


@unique
class FailOn(StrEnum):
    """Which trouble of integrations fails the probe."""

    NONE = "none"
    ANY = "any"
    ALL = "all"
    STALE = "stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many integrations must be good: a number of them, or a percentage."""

    amount: float
    percent: bool

    def met_by(self, good: int, total: int) -> bool:
        """Say whether ``good`` of ``total`` are enough; of none at all, any share is met."""
        if not total:
            return True
        return good * 100 >= self.amount * total if self.percent else good >= self.amount


def share(text: str) -> Share:
    """Read ``50%`` or ``2``.

    Raises:
        ValueError: it is neither a percentage from 0 to 100 nor a whole number.
    """
    number = text.removesuffix("%")
    percent = number != text
    if not number.isascii() or not number.isdigit() or (percent and int(number) > 100):  # noqa: PLR2004 -- percent
        raise ValueError("expected a share such as 50%, or a number of integrations")
    return Share(amount=int(number), percent=percent)


def is_good(standing: Standing) -> bool:
    """Say whether an integration's damped state counts as good: one lost probe flips nothing."""
    return standing.reading.health.state.usable


def counted(standings: Iterable[Standing]) -> list[Standing]:
    """Leave out what does not count: disabled integrations and optional ones."""
    return [
        standing
        for standing in standings
        if standing.reading.health.state is not State.DISABLED
        and not standing.reading.policy.optional
    ]


def passes(
    standings: Iterable[Standing], *, fail_on: FailOn, minimum: Share | None, stalled: bool
) -> bool:
    """Judge the chosen integrations. ``stalled``: the poller no longer learns anything."""
    chosen = counted(standings)
    good = sum(map(is_good, chosen))
    if minimum is not None and not minimum.met_by(good, len(chosen)):
        return False
    if fail_on is FailOn.NONE:
        return True
    if stalled:
        return False
    if fail_on is FailOn.STALE:
        return all(standing.freshness is Freshness.FRESH for standing in chosen)
    if not chosen:
        return True
    return good == len(chosen) if fail_on is FailOn.ANY else good > 0
