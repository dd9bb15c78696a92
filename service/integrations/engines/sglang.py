"""SGLang (sgl-project/sglang, srt/entrypoints).

``/health`` is never asked: by default it generates a token. Nor is ``/server_info``, whose answer
may hold the server's keys.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from service.core.model import Model, Source
from service.integrations.engines.engine import Beside, Engine, Paths, Signs
from service.integrations.engines.openai_list import read_with, served_model

_INFO: Final = "model_info"
_BESIDE: Final[Paths] = ((_INFO, "get_model_info"),)
"""The second is what servers of before 2026 call it; newer ones log a complaint about it."""


def _enrich(models: tuple[Model, ...], beside: Beside) -> tuple[Model, ...]:
    """Add what the one model of the server can do; its adapters can do the same."""
    can = _capabilities(beside.get(_INFO))
    sources = {f"capabilities.{name}": Source.DECLARED for name in can}
    return tuple(
        replace(model, capabilities=can, provenance={**model.provenance, **sources})
        for model in models
    )


def _capabilities(info: Any) -> dict[str, bool]:
    if not isinstance(info, Mapping):
        return {}
    can: dict[str, bool] = {}
    generates = info.get("is_generation")
    if isinstance(generates, bool):
        can["completion"] = generates
        if generates:
            # What does not generate may embed, or give rewards: it does not say which.
            can["embedding"] = False
    sees = info.get("has_image_understanding")
    if isinstance(sees, bool):
        can["vision"] = sees
    if info.get("has_audio_understanding") is True:
        can["audio"] = True
    return can


def _recognise(signs: Signs) -> bool:
    return signs.entry.get("owned_by") == "sglang"


SGLANG = Engine(
    name="sglang",
    read=read_with(served_model),
    recognise=_recognise,
    beside=lambda _: _BESIDE,
    enrich=_enrich,
    fills_in=(
        ("details.context_length", "`max_model_len`"),
        ("parent", "`parent` of a LoRA adapter"),
        ("loaded", "listed is loaded, with `max_model_len`"),
        ("capabilities.completion", "`is_generation` of `/model_info`"),
        ("capabilities.vision", "`has_image_understanding` of `/model_info`"),
        ("capabilities.audio", "`has_audio_understanding` of `/model_info`"),
    ),
)
