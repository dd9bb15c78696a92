"""The settings room: one strict YAML file and the environment, turned into one unchangeable value.

A name that is not known, a value of the wrong kind, settings that clash: each is a complaint that
says where it is, what was found and what was expected, and all of them come at once. A new type of
integration is a model in a file of its own and a line in ``kinds.py``.
"""

from typing import Any

from service.settings.anthropic import AnthropicSettings
from service.settings.catalogue import CatalogueSettings, DetailsOverride, ModelOverride
from service.settings.conversions import policy, rules
from service.settings.environment import config_path
from service.settings.errors import Complaint, SettingsError
from service.settings.file import FileSettings
from service.settings.integration import HttpIntegrationSettings, IntegrationSettings
from service.settings.kinds import INTEGRATION_TYPES
from service.settings.loader import load
from service.settings.model_map import FactName
from service.settings.ollama import OllamaSettings
from service.settings.openai import OpenAISettings
from service.settings.openai_compatible import OpenAICompatibleSettings
from service.settings.plugin import GROUP, PluginSettings
from service.settings.schema import Settings
from service.settings.sections import HealthSettings, LogSettings, PollingSettings, ServerSettings
from service.settings.showing import shown

__all__ = [
    "GROUP",
    "INTEGRATION_TYPES",
    "AnthropicSettings",
    "CatalogueSettings",
    "Complaint",
    "DetailsOverride",
    "FactName",
    "FileSettings",
    "HealthSettings",
    "HttpIntegrationSettings",
    "IntegrationSettings",
    "LogSettings",
    "ModelOverride",
    "OllamaSettings",
    "OpenAICompatibleSettings",
    "OpenAISettings",
    "PluginSettings",
    "PollingSettings",
    "ServerSettings",
    "Settings",
    "SettingsError",
    "config_path",
    "load",
    "policy",
    "rules",
    "schema_document",
    "shown",
]


def schema_document() -> dict[str, Any]:
    """Make the JSON Schema (2020-12) of the file."""
    from service.settings.json_schema import document  # noqa: PLC0415 -- no part of a start

    return document()
