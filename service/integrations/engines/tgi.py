"""Text Generation Inference (huggingface/text-generation-inference, router).

One model a server. Its list tells the name alone (``created`` is 0, ``owned_by`` the name once
more); ``/info`` tells the rest. The model may be named by its folder; requests need not name it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from service.core.canonical import described, integer
from service.core.model import Loaded, Model, Residence, Source
from service.integrations.engines.engine import Beside, Engine, Signs, always
from service.integrations.engines.openai_list import (
    Entry,
    mappings_in,
    read_with,
    without_directories,
)

_INFO: Final = "info"
_CAN: Final[Mapping[str, Mapping[str, bool]]] = {
    "text-generation": {"completion": True, "vision": False, "embedding": False},
    "image-text-to-text": {"completion": True, "vision": True, "embedding": False},
    "image-to-text": {"completion": True, "vision": True, "embedding": False},
}
"""What the tags of pipelines on the model hub mean."""


def _model(entry: Entry) -> Model | None:
    return described(
        without_directories(entry.get("id")), loaded=Loaded(), residence=Residence.LOADED
    )


def _enrich(models: tuple[Model, ...], beside: Beside) -> tuple[Model, ...]:
    info = beside.get(_INFO)
    if not isinstance(info, Mapping):
        return models
    context = integer(info.get("max_total_tokens"), floor=1) or integer(
        info.get("max_input_tokens"), floor=1
    )
    tag = info.get("model_pipeline_tag")
    can = _CAN.get(tag, {}) if isinstance(tag, str) else {}
    return tuple(_told(model, context, can) for model in models)


def _told(model: Model, context: int | None, can: Mapping[str, bool]) -> Model:
    sources = {f"capabilities.{name}": Source.DECLARED for name in can}
    if context is not None:
        sources["details.context_length"] = Source.DECLARED
    return replace(
        model,
        capabilities=can,
        details=replace(model.details, context_length=context),
        provenance={**model.provenance, **sources},
        loaded=Loaded(context_length=context),
    )


def _recognise(signs: Signs) -> bool | None:
    """A list like that may be anybody's: ``/info`` has the last word."""
    listed = mappings_in(signs.listed)
    named = signs.entry.get("id")
    like = len(listed) == 1 and signs.entry.get("created") == 0
    return None if like and named and signs.entry.get("owned_by") == named else False


def _is_info(document: Any) -> bool:
    return isinstance(document, Mapping) and {"model_id", "max_total_tokens"} <= document.keys()


TGI = Engine(
    name="tgi",
    read=read_with(_model),
    recognise=_recognise,
    signs=((_INFO, _is_info),),
    beside=always(_INFO),
    version=(_INFO, "version"),
    enrich=_enrich,
    fills_in=(
        ("details.context_length", "`max_total_tokens`, else `max_input_tokens`, of `/info`"),
        ("capabilities.completion", "`model_pipeline_tag` of `/info`"),
        ("capabilities.vision", "`model_pipeline_tag` of `/info`"),
        ("capabilities.embedding", "`model_pipeline_tag` of `/info`"),
        ("loaded", "its one model is loaded"),
        ("version", "`/info`"),
    ),
)
