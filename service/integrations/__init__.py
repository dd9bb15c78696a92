"""The only room that talks to upstreams: one contract, one file for each kind of service.

``INTEGRATIONS`` is the table from the type's name in the configuration to its class.
"""

from collections.abc import Mapping
from typing import Final

from service.integrations.base_integration import BaseIntegration, ModelLike, Refresh
from service.integrations.errors import BadAnswerError, IntegrationError, UnreachableError
from service.integrations.integration_manager import (
    IntegrationManager,
    Registration,
    UnknownIntegrationError,
)
from service.integrations.ollama_integration import OllamaIntegration

INTEGRATIONS: Final[Mapping[str, type[BaseIntegration]]] = {"ollama": OllamaIntegration}

__all__ = [
    "INTEGRATIONS",
    "BadAnswerError",
    "BaseIntegration",
    "IntegrationError",
    "IntegrationManager",
    "ModelLike",
    "OllamaIntegration",
    "Refresh",
    "Registration",
    "UnknownIntegrationError",
    "UnreachableError",
]
