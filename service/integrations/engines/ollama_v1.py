"""Ollama by its ``/v1`` (ollama/ollama, openai/openai.go), for those who can reach nothing else.

``type: ollama`` tells far more. Here ``created`` is when the model was changed, in seconds, and far
below zero where that is not known; ``data`` is ``null`` where there are no models.
"""

from collections.abc import Mapping
from typing import Any, Final

from service.integrations.engines.engine import Engine, Signs, always
from service.integrations.engines.openai_list import Entry, mappings_in, plain_model, read_with

_VERSION: Final = "api/version"
_KEYS: Final = frozenset({"id", "object", "created", "owned_by"})


def _recognise(signs: Signs) -> bool | None:
    """``library`` is the namespace of all models that Ollama itself offers.

    Without one of those, look closer where each has a tag, or where there are none.
    """
    listed = mappings_in(signs.listed)
    if any(entry.get("owned_by") == "library" for entry in listed):
        return True
    return None if all(_has_tag(entry) for entry in listed) else False


def _has_tag(entry: Entry) -> bool:
    name = entry.get("id")
    return entry.keys() == _KEYS and isinstance(name, str) and ":" in name


def _is_version(document: Any) -> bool:
    return isinstance(document, Mapping) and isinstance(document.get("version"), str)


OLLAMA_V1 = Engine(
    name="ollama",
    read=read_with(plain_model),
    recognise=_recognise,
    signs=((_VERSION, _is_version),),
    beside=always(_VERSION),
    version=(_VERSION, "version"),
    fills_in=(
        ("created", "`created`"),
        ("version", "`/api/version`"),
    ),
)
