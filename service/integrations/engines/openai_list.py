"""OpenAI's list as strangers write it: entries found, and the little that all of them tell."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from service.core.canonical import (
    MODELS_CEILING,
    Canonical,
    canonical_list,
    described,
    integer,
)
from service.core.model import Loaded, Model, Residence
from service.core.reasons import Reason
from service.integrations.errors import BadAnswerError

Entry = Mapping[str, Any]

ENTRIES_CEILING: Final = 2 * MODELS_CEILING
"""Entries that are looked at: a list may be full of what is dropped, and the event loop waits."""
_SEPARATOR: Final = re.compile(r"[/\\]+")
_PATH: Final = re.compile(r"[/~\\]|\.\.?[/\\]|[a-z]:[/\\]|file:", re.IGNORECASE)
_FILE: Final = re.compile(r"\.(?:gguf|safetensors|bin)$", re.IGNORECASE)


def entries_of(document: Any) -> list[Any]:
    """Find the entries: under ``data``, else under ``models``, or the whole if it is a list.

    ``null`` is an empty list: several servers say "no models" so. An empty array with nothing
    around it is none: it may be a list of anything, and would empty the catalogue.

    Raises:
        BadAnswerError: ``bad_body``; there is no list.
    """
    found = document or None
    if isinstance(document, Mapping):
        found = document.get("data", document.get("models", ...))
        found = [] if found is None else found
    if not isinstance(found, list):
        raise BadAnswerError(Reason.BAD_BODY)
    return found


def mappings_in(document: Any) -> list[Entry]:
    """Pick the entries that are mappings; none where there is no list."""
    try:
        return [entry for entry in entries_of(document) if isinstance(entry, Mapping)]
    except BadAnswerError:
        return []


def read_with(model_from: Callable[[Entry], Model | None]) -> Callable[[Any], Canonical]:
    """Make a reader of lists out of a reader of one entry; what is no mapping is dropped.

    Raises, when it reads:
        BadAnswerError: ``bad_body``; there is no list, or it has entries and none is a model.
    """

    def read(document: Any) -> Canonical:
        listed = entries_of(document)
        checked = canonical_list(
            model_from(entry) if isinstance(entry, Mapping) else None
            for entry in listed[:ENTRIES_CEILING]
        )
        if listed and not checked.models:
            raise BadAnswerError(Reason.BAD_BODY)
        return replace(checked, truncated=True) if len(listed) > ENTRIES_CEILING else checked

    return read


def name_of(entry: Entry) -> object:
    """Give what an entry is called: ``id``, else ``name``."""
    return entry.get("id") or entry.get("name")


def plain_model(entry: Entry) -> Model | None:
    """Read an entry of which nothing but OpenAI's own fields can be trusted."""
    return described(name_of(entry), created=entry.get("created"))


def is_path(name: object) -> bool:
    """Say whether a name is one of a file or folder: ``/models/a``, ``weights/a.gguf``.

    ``meta-llama/Llama-3.1-8B`` is none: that is how models are called.
    """
    if not isinstance(name, str):
        return False
    named_file = _SEPARATOR.search(name) and _FILE.search(name)
    return bool(_PATH.match(name) or "\\" in name or named_file)


def without_directories(name: object) -> object:
    """Keep of a path what it ends in; how a server's disk is laid out is nobody's business."""
    if not isinstance(name, str) or not is_path(name):
        return name
    return _SEPARATOR.split(name.strip().rstrip("/\\"))[-1]


def unless_path(name: object) -> object:
    """Give a name that is none of a file or folder."""
    return None if is_path(name) else name


def served_model(entry: Entry) -> Model | None:
    """Read an entry of vLLM or SGLang, which serve what they list, with ``max_model_len``."""
    context = integer(entry.get("max_model_len"), floor=1)
    return described(
        entry.get("id"),
        details={"context_length": context},
        extras={"parent": unless_path(entry.get("parent"))},
        loaded=Loaded(context_length=context),
        residence=Residence.LOADED,
    )
