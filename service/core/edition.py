"""An edition: one snapshot and every byte printed from it. Handlers read editions and nothing else.

Editions are printed when facts change. Pages whose bytes stay the same are taken over from the
edition before, so an unchanged catalogue keeps its ETag and costs no compression.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson

from service.core.catalogue import Catalogue, Entry, Rules, compose
from service.core.moment import Moment
from service.core.page import Page, page
from service.core.printing import (
    detail_document,
    dump,
    health_document,
    integration_document,
    join_list,
    print_entries,
)
from service.core.reading import Freshness, Reading, freshness, freshness_edges
from service.core.snapshot import Snapshot

HEALTH_CEILING: Final = 64 * 1024
"""Bytes of a health answer at the most: probes must stay cheap for whoever reads them."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a health question needs of one integration: its reading, its age, its printed entry."""

    reading: Reading
    freshness: Freshness | None
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """Everything there is to answer with.

    ``warm`` is false until there is something to serve: the first models, or the end of the grace
    period. ``changed`` is the moment at which the catalogue became what it is, ``oldest`` the
    monotonic time of the oldest fragment in it, ``None`` when nothing in it has an age.
    """

    warm: bool = False
    catalogue: Catalogue = field(default_factory=Catalogue)
    printed: Mapping[str, tuple[Entry, bytes]] = field(default_factory=dict)
    models: Page = field(default_factory=lambda: page(join_list([])))
    changed: Moment = field(default_factory=lambda: Moment(0.0, 0.0))
    sources: frozenset[str] = frozenset()
    """The integrations that anything in the catalogue can be had from."""
    oldest: float | None = None
    standings: Mapping[str, Standing] = field(default_factory=dict)
    health: Page = field(default_factory=lambda: page(b"{}", compress=False))
    integrations: Page = field(default_factory=lambda: page(_integrations_body([], [])))
    integration: Mapping[str, Page] = field(default_factory=dict)
    expires: float | None = None
    basis: object = None
    """What the catalogue was composed from; while it stays equal, so does the catalogue."""
    details: dict[str, Page] = field(default_factory=dict)
    parts: dict[str, Page] = field(default_factory=dict)
    """Both filled when first asked for, never larger than the catalogue, and gone with it."""

    @property
    def freshness(self) -> Freshness:
        """The worst freshness of anything listed."""
        ages = {entry.freshness for entry in self.catalogue.entries}
        return max(ages, key=list(Freshness).index, default=Freshness.FRESH)

    def entries(self, wanted: Callable[[Entry], bool]) -> list[tuple[Entry, bytes]]:
        """List the entries that ``wanted`` picks, with their printed bytes, in catalogue order."""
        return [pair for pair in self.printed.values() if wanted(pair[0])]

    def detail(self, model_id: str) -> Page | None:
        """Give the page of one model, ``None`` where there is no such model."""
        if model_id not in self.details:
            found = self.printed.get(model_id)
            if found is None:
                return None
            placements = self.catalogue.placements.get(model_id, {})
            twins = self.catalogue.twins.get(model_id, ())
            self.details[model_id] = page(dump(detail_document(found[0], placements, twins)))
        return self.details[model_id]

    def part(self, integration: str) -> Page:
        """Give the page of the models that can be had from one integration."""
        if integration not in self.parts:
            listed = self.entries(lambda entry: integration in entry.integrations)
            self.parts[integration] = page(join_list(body for _, body in listed))
        return self.parts[integration]

    @property
    def servable(self) -> bool:
        """Whether there is a list to give; an empty one only where upstream said so itself."""
        return self.warm and (self.catalogue.answered or bool(self.printed))


def print_edition(
    snapshot: Snapshot, *, rules: Rules, now: Moment, warm: bool, before: Edition
) -> Edition:
    """Print the edition of ``snapshot`` as it stands ``now``, reusing what ``before`` printed."""
    readings = list(snapshot)
    standings = {
        reading.name: _standing(reading, rules, now.mono, before=before.standings.get(reading.name))
        for reading in readings
    }
    basis = rules, _basis(standings.values())
    known = before.warm and basis == before.basis
    catalogue = before.catalogue if known else compose(snapshot, rules, mono=now.mono)
    printed = before.printed if known else print_entries(catalogue, before.printed)
    models = before.models if known else _same_or_new(before.models, _models_body(printed))
    changed = before.changed if before.warm and models is before.models else now
    sources = before.sources if known else _sources(catalogue)
    listed = [dump(integration_document(reading)) for reading in readings]
    return Edition(
        warm=warm,
        catalogue=catalogue,
        printed=printed,
        models=models,
        changed=changed,
        sources=sources,
        oldest=_oldest(sources, readings),
        standings=standings,
        health=page(health_body(standings.values()), compress=False),
        integrations=_same_or_new(before.integrations, _integrations_body(readings, listed)),
        integration={
            reading.name: _same_or_new(before.integration.get(reading.name), body)
            for reading, body in zip(readings, listed, strict=True)
        },
        expires=_next_edge(readings, rules, now.mono),
        basis=basis,
        details=before.details if known else {},
        parts=before.parts if known else {},
    )


def health_body(standings: Iterable[Standing]) -> bytes:
    """Join the printed health entries, bounded: probes read them.

    Where it gets too long, only the state of each is told; where even that is too much, of as many
    as there is room for, the unwell ones first.
    """
    chosen = list(standings)
    body = b"{" + b",".join(dump(s.reading.name) + b":" + s.body for s in chosen) + b"}"
    if len(body) <= HEALTH_CEILING:
        return body
    short, room = [], HEALTH_CEILING - len(b"{}")
    for reading in sorted((s.reading for s in chosen), key=lambda r: r.health.state.usable):
        state = reading.health.state
        told = dump(reading.name) + b":" + dump({"available": state.usable, "status": str(state)})
        room -= len(told) + len(b",")
        if room < 0:
            break
        short.append(told)
    return b"{" + b",".join(short) + b"}"


def _basis(standings: Iterable[Standing]) -> object:
    """Gather what ``compose`` looks at, and nothing that moves with every poll."""
    return [
        (
            s.reading.name,
            s.reading.policy,
            s.reading.health.state.usable,
            s.freshness,
            s.reading.models,
        )
        for s in standings
    ]


def _models_body(printed: Mapping[str, tuple[Entry, bytes]]) -> bytes:
    return join_list(body for _, body in printed.values())


def _same_or_new(before: Page | None, body: bytes) -> Page:
    return before if before is not None and before.identity.body == body else page(body)


def _standing(reading: Reading, rules: Rules, mono: float, *, before: Standing | None) -> Standing:
    age = freshness(
        reading, mono=mono, stale_if_error=rules.stale_if_error, max_stale=rules.max_stale
    )
    if before is not None and before.reading is reading and before.freshness is age:
        return before
    return Standing(reading, age, dump(health_document(reading, age)))


def _integrations_body(readings: list[Reading], listed: list[bytes]) -> bytes:
    names = {
        "integrations": [reading.name for reading in readings],
        "available": [reading.name for reading in readings if reading.health.state.usable],
    }
    return dump(names | {"data": [orjson.Fragment(body) for body in listed]})


def _sources(catalogue: Catalogue) -> frozenset[str]:
    """Name the integrations that anything listed can be had from."""
    return frozenset(name for entry in catalogue.entries for name in entry.integrations)


def _oldest(sources: frozenset[str], readings: list[Reading]) -> float | None:
    return min(
        (r.last_ok.mono for r in readings if r.name in sources and r.last_ok is not None),
        default=None,
    )


def _next_edge(readings: list[Reading], rules: Rules, mono: float) -> float | None:
    """When time alone will next change what is printed."""
    edges = (
        edge
        for reading in readings
        for edge in freshness_edges(
            reading, stale_if_error=rules.stale_if_error, max_stale=rules.max_stale
        )
    )
    return min((edge for edge in edges if edge > mono), default=None)
