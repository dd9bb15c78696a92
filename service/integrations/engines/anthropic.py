"""Anthropic (anthropics/anthropic-sdk-python, types/model_info.py).

Older servers send only type, id, display name and date. Dates are the epoch where unknown.
``server_tools`` are tools that Anthropic runs: it is no word on tools of the client's, and no other
key speaks of those, so that stays unknown here.
"""

from collections.abc import Mapping
from typing import Any, Final

from service.core.canonical import described, text
from service.core.model import Model
from service.integrations.engines.engine import Engine
from service.integrations.engines.openai_list import Entry, entries_of, read_with

_PAGE: Final = {"limit": "1000"}
_CURSOR_CEILING: Final = 256
_CAPABILITIES: Final = {"vision": "image_input", "thinking": "thinking"}


def _model(entry: Entry) -> Model | None:
    return described(
        entry.get("id"),
        created=entry.get("created_at", entry.get("created")),
        capabilities=_capabilities(entry),
        details={"context_length": entry.get("max_input_tokens")},
        extras={
            "name": entry.get("display_name"),
            "max_output_tokens": entry.get("max_tokens"),
            "deprecated_at": entry.get("deprecated_at"),
            "shutdown_date": entry.get("retires_at"),
        },
    )


def _capabilities(entry: Entry) -> dict[str, bool]:
    """Read what is supported.

    The list is that of the Messages API, so by listing a Claude the server says that it completes.
    Proxies list other models in the same form, some of them for embeddings.
    """
    known = {"completion": True} if "claude" in str(entry.get("id")).lower() else {}
    said = entry.get("capabilities")
    for name, key in _CAPABILITIES.items():
        found = said.get(key) if isinstance(said, Mapping) else None
        supported = found.get("supported") if isinstance(found, Mapping) else None
        if isinstance(supported, bool):
            known[name] = supported
    return known


def _next_page(document: Any) -> dict[str, str] | None:
    """Go on after the last entry for as long as there is more."""
    if not isinstance(document, Mapping) or document.get("has_more") is not True:
        return None
    last = text(document.get("last_id"), ceiling=_CURSOR_CEILING) or _last_id(document)
    return None if last is None else {**_PAGE, "after_id": last}


def _last_id(document: Any) -> str | None:
    entries = entries_of(document)
    last = entries[-1] if entries else None
    return text(last.get("id"), ceiling=_CURSOR_CEILING) if isinstance(last, Mapping) else None


ANTHROPIC = Engine(
    name="anthropic",
    read=read_with(_model),
    query=_PAGE,
    next_page=_next_page,
    key_header="x-api-key",
    fills_in=(
        ("created", "`created_at`"),
        ("name", "`display_name`"),
        ("details.context_length", "`max_input_tokens`"),
        ("max_output_tokens", "`max_tokens`"),
        ("capabilities.completion", "being listed, for every Claude"),
        ("capabilities.vision", "`capabilities.image_input`"),
        ("capabilities.thinking", "`capabilities.thinking`"),
        ("deprecated_at", "`deprecated_at`"),
        ("shutdown_date", "`retires_at`"),
    ),
)
"""No engine to choose: it is what ``type: anthropic`` talks to."""
