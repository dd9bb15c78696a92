"""One catalogue over all integrations: merged, filtered, ordered, with unique ids.

``compose`` is a pure function of a snapshot, the operator's rules and the time. It never gives an
empty list because of errors: last known good comes first, then the default model. A list is empty
only where an integration said so itself.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum, unique
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any, Final

from service.core.canonical import model_from, with_family
from service.core.merging import merged
from service.core.model import Details, Model, Source
from service.core.reading import Freshness, Policy, Reading, freshness
from service.core.snapshot import Snapshot

SERVICE_NAME: Final = "rollcall"


@unique
class Collisions(StrEnum):
    """What becomes of one id on several integrations."""

    MERGE = "merge"
    PREFIX = "prefix"
    FIRST = "first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The operator's rules for the catalogue. Ages are in seconds.

    ``aliases`` maps a new id to the id it stands for; ``overrides`` maps an id to fields in the
    form of our own list, which then carry the source ``operator``.
    """

    default_model: str | None = "deepcoder:14b"
    collisions: Collisions = Collisions.MERGE
    stale_if_error: float = 3600.0
    max_stale: float = 86400.0
    aliases: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the catalogue. ``integrations`` names where it can be had, in priority order."""

    model: Model
    owned_by: str
    integrations: tuple[str, ...]
    available: bool
    freshness: Freshness
    alias_of: str | None = None

    @property
    def id(self) -> str:
        """The id, unique in the catalogue."""
        return self.model.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All entries in order, and per entry the model as each of its integrations has it.

    ``twins`` lists, for ids whose weights are listed under other ids as well, those other ids.
    ``hidden`` counts models that a collision rule or a taken id left out. ``answered``: at least
    one integration has said which models it has, be it none.
    """

    entries: tuple[Entry, ...] = ()
    placements: Mapping[str, Mapping[str, Model]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    twins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hidden: int = 0
    answered: bool = False


@dataclass(frozen=True, slots=True)
class _Placed:
    model: Model
    reading: Reading
    freshness: Freshness


def compose(snapshot: Snapshot, rules: Rules, *, mono: float) -> Catalogue:
    """Make the catalogue as it stands at the monotonic time ``mono``."""
    found: dict[str, list[_Placed]] = defaultdict(list)
    answered = False
    for reading in snapshot.by_priority():
        age = freshness(
            reading, mono=mono, stale_if_error=rules.stale_if_error, max_stale=rules.max_stale
        )
        if age is None:
            continue
        answered = True
        for model in _shown(reading):
            found[model.id].append(_Placed(model, reading, age))
    groups, hidden = _without_collisions(found, rules.collisions)
    composed = {name: _merged(group) for name, group in groups.items()}
    placements = {
        name: {placed.reading.name: placed.model for placed in group}
        for name, group in groups.items()
    }
    ranks = {name: group[0].reading.policy.priority for name, group in groups.items()}
    if not answered and rules.default_model is not None:
        composed[rules.default_model] = _default(rules.default_model)
    for name in composed.keys() & rules.overrides.keys():
        composed[name] = _overridden(composed[name], rules.overrides[name])
    real = frozenset(composed)
    for alias, target in rules.aliases.items():
        if target in real and alias not in real:
            entry = _alias(alias, composed[target])
            composed[alias] = _overridden(entry, rules.overrides.get(alias, {}))
            placements[alias] = placements.get(target, {})
            ranks[alias] = ranks.get(target, 0)
    entries = sorted(composed.values(), key=lambda entry: (ranks.get(entry.id, 0), entry.id))
    return Catalogue(
        entries=tuple(entries),
        placements=placements,
        twins=_twins(placements),
        hidden=hidden,
        answered=answered,
    )


def _twins(placements: Mapping[str, Mapping[str, Model]]) -> dict[str, tuple[str, ...]]:
    """Find the same weights under several ids: by their digest, which fixes them."""
    holders: dict[str, set[str]] = defaultdict(set)
    for name, placed in placements.items():
        for model in placed.values():
            if model.digest is not None:
                holders[model.digest].add(name)
    twins: dict[str, set[str]] = defaultdict(set)
    for names in holders.values():
        if len(names) > 1:
            for name in names:
                twins[name] |= names - {name}
    return {name: tuple(sorted(others)) for name, others in twins.items()}


def _shown(reading: Reading) -> Iterable[Model]:
    """Pick the models that the operator wants to be listed, under the names they are to have."""
    prefix = reading.policy.prefix or ""
    for model in reading.models:
        if _wanted(model.id, reading.policy):
            yield replace(model, id=prefix + model.id) if prefix else model


def _wanted(name: str, policy: Policy) -> bool:
    if policy.include == ("*",) and not policy.exclude:
        return True
    return any(fnmatchcase(name, glob) for glob in policy.include) and not any(
        fnmatchcase(name, glob) for glob in policy.exclude
    )


def _without_collisions(
    found: Mapping[str, list[_Placed]], rule: Collisions
) -> tuple[dict[str, list[_Placed]], int]:
    if rule is Collisions.MERGE:
        return dict(found), 0
    kept: dict[str, list[_Placed]] = {}
    offered = 0
    for name, group in sorted(found.items()):
        offered += len(group)
        if rule is Collisions.FIRST or len(group) == 1:
            kept.setdefault(name, group[:1])
            continue
        for placed in group:
            unique_name = f"{placed.reading.name}/{name}"
            renamed = replace(placed, model=replace(placed.model, id=unique_name))
            kept.setdefault(unique_name, [renamed])
    return kept, offered - len(kept)


def _merged(group: list[_Placed]) -> Entry:
    return Entry(
        model=merged([placed.model for placed in group]),
        owned_by=group[0].reading.name,
        integrations=tuple(placed.reading.name for placed in group),
        available=any(placed.reading.health.state.usable for placed in group),
        freshness=min((placed.freshness for placed in group), key=list(Freshness).index),
    )


def _default(name: str) -> Entry:
    details, provenance = with_family(name, Details())
    return Entry(
        model=Model(id=name, details=details, provenance=provenance),
        owned_by=SERVICE_NAME,
        integrations=(),
        available=False,
        freshness=Freshness.DEFAULT,
    )


def _alias(alias: str, target: Entry) -> Entry:
    return replace(target, model=replace(target.model, id=alias), alias_of=target.id)


def _overridden(entry: Entry, override: Mapping[str, Any]) -> Entry:
    said = model_from({**override, "id": entry.id})
    if said is None:
        return entry
    guessed = {name for name, source in said.provenance.items() if source is Source.HEURISTIC}
    changes = {
        item.name: getattr(said.details, item.name)
        for item in fields(Details)
        if f"details.{item.name}" in said.provenance and f"details.{item.name}" not in guessed
    }
    operator = {name: Source.OPERATOR for name in said.provenance if name not in guessed}
    model = replace(
        entry.model,
        created=said.created or entry.model.created,
        capabilities={**entry.model.capabilities, **said.capabilities},
        details=replace(entry.model.details, **changes),
        provenance={**entry.model.provenance, **operator},
    )
    return replace(entry, model=model)
