"""First contact with an address of which nothing is known.

Everything that is asked before the server is known is a GET that loads, generates, wakes and bills
nothing. Once it is known, its integration asks what it would ask at every poll.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from yarl import URL

from service.core.catalogue import SERVICE_NAME
from service.integrations.anthropic_integration import AnthropicIntegration
from service.integrations.credentials import Credential
from service.integrations.engines import GENERIC
from service.integrations.errors import IntegrationError
from service.integrations.first_contact.addresses import in_short, list_of, server_of
from service.integrations.first_contact.answered import in_one_look, without_list
from service.integrations.first_contact.contact import Contact
from service.integrations.first_contact.findings import Cause, Finding
from service.integrations.first_contact.glance import Glance, Looker
from service.integrations.first_contact.unanswered import without_answer
from service.integrations.http_integration import HttpIntegration
from service.integrations.ollama_host import parse_ollama_host
from service.integrations.ollama_integration import OllamaIntegration
from service.integrations.ollama_parsing import version_from
from service.integrations.openai_compatible_integration import (
    OpenAICompatibleIntegration,
    with_api_path,
)
from service.integrations.openai_integration import OpenAIIntegration

_HOSTED: Mapping[str, tuple[type[OpenAICompatibleIntegration], Mapping[str, str]]] = {
    "api.openai.com": (OpenAIIntegration, {}),
    "api.anthropic.com": (AnthropicIntegration, {"anthropic-version": "2023-06-01"}),
}
"""Hosts that have an integration of their own, and the headers without which they refuse."""
_OLLAMA_SAYS: Final = b"Ollama is running"
_BESIDE: Final = 2.0
"""Seconds for the looks beside the list; a server that hangs there may well answer its list."""


async def first_contact(
    address: str,
    *,
    credential: Credential | None = None,
    within: float = 5.0,
    thorough: bool = True,
) -> Contact:
    """Find out who answers at ``address``.

    Args:
        address: a host, host:port or URL, in any form of ``OLLAMA_HOST``.
        credential: the key, sent to this server only.
        within: seconds each look may take.
        thorough: whether the cause of a failure is searched for, by more requests.

    Raises:
        ValueError: that is no address.
    """
    base = parse_ollama_host(address)
    kind, headers = _HOSTED.get(base.host or "", (OpenAICompatibleIntegration, {}))
    async with (
        kind(with_api_path(base), within, credential=credential) as compatible,
        Looker(
            base,
            timeout=within,
            credential=credential,
            authorization=compatible.authorization,
            headers=headers,
        ) as looker,
    ):
        beside = min(_BESIDE, within / 2)
        listed, version, hello = await asyncio.gather(
            looker.look(list_of(base)),
            looker.look(server_of(base) / "api/version", within=beside),
            looker.look(server_of(base), within=beside),
        )
        seen = listed
        try:
            if _is_ollama(listed, version, hello):
                return await _ollama(server_of(base), credential, within)
            if listed.is_rollcall:
                return await _rollcall(base, compatible, looker)
            if listed.entries is not None:
                return await _compatible(base, compatible)
        except IntegrationError:
            if _is_ollama(listed, version, hello):
                seen = await looker.look(server_of(base) / "api/tags")
        explain = _explained if thorough else _at_a_glance
        finding = await explain(base, seen, looker)
    return Contact(url=in_short(base), finding=finding, settings=_settings(base, compatible))


def _settings(base: URL, compatible: OpenAICompatibleIntegration) -> dict[str, str]:
    settings = {"type": compatible.kind, "base_url": in_short(with_api_path(base))}
    engine = compatible.engine
    if compatible.kind == OpenAICompatibleIntegration.kind and engine not in (None, GENERIC):
        settings["engine"] = engine.name
    return settings


def _is_ollama(listed: Glance, version: Glance, hello: Glance) -> bool:
    """Tell Ollama from the many that imitate its API: these say hello otherwise.

    A proxy may let nothing through but the API; then there is no list of OpenAI's beside it.
    """
    if hello.error is None and hello.body.strip() == _OLLAMA_SAYS:
        return True
    return listed.entries is None and version_from(version.document) is not None


async def _ollama(url: URL, credential: Credential | None, within: float) -> Contact:
    async with OllamaIntegration(
        in_short(url), within, cli_fallback="off", credential=credential
    ) as integration:
        contact = await _met(url, integration)
    settings = {"type": integration.kind, "host": in_short(url)}
    return replace(contact, engine=integration.kind, settings=settings)


async def _compatible(base: URL, integration: OpenAICompatibleIntegration) -> Contact:
    contact = await _met(with_api_path(base), integration)
    engine = integration.engine or GENERIC
    return replace(contact, engine=engine.name, settings=_settings(base, integration))


async def _rollcall(base: URL, integration: OpenAICompatibleIntegration, looker: Looker) -> Contact:
    contact = await _compatible(base, integration)
    told = await looker.look(server_of(base) / "version")
    return replace(contact, engine=SERVICE_NAME, version=version_from(told.document))


async def _met(url: URL, integration: HttpIntegration) -> Contact:
    loop = asyncio.get_running_loop()
    started = loop.time()
    refreshed = await integration.refresh()
    latency = loop.time() - started
    text = "it answers well, and lists no models: pull or load one there"
    empty = Finding(cause=Cause.NO_MODELS, text=text)
    return Contact(
        url=in_short(url),
        version=refreshed.version,
        models=refreshed.models,
        latency=latency,
        finding=None if refreshed.models else empty,
    )


async def _explained(base: URL, seen: Glance, looker: Looker) -> Finding | None:
    explain = without_list if seen.error is None else without_answer
    return await explain(base, seen, looker)


async def _at_a_glance(_base: URL, seen: Glance, looker: Looker) -> Finding | None:
    return in_one_look(seen, has_key=looker.has_key)
