"""LM Studio (lmstudio.ai/docs/developer/rest): three lists, the newest tells the most.

``/api/v1/models`` since 0.4.0, ``/api/v0/models`` since 0.3.6, and OpenAI's. Any path that it does
not know is answered with 200 and ``{"error": ...}`` (lmstudio-bug-tracker #618, #1323), so it is
the shape of an answer that counts, never its status; and there is no health path to ask.
"""

from collections.abc import Mapping
from typing import Any, Final

from service.core.canonical import described, integer
from service.core.model import Loaded, Model, Residence
from service.integrations.engines.engine import Engine, Signs
from service.integrations.engines.openai_list import Entry, mappings_in, name_of, read_with

_V1: Final = "api/v1/models"
_V0: Final = "api/v0/models"
_TYPES: Final[Mapping[str, Mapping[str, bool]]] = {
    "llm": {"completion": True, "vision": False, "embedding": False},
    "vlm": {"completion": True, "vision": True, "embedding": False},
    "embeddings": {"completion": False, "vision": False, "embedding": True},
    "embedding": {"completion": False, "vision": False, "embedding": True},
}


_Place = tuple[Loaded | bool | None, Residence | None]
_UNKNOWN: Final[_Place] = (None, None)
_AWAY: Final[_Place] = (False, Residence.UNLOADED)


def _model(entry: Entry) -> Model | None:
    if "key" in entry:
        return _from_v1(entry)
    return _from_v0(entry) if "type" in entry else described(name_of(entry))


def _from_v1(entry: Entry) -> Model | None:
    said = _mapping(entry.get("capabilities"))
    can = {**_by_type(entry)}
    for ours, theirs in (("vision", "vision"), ("tools", "trained_for_tool_use")):
        if isinstance(said.get(theirs), bool):
            can[ours] = said[theirs]
    if isinstance(said.get("reasoning"), Mapping):
        can["thinking"] = True
    loaded, residence = _instances(entry.get("loaded_instances"))
    return described(
        entry.get("key"),
        capabilities=can,
        details={
            "size": entry.get("size_bytes"),
            "family": entry.get("architecture"),
            "parameter_size": entry.get("params_string"),
            "quantization_level": _mapping(entry.get("quantization")).get("name"),
            "format": entry.get("format"),
            "context_length": entry.get("max_context_length"),
        },
        extras={"name": entry.get("display_name")},
        loaded=loaded,
        residence=residence,
    )


def _from_v0(entry: Entry) -> Model | None:
    can = {**_by_type(entry)}
    said = entry.get("capabilities")
    if isinstance(said, list):
        can["tools"] = "tool_use" in said
    state = entry.get("state")
    loaded, residence = _UNKNOWN
    if state == "loaded":
        loaded, residence = _held(entry.get("loaded_context_length"))
    elif state == "not-loaded":
        loaded, residence = _AWAY
    return described(
        entry.get("id"),
        capabilities=can,
        details={
            "family": entry.get("arch"),
            "quantization_level": entry.get("quantization"),
            "format": entry.get("compatibility_type"),
            "context_length": entry.get("max_context_length"),
        },
        loaded=loaded,
        residence=residence,
    )


def _instances(said: Any) -> _Place:
    """Read what is in memory: a model can be there more than once, the first one is told of."""
    if not isinstance(said, list):
        return _UNKNOWN
    if not said:
        return _AWAY
    return _held(_mapping(_mapping(said[0]).get("config")).get("context_length"))


def _held(context: object) -> _Place:
    return Loaded(context_length=integer(context, floor=1)), Residence.LOADED


def _by_type(entry: Entry) -> Mapping[str, bool]:
    said = entry.get("type")
    return _TYPES.get(said, {}) if isinstance(said, str) else {}


def _mapping(said: Any) -> Mapping[str, Any]:
    return said if isinstance(said, Mapping) else {}


def _recognise(signs: Signs) -> bool | None:
    """Where models are listed only once loaded, the list is empty: its other lists tell."""
    if not mappings_in(signs.listed):
        return None
    return signs.entry.get("owned_by") == "organization_owner"


def _is_v1(document: Any) -> bool:
    listed = _mapping(document).get("models")
    return isinstance(listed, list) and all("key" in _mapping(entry) for entry in listed)


def _is_v0(document: Any) -> bool:
    listed = _mapping(document).get("data")
    return isinstance(listed, list) and all("state" in _mapping(entry) for entry in listed)


LMSTUDIO = Engine(
    name="lmstudio",
    read=read_with(_model),
    recognise=_recognise,
    signs=((_V1, _is_v1), (_V0, _is_v0)),
    root_list_paths=(_V1, _V0),
    fills_in=(
        ("details.context_length", "`max_context_length` of `/api/v1/models`, `/api/v0/models`"),
        ("details.family", "`architecture` or `arch` there"),
        ("details.quantization_level", "`quantization` there"),
        ("details.format", "`format` or `compatibility_type` there"),
        ("details.size", "`size_bytes` of `/api/v1/models`"),
        ("details.parameter_size", "`params_string` of `/api/v1/models`"),
        ("name", "`display_name` of `/api/v1/models`"),
        ("capabilities.completion", "`type` there"),
        ("capabilities.embedding", "`type` there"),
        ("capabilities.vision", "`capabilities.vision`, else `type`, there"),
        ("capabilities.tools", "`trained_for_tool_use` or `tool_use` in `capabilities` there"),
        ("capabilities.thinking", "`capabilities.reasoning` of `/api/v1/models`"),
        ("loaded", "`loaded_instances`, or `state` and `loaded_context_length`, there"),
    ),
)
