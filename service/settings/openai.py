"""The settings of an integration of type ``openai``."""

from typing import Annotated, Literal

from service.settings.fields import Text
from service.settings.integration import HttpIntegrationSettings
from service.settings.urls import ApiUrl


class OpenAISettings(HttpIntegrationSettings):
    """The models that OpenAI hosts for one account."""

    type: Literal["openai"]
    """What it talks to: openai. Required."""
    base_url: ApiUrl = "https://api.openai.com/v1"
    """Where the API begins. Default: https://api.openai.com/v1."""
    organization: Annotated[str, Text("the id of an organization")] | None = None
    """Sent as OpenAI-Organization. Default: null, the key's own."""
    project: Annotated[str, Text("the id of a project")] | None = None
    """Sent as OpenAI-Project. Default: null, the key's own."""
