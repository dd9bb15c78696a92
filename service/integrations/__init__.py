"""The only room that talks to upstreams: one contract, one file for each kind of service.

``INTEGRATIONS`` is the table from the type's name in the configuration to its class.
"""

from collections.abc import Mapping
from typing import Final

from service.integrations.anthropic_integration import AnthropicIntegration
from service.integrations.base_integration import BaseIntegration, ModelLike, Refresh
from service.integrations.credentials import Credential
from service.integrations.errors import BadAnswerError, IntegrationError, UnreachableError
from service.integrations.file_integration import FileIntegration
from service.integrations.http_integration import HttpIntegration
from service.integrations.integration_manager import (
    IntegrationManager,
    Registration,
    UnknownIntegrationError,
)
from service.integrations.ollama_integration import OllamaIntegration
from service.integrations.openai_compatible_integration import OpenAICompatibleIntegration
from service.integrations.openai_integration import OpenAIIntegration
from service.integrations.plugins import OptionsError, PluginError, plugged_in

INTEGRATIONS: Final[Mapping[str, type[BaseIntegration]]] = {
    "ollama": OllamaIntegration,
    "openai": OpenAIIntegration,
    "anthropic": AnthropicIntegration,
    "openai-compatible": OpenAICompatibleIntegration,
    "file": FileIntegration,
}

__all__ = [
    "INTEGRATIONS",
    "AnthropicIntegration",
    "BadAnswerError",
    "BaseIntegration",
    "Credential",
    "FileIntegration",
    "HttpIntegration",
    "IntegrationError",
    "IntegrationManager",
    "ModelLike",
    "OllamaIntegration",
    "OpenAICompatibleIntegration",
    "OpenAIIntegration",
    "OptionsError",
    "PluginError",
    "Refresh",
    "Registration",
    "UnknownIntegrationError",
    "UnreachableError",
    "plugged_in",
]
