"""From facts to JSON: the exact shapes of the API, as dictionaries and as bytes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import orjson

from service.core.catalogue import Catalogue, Entry
from service.core.model import CAPABILITIES, RARE_CAPABILITIES, Loaded, Model
from service.core.moment import rfc3339
from service.core.reading import Freshness, Reading


def entry_document(entry: Entry) -> dict[str, Any]:
    """Give one entry as ``/v1/models`` lists it."""
    document = _facts(entry.model, entry.owned_by) | {
        "integrations": list(entry.integrations),
        "available": entry.available,
        "freshness": str(entry.freshness),
    }
    if entry.alias_of is not None:
        document["alias_of"] = entry.alias_of
    return document


def model_document(model: Model, *, owned_by: str) -> dict[str, Any]:
    """Give one model of one integration in the OpenAI form, as the library's callers get it."""
    return _facts(model, owned_by) | {"digest": model.digest}


def _facts(model: Model, owned_by: str) -> dict[str, Any]:
    known = model.capabilities
    tools = known.get("tools") is True
    details = asdict(model.details)
    return {
        "id": model.id,
        "object": "model",
        "created": model.created,
        "owned_by": owned_by,
        "supports_agent": tools and known.get("completion") is True,
        "supports_tools": tools,
        "capabilities": {name: known.get(name) for name in CAPABILITIES}
        | {name: True for name in RARE_CAPABILITIES if known.get(name)},
        "details": details,
    } | {name: value for name, value in asdict(model.extras).items() if value is not None}


def detail_document(
    entry: Entry, placements: Mapping[str, Model], twins: Sequence[str] = ()
) -> dict[str, Any]:
    """Give one entry as ``/v1/models/{id}`` shows it: with sources, and what differs by place.

    ``twins`` are other ids under which the same weights are listed.
    """
    return entry_document(entry) | {
        "provenance": {
            name: str(source) for name, source in sorted(entry.model.provenance.items())
        },
        "per_integration": {name: _placement(model) for name, model in placements.items()},
        "same_weights": list(twins),
    }


def _placement(model: Model) -> dict[str, Any]:
    held = model.loaded if isinstance(model.loaded, Loaded) else Loaded()
    return {
        "digest": model.digest,
        "loaded": True if isinstance(model.loaded, Loaded) else model.loaded,
        "state": None if model.residence is None else str(model.residence),
        "size_vram": held.size_vram,
        "loaded_context_length": held.context_length,
    }


def integration_document(reading: Reading) -> dict[str, Any]:
    """Give one integration as ``/v1/integrations/{name}`` shows it."""
    return {
        "name": reading.name,
        "type": reading.type,
        "status": str(reading.health.state),
        "available": reading.health.state.usable,
        "version": reading.version,
        "models": len(reading.models),
    }


def health_document(reading: Reading, age: Freshness | None) -> dict[str, Any]:
    """Give one integration's entry in ``/v1/integrations/health``."""
    health = reading.health
    return {
        "available": health.state.usable,
        "version": reading.version,
        "status": str(health.state),
        "reason": None if health.reason is None else str(health.reason),
        "since": rfc3339(health.since or None),
        "last_success": rfc3339(reading.last_ok.wall if reading.last_ok else None),
        "freshness": None if age is None else str(age),
        "models": len(reading.models),
        "latency_ms": None if reading.latency is None else round(reading.latency * 1000, 1),
    }


def dump(document: object) -> bytes:
    """Print strict JSON in UTF-8."""
    return orjson.dumps(document)


def print_entries(
    catalogue: Catalogue, before: Mapping[str, tuple[Entry, bytes]]
) -> dict[str, tuple[Entry, bytes]]:
    """Print every entry, taking over the bytes of those that have not changed since ``before``."""
    printed: dict[str, tuple[Entry, bytes]] = {}
    for entry in catalogue.entries:
        old = before.get(entry.id)
        printed[entry.id] = old if old and old[0] == entry else (entry, dump(entry_document(entry)))
    return printed


def join_list(bodies: Iterable[bytes], tail: Mapping[str, Any] | None = None) -> bytes:
    """Join printed entries into a list object, with further members after ``data``."""
    more = b"," + dump(tail)[1:] if tail else b"}"
    return b'{"object":"list","data":[' + b",".join(bodies) + b"]" + more
