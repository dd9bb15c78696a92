"""What runs on this machine, beside what the built-in defaults ask: ``serve --discover``."""

import ipaddress
import os
from collections.abc import Mapping, Sequence
from typing import Final

from yarl import URL

from service.integrations import OllamaIntegration
from service.integrations.discovery import configuration, discover
from service.integrations.first_contact import Cause, Contact
from service.integrations.ollama_host import default_host, parse_ollama_host
from service.settings import IntegrationSettings, OllamaSettings, OpenAICompatibleSettings, Settings

WITHIN: Final = 0.45
"""Seconds that a start may be slower for it."""
_KINDS: Final[Mapping[str, type[IntegrationSettings]]] = {
    "ollama": OllamaSettings,
    "openai-compatible": OpenAICompatibleSettings,
}


async def with_what_runs_here(settings: Settings) -> Settings:
    """Look around on loopback, and add to ``settings`` what is there."""
    return with_discovered(settings, await discover(skip=(settings.server.port,), within=WITHIN))


def with_discovered(settings: Settings, contacts: Sequence[Contact]) -> Settings:
    """Add what was found to the integrations, unless they ask it already.

    An Ollama that nobody asked for by name is where one was found; if none was, it may be away.
    """
    kept = [_settled(item, contacts) for item in settings.integrations]
    asked = {place for item in kept if (place := _place_of(item)) is not None}
    fresh = [
        contact
        for contact in contacts
        if _polled(contact) and _place(URL(contact.url)) not in asked
    ]
    added = [
        _KINDS[entry["type"]].model_validate(entry)
        for entry in configuration(fresh, taken=[item.name for item in kept])
    ]
    return settings.model_copy(update={"integrations": (*kept, *added)})


def _settled(item: IntegrationSettings, contacts: Sequence[Contact]) -> IntegrationSettings:
    named = os.environ.get("OLLAMA_HOST", "").strip()
    if named or not isinstance(item, OllamaSettings) or item.host is not None:
        return item
    found = [contact.url for contact in contacts if contact.engine == OllamaIntegration.kind]
    if found:
        return item.model_copy(update={"host": found[0]})
    return item.model_copy(update={"optional": True}) if any(map(_polled, contacts)) else item


def _polled(contact: Contact) -> bool:
    """Whether it is worth polling: one that wants a key would be misconfigured for good."""
    return contact.well or (contact.finding is not None and contact.finding.cause is Cause.LOADING)


def _place_of(item: IntegrationSettings) -> tuple[str, int | None] | None:
    if isinstance(item, OllamaSettings):
        try:
            return _place(parse_ollama_host(item.host or default_host()))
        except ValueError:
            return None
    if isinstance(item, OpenAICompatibleSettings):
        return _place(URL(item.base_url))
    return None


def _place(url: URL) -> tuple[str, int | None]:
    """Give host and port, all names of this machine being one."""
    host = url.host or ""
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    return ("localhost" if local else host, url.port)
