"""What no setting can know alone: names that clash, a timeout that outlasts its interval.

Looked up in the plain values, so that these come in one go with what is wrong with single
settings. A value that is wrong by itself is left to its own complaint.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, NamedTuple

from service.settings.catalogue import CatalogueSettings
from service.settings.complaints import Labels, Steps, labelled
from service.settings.durations import seconds, written
from service.settings.errors import Complaint
from service.settings.places import place, quoted
from service.settings.sections import PollingSettings

_KEY_HEADERS: Final = {"anthropic": "x-api-key", "gemini": "x-goog-api-key"}
"""The header of the key, by engine or type; all others take it in Authorization."""


class _Span(NamedTuple):
    """A duration, where it stands, and whether it was set there or is the default."""

    steps: Steps
    value: float
    given: bool = True


def clashes(
    given: Mapping[Any, Any], labels: Labels, wrong: AbstractSet[str]
) -> Iterator[Complaint]:
    """Complain of settings that can't stand together. ``wrong``: paths that are wrong already."""

    def span(steps: Steps, default: float) -> _Span | None:
        section = _mapping(given.get(str(steps[0])))
        if labelled(steps, labels) in wrong:
            return None
        value = seconds(section.get(steps[-1], default))
        return None if value is None else _Span(steps, value, given=steps[-1] in section)

    polling, catalogue = PollingSettings(), CatalogueSettings()
    interval = span(("polling", "interval"), polling.interval)
    timeout = span(("polling", "timeout"), polling.timeout)
    stale = span(("catalogue", "stale_if_error"), catalogue.stale_if_error)
    longest = span(("catalogue", "max_stale"), catalogue.max_stale)
    yield from _order(timeout, interval, labels)
    yield from _order(stale, longest, labels, equal=True)
    yield from _catalogue(_mapping(given.get("catalogue")))
    listed = given.get("integrations")
    entries = [_mapping(item) for item in listed] if isinstance(listed, list) else []
    yield from _names(entries)
    for index, entry in enumerate(entries):
        at = ("integrations", index)
        yield from _timing(entry, at, (timeout, interval), labels, wrong)
        yield from _keys(entry, at)
        yield from _reading(entry, at)


def _names(entries: Sequence[Mapping[Any, Any]]) -> Iterator[Complaint]:
    seen: set[str] = set()
    for index, entry in enumerate(entries):
        name = entry.get("name")
        if isinstance(name, str) and name in seen:
            text = f"{quoted(name)} is used twice; names must be unique"
            yield Complaint(place(("integrations", index, "name")), text)
        elif isinstance(name, str):
            seen.add(name)


def _timing(
    entry: Mapping[Any, Any],
    at: Steps,
    inherited: tuple[_Span | None, _Span | None],
    labels: Labels,
    wrong: AbstractSet[str],
) -> Iterator[Complaint]:
    """Compare what one integration sets for itself with what it inherits."""
    spans = list(inherited)
    for place_in, name in enumerate(("timeout", "interval")):
        if entry.get(name) is not None:
            value = None if place((*at, name)) in wrong else seconds(entry[name])
            spans[place_in] = None if value is None else _Span((*at, name), value)
    if tuple(spans) != inherited:
        yield from _order(spans[0], spans[1], labels)


def _order(
    short: _Span | None, long: _Span | None, labels: Labels, *, equal: bool = False
) -> Iterator[Complaint]:
    """Complain where ``short`` is not the shorter one, at the one that was set nearest to it."""
    if short is None or long is None or short.value < long.value:
        return
    if equal and short.value == long.value:
        return
    inherits = short.steps[0] == "polling" and long.steps[0] != "polling"
    wrong, other, relation = short, long, "of at most" if equal else "below"
    if inherits or not short.given or (equal and long.given):
        wrong, other, relation = long, short, "of at least" if equal else "above"
    text = (
        f"expected a duration {relation} {labelled(other.steps, labels)} "
        f"({written(other.value)}), found {written(wrong.value)}"
    )
    yield Complaint(labelled(wrong.steps, labels), text)


def _catalogue(catalogue: Mapping[Any, Any]) -> Iterator[Complaint]:
    aliases = _mapping(catalogue.get("aliases"))
    for alias, target in aliases.items():
        if isinstance(target, str) and target in aliases:
            text = f"expected the id of a model, found {quoted(target)}, which is an alias itself"
            yield Complaint(place(("catalogue", "aliases", alias)), text)
    for name, override in _mapping(catalogue.get("overrides")).items():
        said = _mapping(override)
        if said.get("supports_tools") is not None and "tools" in _mapping(said.get("capabilities")):
            text = "capabilities.tools says the same and is set too; keep one of them"
            yield Complaint(place(("catalogue", "overrides", name, "supports_tools")), text)


def _keys(entry: Mapping[Any, Any], at: Steps) -> Iterator[Complaint]:
    named = [name for name in ("api_key_env", "api_key_file") if entry.get(name) is not None]
    if len(named) > 1:
        yield Complaint(place((*at, "api_key_file")), "api_key_env is set too; keep one of them")
    headers = [str(name).lower() for name in _mapping(entry.get("headers"))]
    if len(set(headers)) < len(headers):
        yield Complaint(place((*at, "headers")), "a header is set twice; case makes no difference")
    carrier = _KEY_HEADERS.get(str(entry.get("engine", entry.get("type"))), "Authorization")
    if named and carrier.lower() in headers:
        text = f"{named[0]} sets {carrier} too; keep one of them"
        yield Complaint(place((*at, "headers")), text)


def _reading(entry: Mapping[Any, Any], at: Steps) -> Iterator[Complaint]:
    engine = entry.get("engine")
    if entry.get("map") and isinstance(engine, str) and engine not in ("auto", "generic"):
        text = "map is set too, and says how the answer is read; keep one of them"
        yield Complaint(place((*at, "engine")), text)


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, dict) else {}
