"""Any JSON over HTTP: an engine made of a map from facts to where they stand in the answer.

A path that leads nowhere is a fact that nobody told; an entry without an id is dropped. Numbers may
be written as text, as strangers do; everything is checked like any other entry.
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from service.core.canonical import Canonical, canonical_list, model_from
from service.core.model import ALL_CAPABILITIES, Model
from service.core.paths import followed, steps_of
from service.core.reasons import Reason
from service.integrations.engines.engine import Engine
from service.integrations.engines.openai_list import entries_of, name_of
from service.integrations.errors import BadAnswerError
from service.settings import FactName

_DETAILS: Final = frozenset(
    {"size", "family", "parameter_size", "quantization_level", "format", "context_length"}
)
_NUMBERS: Final = frozenset({"created", "context_length", "max_output_tokens"})
_DIGITS: Final = re.compile(r"[0-9]{1,16}")

_Paths = Mapping[str, tuple[str, ...]]


def engine_from(said: Mapping[FactName, str]) -> Engine:
    """Make an engine of ``map`` in the settings, which were checked there.

    Without ``list`` the models are looked for where OpenAI and most others have them, and without
    ``id`` under ``id`` or ``name``.
    """
    paths: _Paths = {fact: steps_of(path) for fact, path in said.items()}
    return Engine(name="map", read=partial(_read, paths), list_path="")


def _read(paths: _Paths, document: Any) -> Canonical:
    """Read the whole answer.

    Raises:
        BadAnswerError: ``bad_body``; there is no list, or it has entries and none is a model.
    """
    if "list" in paths:
        try:
            document = followed(document, paths["list"])
        except LookupError:
            raise BadAnswerError(Reason.BAD_BODY) from None
        listed = [] if document is None else document
        if not isinstance(listed, list):
            raise BadAnswerError(Reason.BAD_BODY)
    else:
        listed = entries_of(document)
    checked = canonical_list(_model(paths, entry) for entry in listed)
    if listed and not checked.models:
        raise BadAnswerError(Reason.BAD_BODY)
    return checked


def _model(paths: _Paths, entry: Any) -> Model | None:
    """Bring one entry into the form of our own list, and read that."""
    told = {fact: value for fact in paths if (value := _told(paths, fact, entry)) is not None}
    if "id" not in paths:
        told["id"] = name_of(entry) if isinstance(entry, Mapping) else entry
    capabilities = _capabilities(told.get("capabilities"))
    capabilities |= {key: told[key] for key in ALL_CAPABILITIES if key in told}
    details = {key: told[key] for key in _DETAILS if key in told}
    return model_from(told | {"capabilities": capabilities, "details": details})


def _told(paths: _Paths, fact: str, entry: Any) -> Any:
    try:
        value = followed(entry, paths[fact])
    except LookupError:
        return None
    return _number(value) if fact in _NUMBERS else value


def _number(value: Any) -> Any:
    """Read a number that was written as text, and leave out parts of a second."""
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, float) and abs(value) < 2**53:  # neither is NaN nor infinity
        return int(value)
    return value


def _capabilities(said: Any) -> dict[str, Any]:
    """Take what is known: a word that is missing from a stranger's list may have another name."""
    if isinstance(said, list):
        return {key: True for key in ALL_CAPABILITIES if key in said}
    return dict(said) if isinstance(said, Mapping) else {}
