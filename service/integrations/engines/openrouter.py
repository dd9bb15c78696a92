"""OpenRouter (openrouter.ai/docs/api-reference/list-available-models).

Its list is public, so an answer does not prove the key. What it tells of a model holds for at
least one of the providers behind it.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from service.core.canonical import described, text
from service.core.model import Model
from service.integrations.engines.engine import Engine, Signs
from service.integrations.engines.openai_list import Entry, read_with

_LINK_CEILING: Final = 2048
_FIELDS_CEILING: Final = 8
_PARAMETERS: Final = {"tools": "tools", "thinking": "reasoning"}


def _model(entry: Entry) -> Model | None:
    architecture, provider = _mapping(entry, "architecture"), _mapping(entry, "top_provider")
    return described(
        entry.get("id"),
        created=entry.get("created"),
        capabilities=_capabilities(entry, architecture),
        details={"context_length": entry.get("context_length")},
        extras={
            "name": entry.get("name"),
            "max_output_tokens": provider.get("max_completion_tokens"),
            "input_modalities": architecture.get("input_modalities"),
            "output_modalities": architecture.get("output_modalities"),
            "pricing": entry.get("pricing"),
            "shutdown_date": entry.get("expiration_date"),
        },
    )


def _capabilities(entry: Entry, architecture: Entry) -> dict[str, bool]:
    """Read the modalities and parameters; a list that is empty or absent says nothing."""
    known = {}
    if takes := _words(architecture.get("input_modalities")):
        known["vision"] = "image" in takes
    if gives := _words(architecture.get("output_modalities")):
        known |= {"completion": "text" in gives, "embedding": "embeddings" in gives}
    if parameters := _words(entry.get("supported_parameters")):
        known |= {name: parameter in parameters for name, parameter in _PARAMETERS.items()}
    return known


def _mapping(entry: Entry, key: str) -> Entry:
    found = entry.get(key)
    return found if isinstance(found, Mapping) else {}


def _words(said: object) -> set[str]:
    return {word for word in said if isinstance(word, str)} if isinstance(said, list) else set()


def _recognise(signs: Signs) -> bool:
    return all(key in signs.entry for key in ("canonical_slug", "pricing", "top_provider"))


def _next_page(document: Any) -> dict[str, str] | None:
    """Take of the link to the next page its query alone: we ask whom we were told to ask."""
    links = _mapping(document, "links") if isinstance(document, Mapping) else {}
    link = text(links.get("next"), ceiling=_LINK_CEILING)
    try:
        query = urlsplit(link or "").query
        pairs = parse_qsl(query, max_num_fields=_FIELDS_CEILING)
    except ValueError:
        return None
    return {name: value for name, value in pairs if text(name) and text(value, ceiling=512)} or None


OPENROUTER = Engine(
    name="openrouter",
    read=read_with(_model),
    recognise=_recognise,
    hosts=("openrouter.ai",),
    next_page=_next_page,
    fills_in=(
        ("created", "`created`"),
        ("name", "`name`"),
        ("details.context_length", "`context_length`"),
        ("max_output_tokens", "`top_provider.max_completion_tokens`"),
        ("input_modalities", "`architecture.input_modalities`"),
        ("output_modalities", "`architecture.output_modalities`"),
        ("capabilities.completion", "`text` in `architecture.output_modalities`"),
        ("capabilities.embedding", "`embeddings` in `architecture.output_modalities`"),
        ("capabilities.vision", "`image` in `architecture.input_modalities`"),
        ("capabilities.tools", "`tools` in `supported_parameters`"),
        ("capabilities.thinking", "`reasoning` in `supported_parameters`"),
        ("pricing", "`pricing`"),
        ("shutdown_date", "`expiration_date`"),
    ),
)
