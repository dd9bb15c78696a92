"""A reading: the latest facts of one integration, and how the next probe changes them.

``advance`` is the whole rule of last known good: a success replaces the models, anything else
leaves them as they are and only their age grows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum, unique
from typing import Final

from service.core.health import Health, Thresholds, disabled, observe
from service.core.model import Model
from service.core.moment import Moment
from service.core.reasons import Reason

MADE_UP_WITHIN: Final = 60
"""Seconds around a poll within which a ``created`` is taken for a stamp of the poll itself."""
_PANIC_FROM: Final = 5
"""Lists shorter than this may shrink as they like."""
_SLOW_SHARE: Final = 0.5


@unique
class Freshness(StrEnum):
    """How old the facts are, in words."""

    FRESH = "fresh"
    STALE = "stale"
    EXPIRED = "expired"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How one integration is polled and judged.

    ``interval``, ``deadline`` (the whole answer, body included) and ``backoff_cap`` are seconds.
    A lower ``priority`` comes first. ``optional``: being away is normal, and left out of
    ``fail_on``. ``include`` and ``exclude`` are globs over ids; ``prefix`` goes before each id.
    """

    interval: float = 15.0
    deadline: float = 5.0
    backoff_cap: float = 30.0
    thresholds: Thresholds = field(default_factory=Thresholds)
    priority: int = 0
    optional: bool = False
    enabled: bool = True
    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    prefix: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A probe that brought models. ``impaired`` says why they may not be the whole truth.

    ``latency`` is in seconds; ``dropped`` counts entries that were no models.
    """

    models: Sequence[Model]
    latency: float
    version: str | None = None
    impaired: Reason | None = None
    dropped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A probe that brought none. ``retry_after`` is in seconds, where the server asked for it."""

    reason: Reason
    latency: float = 0.0
    retry_after: float | None = None


Outcome = Answer | Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything known of one integration at one moment; equal means unchanged.

    ``last_ok`` is the moment of the last success, ``latency`` that of the last answer in seconds.
    ``doubted`` marks that the last list was so short that it must be seen once more.
    """

    name: str
    type: str = "custom"
    policy: Policy = field(default_factory=Policy)
    health: Health = field(default_factory=Health)
    models: tuple[Model, ...] = ()
    version: str | None = None
    last_ok: Moment | None = None
    latency: float | None = None
    probes: int = 0
    dropped: int = 0
    doubted: bool = False
    retry_after: float | None = None


def advance(reading: Reading, outcome: Outcome, *, now: Moment) -> Reading:
    """Fold the outcome of one probe into what is known."""
    if not reading.policy.enabled:
        health = disabled(reading.health, wall=now.wall)
        return replace(reading, health=health, models=(), last_ok=None)
    health = observe(
        reading.health, _judge(reading, outcome), rules=reading.policy.thresholds, wall=now.wall
    )
    probed = replace(reading, health=health, probes=reading.probes + 1)
    if isinstance(outcome, Failure):
        return replace(probed, retry_after=outcome.retry_after)
    answered = replace(
        probed,
        version=outcome.version or reading.version,
        latency=outcome.latency,
        dropped=outcome.dropped,
        retry_after=None,
    )
    if _in_panic(reading, outcome):
        return replace(answered, doubted=True)
    models = _settled(outcome.models, reading.models, wall=now.wall)
    return replace(answered, models=models, last_ok=now, doubted=False)


def _judge(reading: Reading, outcome: Outcome) -> Reason | None:
    if isinstance(outcome, Failure):
        return outcome.reason
    if outcome.impaired is None and outcome.latency > _SLOW_SHARE * reading.policy.deadline:
        return Reason.SLOW
    return outcome.impaired


def _in_panic(reading: Reading, answer: Answer) -> bool:
    """A list that lost more than half of its models must be seen twice before it is believed."""
    before = len(reading.models)
    shrunk = before >= _PANIC_FROM and len(answer.models) * 2 < before
    return shrunk and not reading.doubted


def _settled(
    models: Sequence[Model], before: tuple[Model, ...], *, wall: float
) -> tuple[Model, ...]:
    """Keep ``created`` still: many servers stamp *now* on every call, and that is no fact."""
    known = {model.id: model for model in before}
    settled = tuple(_with_settled_created(model, known.get(model.id), wall) for model in models)
    return before if settled == before else settled


def _with_settled_created(model: Model, before: Model | None, wall: float) -> Model:
    same = before is not None and before.digest == model.digest
    if same and before is not None and before.created:
        created = before.created
    elif abs(model.created - wall) <= MADE_UP_WITHIN:
        created = 0
    else:
        created = model.created
    if created == model.created:
        return model
    provenance = {name: source for name, source in model.provenance.items() if name != "created"}
    if created and before is not None and "created" in before.provenance:
        provenance["created"] = before.provenance["created"]
    return replace(model, created=created, provenance=provenance)


def freshness(
    reading: Reading, *, mono: float, stale_if_error: float, max_stale: float
) -> Freshness | None:
    """Say how fresh the models are at ``mono``; ``None`` when there are none fit to be shown."""
    edges = freshness_edges(reading, stale_if_error=stale_if_error, max_stale=max_stale)
    for word, edge in zip(
        (Freshness.FRESH, Freshness.STALE, Freshness.EXPIRED), edges, strict=False
    ):
        if mono < edge:
            return word
    return None


def freshness_edges(
    reading: Reading, *, stale_if_error: float, max_stale: float
) -> tuple[float, ...]:
    """Give the monotonic times at which the models turn stale, expired, and unfit to be shown."""
    if reading.last_ok is None:
        return ()
    fresh_for = 2 * reading.policy.interval + reading.policy.deadline
    stale_for = max(fresh_for, stale_if_error)
    return tuple(
        reading.last_ok.mono + span for span in (fresh_for, stale_for, max(stale_for, max_stale))
    )
