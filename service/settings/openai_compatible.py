"""The settings of an integration of type ``openai-compatible``."""

from typing import Annotated, Literal

from pydantic import Field

from service.settings.fields import OneOf
from service.settings.integration import HttpIntegrationSettings
from service.settings.model_map import ModelMap
from service.settings.urls import ApiUrl

EngineName = Literal[
    "auto",
    "generic",
    "vllm",
    "llamacpp",
    "lmstudio",
    "sglang",
    "tgi",
    "localai",
    "litellm",
    "openrouter",
    "gemini",
    "ollama",
]


class OpenAICompatibleSettings(HttpIntegrationSettings):
    """One server that speaks OpenAI's list, or any JSON by `map`."""

    type: Literal["openai-compatible"]
    """What it talks to: openai-compatible. Required."""
    base_url: ApiUrl
    """Where the API begins, such as http://gpu-1:8000/v1; /v1 is added to a bare host. Required."""
    engine: Annotated[EngineName, OneOf()] = "auto"
    """Which server it is; auto finds out. Default: auto."""
    map: ModelMap = Field(default_factory=dict)
    """For any other answer in JSON: from a fact (list, id, created, context_length and more) to the
    path where it stands in the answer, dots between its steps; base_url is then asked as it stands.
    Default: none."""
