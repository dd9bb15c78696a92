"""Google's Gemini API (ai.google.dev/api/models).

The key goes into a header: as ``?key=`` it would end up in the logs of proxies.
"""

from collections.abc import Mapping
from typing import Any, Final

from service.core.canonical import described, text
from service.core.model import Model
from service.integrations.engines.engine import Engine, Signs
from service.integrations.engines.openai_list import Entry, mappings_in, read_with

_PAGE: Final = {"pageSize": "1000"}
_CURSOR_CEILING: Final = 1024
_METHODS: Final = "supportedGenerationMethods"
_CAPABILITIES: Final = {"completion": "generateContent", "embedding": "embedContent"}


def _model(entry: Entry) -> Model | None:
    return described(
        _id(entry),
        capabilities=_capabilities(entry),
        details={"context_length": entry.get("inputTokenLimit")},
        extras={
            "name": entry.get("displayName"),
            "max_output_tokens": entry.get("outputTokenLimit"),
        },
    )


def _id(entry: Entry) -> str | None:
    """Give what requests call it: the name less its collection, else that of its base model.

    Below ``/openai`` it stands under ``id``.
    """
    said = (text(entry.get(key), ceiling=512) for key in ("name", "id", "baseModelId"))
    name = next(filter(None, said), None)
    return None if name is None else name.removeprefix("models/")


def _capabilities(entry: Entry) -> dict[str, bool]:
    """Read the methods, which are all that a model has, and whether it thinks."""
    methods, thinking = entry.get(_METHODS), entry.get("thinking")
    known = {}
    if isinstance(methods, list) and methods:
        known = {name: method in methods for name, method in _CAPABILITIES.items()}
    return known | ({"thinking": thinking} if isinstance(thinking, bool) else {})


def _recognise(signs: Signs) -> bool:
    return any(isinstance(entry.get(_METHODS), list) for entry in mappings_in(signs.listed))


def _next_page(document: Any) -> dict[str, str] | None:
    said = document.get("nextPageToken") if isinstance(document, Mapping) else None
    token = text(said, ceiling=_CURSOR_CEILING)
    return None if token is None else {**_PAGE, "pageToken": token}


GEMINI = Engine(
    name="gemini",
    read=read_with(_model),
    recognise=_recognise,
    hosts=("generativelanguage.googleapis.com",),
    query=_PAGE,
    next_page=_next_page,
    key_header="x-goog-api-key",
    fills_in=(
        ("id", "`name` without `models/`"),
        ("name", "`displayName`"),
        ("details.context_length", "`inputTokenLimit`"),
        ("max_output_tokens", "`outputTokenLimit`"),
        ("capabilities.completion", "`generateContent` in `supportedGenerationMethods`"),
        ("capabilities.embedding", "`embedContent` in `supportedGenerationMethods`"),
        ("capabilities.thinking", "`thinking`"),
    ),
)
