"""The engines behind ``type: openai-compatible``, by name. The order is that of recognition."""

from collections.abc import Mapping
from typing import Final

from service.integrations.engines.engine import Engine, Signs
from service.integrations.engines.gemini import GEMINI
from service.integrations.engines.generic import GENERIC
from service.integrations.engines.litellm import LITELLM
from service.integrations.engines.llamacpp import LLAMACPP
from service.integrations.engines.lmstudio import LMSTUDIO
from service.integrations.engines.localai import LOCALAI
from service.integrations.engines.ollama_v1 import OLLAMA_V1
from service.integrations.engines.openrouter import OPENROUTER
from service.integrations.engines.sglang import SGLANG
from service.integrations.engines.tgi import TGI
from service.integrations.engines.vllm import VLLM

ENGINES: Final[Mapping[str, Engine]] = {
    engine.name: engine
    for engine in (
        GEMINI,
        OPENROUTER,
        VLLM,
        SGLANG,
        LLAMACPP,
        LITELLM,
        # LM Studio knows no path that it does not answer, and LocalAI speaks Ollama's language.
        LMSTUDIO,
        TGI,
        LOCALAI,
        OLLAMA_V1,
        GENERIC,
    )
}

__all__ = ["ENGINES", "GENERIC", "Engine", "Signs"]
