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
from service.core.model import ALL_CAPABILITIES, UNKNOWN_FAMILY, Details, Model, Source
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
    name = text(entry.get("id"), ceiling=ID_CEILING)
    if name is None:
        return None
    capabilities = _capabilities(entry)
    details, provenance = details_from(name, entry.get("details"))
    provenance |= {f"capabilities.{key}": Source.DECLARED for key in capabilities}
    created = unix_seconds(entry.get("created"))
    return Model(
        id=name,
        created=created,
        capabilities=capabilities,
        details=details,
        provenance=provenance | ({"created": Source.DECLARED} if created else {}),
        digest=digest(entry.get("digest")),
    )


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
