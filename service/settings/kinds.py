"""The table of integration types: a new one is a model in a file of its own and a line here."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from service.settings.anthropic import AnthropicSettings
from service.settings.file import FileSettings
from service.settings.integration import IntegrationSettings
from service.settings.ollama import OllamaSettings
from service.settings.openai import OpenAISettings
from service.settings.openai_compatible import OpenAICompatibleSettings
from service.settings.plugin import PluginSettings, installed_types

INTEGRATION_TYPES: Final[Mapping[str, type[IntegrationSettings]]] = {
    "ollama": OllamaSettings,
    "openai": OpenAISettings,
    "anthropic": AnthropicSettings,
    "openai-compatible": OpenAICompatibleSettings,
    "file": FileSettings,
}
"""``type`` in the file → the model of its settings."""

PLUGIN: Final = "of a package"
"""Stands for every type that an installed package offers; no type can be written so."""
MODELS: Final[Mapping[str, type[IntegrationSettings]]] = {
    **INTEGRATION_TYPES,
    PLUGIN: PluginSettings,
}


def known_types() -> tuple[str, ...]:
    """Name every type that can be used here, our own ones first."""
    theirs = (name for name in installed_types() if name not in INTEGRATION_TYPES)
    return (*INTEGRATION_TYPES, *theirs)


class ByType:
    """Reads one integration by the model that its ``type`` names."""

    def __get_pydantic_core_schema__(
        self, _source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.tagged_union_schema(
            {name: handler.generate_schema(model) for name, model in MODELS.items()},
            discriminator=_model_for,
            from_attributes=False,
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        *ours, theirs = handler(schema)["oneOf"]
        other = {"properties": {"type": {"not": {"enum": list(INTEGRATION_TYPES)}}}}
        return {"oneOf": [*ours, {**theirs, **other}]}


def _model_for(given: Any) -> str | None:
    """Say by which model to read ``given``; a type that is none is given back."""
    if not isinstance(given, dict | IntegrationSettings):
        return next(iter(INTEGRATION_TYPES))  # whichever: it is no mapping, and is told so
    said = given.get("type", ...) if isinstance(given, dict) else given.type
    if said is ...:
        return None
    if not isinstance(said, str):
        return ""
    return PLUGIN if said not in INTEGRATION_TYPES and said in installed_types() else said
