"""llama.cpp's server (ggml-org/llama.cpp, tools/server), with one model or as a router of many.

``data`` is read and not ``models``, which is there for clients of Ollama and says little. In it
``created`` is the time of the request; a model may be called by the path of its file; a router
lists command lines and presets under ``status``, where keys may stand. None of these is passed on.

``/props`` tells more of the one model, and wakes no sleeper. A router is not asked for it: with a
model named it would load that one. Nor is the list asked to be read anew (``?reload=``).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from service.core.canonical import Canonical, described, integer
from service.core.model import Loaded, Model, Residence, Source
from service.core.reasons import Reason
from service.integrations.engines.engine import Beside, Engine, Paths, Signs
from service.integrations.engines.gguf import parameter_size, quantization_level
from service.integrations.engines.openai_list import (
    Entry,
    is_path,
    mappings_in,
    read_with,
    without_directories,
)
from service.integrations.errors import BadAnswerError

_PROPS: Final = "props"
_RESIDENCES: Final[Mapping[str, Residence]] = {
    "loaded": Residence.LOADED,
    "loading": Residence.LOADING,
    "sleeping": Residence.SLEEPING,
    "unloaded": Residence.UNLOADED,
    "downloading": Residence.UNLOADED,
    "downloaded": Residence.UNLOADED,
}


def _model(entry: Entry) -> Model | None:
    meta = _mapping(entry.get("meta"))
    modalities = _mapping(entry.get("architecture"))
    residence = _residence(entry)
    held = Loaded(context_length=integer(meta.get("n_ctx"), floor=1))
    return described(
        _name(entry),
        capabilities=_senses(modalities.get("input_modalities")),
        details={
            "size": meta.get("size"),
            "parameter_size": parameter_size(meta.get("n_params")),
            "quantization_level": quantization_level(meta.get("ftype")),
            "format": "gguf",  # it reads no other
            "context_length": meta.get("n_ctx_train"),
        },
        extras={
            "input_modalities": modalities.get("input_modalities"),
            "output_modalities": modalities.get("output_modalities"),
        },
        loaded=held if residence is Residence.LOADED else None if residence is None else False,
        residence=residence,
    )


def _name(entry: Entry) -> object:
    """Give the id; where that is the path of a file an alias, else the name of the file."""
    name = entry.get("id")
    if not is_path(name):
        return name
    aliases = entry.get("aliases")
    given = aliases if isinstance(aliases, list) else []
    named = (alias for alias in given if isinstance(alias, str) and alias and not is_path(alias))
    return next(named, without_directories(name))


def _senses(modalities: object) -> dict[str, bool]:
    """Read what a model takes in: the list is whole, so what is not in it is false."""
    if not isinstance(modalities, list) or not modalities:
        return {}
    return {"vision": "image" in modalities} | ({"audio": True} if "audio" in modalities else {})


def _residence(entry: Entry) -> Residence | None:
    if not _is_routed(entry):
        return Residence.LOADED
    said = entry["status"].get("value")
    return _RESIDENCES.get(said) if isinstance(said, str) else None


def _is_routed(entry: Entry) -> bool:
    return isinstance(entry.get("status"), Mapping)


def _read(document: Any) -> Canonical:
    """Read the list. Of the one model that is still being loaded it knows nothing but the name."""
    for entry in mappings_in(document):
        if "meta" in entry and entry["meta"] is None and not _is_routed(entry):
            raise BadAnswerError(Reason.LOADING)
    return _read_models(document)


_read_models: Final = read_with(_model)


def _beside(document: Any) -> Paths:
    listed = mappings_in(document)
    return () if any(_is_routed(entry) for entry in listed) or not listed else ((_PROPS,),)


def _enrich(models: tuple[Model, ...], beside: Beside) -> tuple[Model, ...]:
    props = _mapping(beside.get(_PROPS))
    return tuple(_told(model, props) for model in models) if props else models


def _told(model: Model, props: Mapping[str, Any]) -> Model:
    can, sources = {**model.capabilities}, {**model.provenance}
    senses = _mapping(props.get("modalities"))
    if isinstance(senses.get("vision"), bool):
        can["vision"], sources["capabilities.vision"] = senses["vision"], Source.DECLARED
    if senses.get("audio") is True:
        can["audio"], sources["capabilities.audio"] = True, Source.DECLARED
    tools = _takes_tools(_mapping(props.get("chat_template_caps")))
    if tools is not None:
        can["tools"], sources["capabilities.tools"] = tools, Source.TEMPLATE
    told = replace(model, capabilities=can, provenance=sources)
    if props.get("is_sleeping") is True:
        return replace(told, loaded=False, residence=Residence.SLEEPING)
    return told


def _takes_tools(caps: Mapping[str, Any]) -> bool | None:
    """A template must both offer tools and print calls of them (common/jinja/caps.h)."""
    said = [caps[key] for key in ("supports_tools", "supports_tool_calls") if key in caps]
    known = [has for has in said if isinstance(has, bool)]
    return all(known) if known else None


def _mapping(said: Any) -> Mapping[str, Any]:
    return said if isinstance(said, Mapping) else {}


def _recognise(signs: Signs) -> bool:
    return signs.entry.get("owned_by") == "llamacpp" or "llama.cpp" in signs.server


LLAMACPP = Engine(
    name="llamacpp",
    read=_read,
    recognise=_recognise,
    beside=_beside,
    version=(_PROPS, "build_info"),
    enrich=_enrich,
    fills_in=(
        ("details.context_length", "`meta.n_ctx_train`"),
        ("details.size", "`meta.size`"),
        ("details.parameter_size", "`meta.n_params`"),
        ("details.quantization_level", "`meta.ftype`"),
        ("details.format", "always `gguf`"),
        ("capabilities.vision", "`architecture.input_modalities`, `modalities` of `/props`"),
        ("capabilities.audio", "`architecture.input_modalities`, `modalities` of `/props`"),
        ("capabilities.tools", "`chat_template_caps` of `/props`, marked `template`"),
        ("input_modalities", "`architecture`"),
        ("output_modalities", "`architecture`"),
        ("loaded", "`meta.n_ctx`, `status` of a router, `is_sleeping` of `/props`"),
        ("version", "`build_info` of `/props`"),
    ),
)
