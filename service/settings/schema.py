"""The whole of the settings, as one unchangeable value.

Only settings that have an effect are here: one that is accepted and ignored would be a lie.
"""

from typing import Annotated

from pydantic import Field

from service.settings.catalogue import CatalogueSettings
from service.settings.integration import IntegrationSettings
from service.settings.kinds import ByType
from service.settings.ollama import OllamaSettings
from service.settings.sections import (
    HealthSettings,
    LogSettings,
    PollingSettings,
    Section,
    ServerSettings,
)

MOST_INTEGRATIONS = 200


class Settings(Section):
    """The settings of Rollcall."""

    server: ServerSettings = ServerSettings()
    """How Rollcall itself is reached."""
    polling: PollingSettings = PollingSettings()
    """How upstreams are asked, unless an integration says otherwise."""
    health: HealthSettings = HealthSettings()
    """When an integration counts as down, and when that fails the probe of this replica."""
    catalogue: CatalogueSettings = CatalogueSettings()
    """The one list over all integrations."""
    integrations: Annotated[
        tuple[Annotated[IntegrationSettings, ByType()], ...],
        Field(strict=False, max_length=MOST_INTEGRATIONS),
    ] = (OllamaSettings(name="ollama", type="ollama"),)
    """The services to ask, at most 200. Default: one Ollama server named ollama and, where there is
    no file, the hosted services whose keys the environment holds; an empty list means none."""
    log: LogSettings = LogSettings()
    """What is logged, and how it looks."""
