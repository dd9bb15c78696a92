"""LocalAI (mudler/LocalAI, core/http).

Its list tells names alone. Newer servers tell what each can do under ``/v1/models/capabilities``
(core/http/endpoints/openai, ``ModelCapabilitiesResponse``): use cases and modalities.
"""

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final

from service.core.canonical import described, extras_from
from service.core.model import Extras, Model, Source
from service.integrations.engines.engine import Beside, Engine, Signs, always
from service.integrations.engines.openai_list import Entry, mappings_in, name_of, read_with

_CAPABILITIES: Final = "v1/models/capabilities"
_VERSION: Final = "version"
_RELEASE: Final = re.compile(r"v\d+\.\d+\.\d+ \([0-9a-f]{7,40}\)")
"""``v3.1.0 (1a2b3c...)``: a release, and the commit it was made of."""


def _model(entry: Entry) -> Model | None:
    return described(name_of(entry))


def _enrich(models: tuple[Model, ...], beside: Beside) -> tuple[Model, ...]:
    told = {
        entry["id"]: entry
        for entry in mappings_in(beside.get(_CAPABILITIES))
        if isinstance(entry.get("id"), str)
    }
    return tuple(_told(model, told[model.id]) if model.id in told else model for model in models)


def _told(model: Model, entry: Entry) -> Model:
    extras = extras_from(
        {
            "input_modalities": entry.get("input_modalities"),
            "output_modalities": entry.get("output_modalities"),
        }
    )
    can = _capabilities(entry.get("capabilities"))
    sources = {f"capabilities.{name}": Source.DECLARED for name in can} | {
        item.name: Source.DECLARED for item in fields(Extras) if getattr(extras, item.name)
    }
    return replace(
        model, capabilities=can, extras=extras, provenance={**model.provenance, **sources}
    )


def _capabilities(said: object) -> dict[str, bool]:
    """Read the use cases; of tools they say nothing."""
    if not isinstance(said, list) or not said:
        return {}
    can = {
        "completion": "chat" in said or "completion" in said,
        "vision": "vision" in said,
        "embedding": "embeddings" in said,
    }
    rare = {"image": "image" in said, "audio": "transcript" in said or "tts" in said}
    return can | {name: True for name, has in rare.items() if has}


def _recognise(signs: Signs) -> bool | None:
    """So bare a list may be anybody's, and an empty one as well."""
    bare = all(entry.keys() == {"id", "object"} for entry in mappings_in(signs.listed))
    return None if bare else False


def _tells_capabilities(document: Any) -> bool:
    listed = mappings_in(document)
    return bool(listed) and all(
        isinstance(entry.get("capabilities"), list) and "id" in entry for entry in listed
    )


def _is_release(document: Any) -> bool:
    said = document.get("version") if isinstance(document, Mapping) else None
    return isinstance(said, str) and _RELEASE.fullmatch(said) is not None


LOCALAI = Engine(
    name="localai",
    read=read_with(_model),
    recognise=_recognise,
    signs=((_CAPABILITIES, _tells_capabilities), (_VERSION, _is_release)),
    beside=always(_VERSION, _CAPABILITIES),
    version=(_VERSION, "version"),
    enrich=_enrich,
    fills_in=(
        ("capabilities.completion", "`chat` or `completion` in `/v1/models/capabilities`"),
        ("capabilities.vision", "`vision` in `/v1/models/capabilities`"),
        ("capabilities.embedding", "`embeddings` in `/v1/models/capabilities`"),
        ("capabilities.image", "`image` in `/v1/models/capabilities`"),
        ("capabilities.audio", "`transcript` or `tts` in `/v1/models/capabilities`"),
        ("input_modalities", "`/v1/models/capabilities`"),
        ("output_modalities", "`/v1/models/capabilities`"),
        ("version", "`/version`"),
    ),
)
