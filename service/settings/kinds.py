"""The table of integration types: a new one is a model in a file of its own and a line here."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

from service.settings.integration import IntegrationSettings
from service.settings.ollama import OllamaSettings

INTEGRATION_TYPES: Final[Mapping[str, type[IntegrationSettings]]] = {"ollama": OllamaSettings}
"""``type`` in the file → the model of its settings."""


class ByType:
    """Reads one integration by the model that its ``type`` names."""

    def __get_pydantic_core_schema__(
        self, _source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.tagged_union_schema(
            {name: handler.generate_schema(model) for name, model in INTEGRATION_TYPES.items()},
            discriminator="type",
            from_attributes=False,
        )
