"""Hostile until checked: what upstream sent, turned into facts of our own making.

Nothing passes through as it came. Text is bounded and free of control, bidirectional and surrogate
characters; numbers are finite integers in range; a bad entry is dropped and counted, and takes
nothing good with it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, Final

from service.core.family import family_from
from service.core.model import (
    ALL_CAPABILITIES,
    UNKNOWN_FAMILY,
    Details,
    Extras,
    Loaded,
    Model,
    Residence,
    Source,
)
from service.core.moment import rfc3339
from service.core.sizes import human_size, size_from_text

MODELS_CEILING: Final = 10_000
ID_CEILING: Final = 256
TEXT_CEILING: Final = 128
_INTEGER_CEILING: Final = 2**53 - 1
"""Above this, JavaScript and many JSON readers no longer tell integers apart."""

_FORBIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\uffff\U000e0000-\U000e007f]"
)
_FRACTION: Final = re.compile(r"(\.\d{6})\d+")
_WORDS_CEILING: Final = 16
_LAST_SECOND: Final = 253402300799
"""The end of the year 9999, after which no date can be written."""
_PRICES: Final = ("prompt", "completion", "request", "image", "input_cache_read")
_DECIMAL: Final = re.compile(r"\d{1,6}(\.\d{1,15})?")
_DIGEST: Final = re.compile(r"(?:sha256:)?([0-9a-f]{8,64})", re.IGNORECASE)


def text(value: object, *, ceiling: int = TEXT_CEILING) -> str | None:
    """Take ``value`` if it is printable text of 1 to ``ceiling`` characters; else ``None``."""
    if not isinstance(value, str):
        return None
    value = value.strip()
    if not value or len(value) > ceiling or _FORBIDDEN.search(value):
        return None
    return value


def integer(value: object, *, floor: int = 0) -> int | None:
    """Take ``value`` if it is a whole number, ``floor`` to 2^53-1: ``8192.0`` is, ``true`` not."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= _INTEGER_CEILING:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if floor <= value <= _INTEGER_CEILING else None


def unix_seconds(value: object) -> int:
    """Take Unix seconds or an RFC 3339 text; 0 for anything else, and for times before 1970."""
    if isinstance(value, str):
        return _from_rfc3339(value)
    return integer(value) or 0


def _from_rfc3339(value: str) -> int:
    if len(value) > TEXT_CEILING:
        return 0
    try:
        # Ollama writes up to nine digits of a second; Python keeps six.
        moment = datetime.fromisoformat(_FRACTION.sub(r"\1", value))
        moment = moment.replace(tzinfo=moment.tzinfo or UTC)
        return max(0, int(moment.timestamp()))
    except (ValueError, OverflowError):
        return 0


def digest(value: object) -> str | None:
    """Take a digest, with or without ``sha256:`` before it, as lower-case hex; else ``None``."""
    found = _DIGEST.fullmatch(value.strip()) if isinstance(value, str) else None
    return found[1].lower() if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Canonical:
    """What is left of a list after checking it.

    ``dropped`` counts the entries that were no models; ``truncated`` says that the list was longer
    than the limit. With entries but no models the list is unusable, which is the caller's to say.
    """

    models: tuple[Model, ...]
    dropped: int = 0
    truncated: bool = False


def canonical_list(candidates: Iterable[Model | None]) -> Canonical:
    """Collect parsed entries: ``None`` is counted as dropped, of duplicates the last one wins."""
    kept: dict[str, Model] = {}
    dropped = 0
    for candidate in candidates:
        if candidate is None:
            dropped += 1
            continue
        if candidate.id in kept:
            dropped += 1
        elif len(kept) >= MODELS_CEILING:
            return Canonical(models=tuple(kept.values()), dropped=dropped, truncated=True)
        kept[candidate.id] = candidate
    return Canonical(models=tuple(kept.values()), dropped=dropped)


def model_from(entry: object) -> Model | None:
    """Read one entry in the form of our own list; ``None`` if it has no usable ``id``.

    This is the way in for integrations that answer with plain dictionaries. Every field but ``id``
    is optional; a field of the wrong type counts as not given.
    """
    if isinstance(entry, Model):
        return entry if text(entry.id, ceiling=ID_CEILING) == entry.id else None
    if not isinstance(entry, Mapping):
        return None
    return described(
        entry.get("id"),
        created=entry.get("created"),
        capabilities=_capabilities(entry),
        details=entry.get("details"),
        extras=entry,
        digest_text=entry.get("digest"),
    )


def described(
    name: object,
    *,
    created: object = None,
    capabilities: Mapping[str, bool] | None = None,
    source: Source = Source.DECLARED,
    details: object = None,
    extras: object = None,
    digest_text: object = None,
    loaded: Loaded | bool | None = None,
    residence: Residence | None = None,
) -> Model | None:
    """Make a model of what a server said, whatever that is; ``None`` without a usable ``name``.

    ``details`` and ``extras`` are mappings with the names of the fields of ``Details`` and
    ``Extras``; what they hold is checked. ``capabilities`` are the caller's own words, known from
    ``source``.
    """
    checked = text(name, ceiling=ID_CEILING)
    if checked is None:
        return None
    made, provenance = details_from(checked, details)
    known = dict(capabilities or {})
    provenance |= {f"capabilities.{key}": source for key in known}
    seconds = unix_seconds(created)
    if seconds:
        provenance["created"] = Source.DECLARED
    more = extras_from(extras)
    provenance |= {
        item.name: Source.DECLARED for item in fields(more) if getattr(more, item.name) is not None
    }
    return Model(
        id=checked,
        created=seconds,
        capabilities=known,
        details=made,
        extras=more,
        provenance=provenance,
        digest=digest(digest_text),
        loaded=loaded,
        residence=residence,
    )


def extras_from(said: object) -> Extras:
    """Read what few servers tell out of a mapping with the names of the fields of ``Extras``."""
    given = said if isinstance(said, Mapping) else {}
    return Extras(
        name=text(given.get("name")),
        parent=text(given.get("parent"), ceiling=ID_CEILING),
        max_output_tokens=integer(given.get("max_output_tokens"), floor=1),
        input_modalities=_words(given.get("input_modalities")),
        output_modalities=_words(given.get("output_modalities")),
        pricing=_prices(given.get("pricing")),
        deprecated_at=_date(given.get("deprecated_at")),
        shutdown_date=_date(given.get("shutdown_date")),
    )


def _words(said: object) -> tuple[str, ...] | None:
    """Take a list of words such as modalities, in an order that does not depend on the server."""
    if not isinstance(said, list | tuple):
        return None
    words = {word for item in said[:_WORDS_CEILING] if (word := text(item, ceiling=32))}
    return tuple(sorted(words)) or None


def _prices(said: object) -> dict[str, str] | None:
    """Take prices as decimal text; negative ones, which mean "it depends", are no prices."""
    if not isinstance(said, Mapping):
        return None
    prices = {
        kind: price
        for kind in _PRICES
        if (price := text(said.get(kind), ceiling=32)) and _DECIMAL.fullmatch(price)
    }
    return prices or None


def _date(said: object) -> str | None:
    """Take a date or a time, as text or as Unix seconds, as ``2026-11-22T07:00:00Z``."""
    seconds = unix_seconds(said)
    return rfc3339(seconds) if 0 < seconds <= _LAST_SECOND else None


def _capabilities(entry: Mapping[str, Any]) -> dict[str, bool]:
    said = entry.get("capabilities")
    if isinstance(said, list | tuple | set | frozenset):
        return {key: key in said for key in ALL_CAPABILITIES}
    known = (
        {key: said[key] for key in ALL_CAPABILITIES if isinstance(said.get(key), bool)}
        if isinstance(said, Mapping)
        else {}
    )
    tools = entry.get("supports_tools")
    if isinstance(tools, bool):
        known.setdefault("tools", tools)
    return known


def details_from(name: str, said: object) -> tuple[Details, dict[str, Source]]:
    """Read the ``details`` object of an entry called ``name``, with the source of each fact.

    ``size`` may be bytes or printed text. A family that is not given is guessed from the name.
    """
    given = said if isinstance(said, Mapping) else {}
    size = given.get("size")
    details = Details(
        size=size_from_text(size) if isinstance(size, str) else human_size(integer(size) or 0),
        family=text(given.get("family")) or UNKNOWN_FAMILY,
        parameter_size=text(given.get("parameter_size")),
        quantization_level=_unless_unknown(given.get("quantization_level")),
        format=text(given.get("format")),
        context_length=integer(given.get("context_length"), floor=1),
    )
    return with_family(name, details)


def with_family(name: str, details: Details) -> tuple[Details, dict[str, Source]]:
    """Fill in a missing family from the name, and say of every known detail where it is from."""
    sources = {
        f"details.{item.name}": Source.DECLARED
        for item in fields(details)
        if getattr(details, item.name) not in (None, UNKNOWN_FAMILY)
    }
    if details.family != UNKNOWN_FAMILY:
        return details, sources
    guess = family_from(name)
    if guess == UNKNOWN_FAMILY:
        return details, sources
    guessed = replace(details, family=guess)
    return guessed, sources | {"details.family": Source.HEURISTIC}


def _unless_unknown(value: object) -> str | None:
    """Ollama writes ``unknown`` for a quantisation it can't name: that is nobody saying."""
    said = text(value)
    return None if said == "unknown" else said
