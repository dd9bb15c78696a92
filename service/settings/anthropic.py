"""The settings of an integration of type ``anthropic``."""

from typing import Literal

from service.settings.integration import HttpIntegrationSettings
from service.settings.urls import ApiUrl


class AnthropicSettings(HttpIntegrationSettings):
    """The models that Anthropic hosts for one account."""

    type: Literal["anthropic"]
    """What it talks to: anthropic. Required."""
    base_url: ApiUrl = "https://api.anthropic.com/v1"
    """Where the API begins. Default: https://api.anthropic.com/v1."""
