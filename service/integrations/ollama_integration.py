"""Ollama: its HTTP API first, its command line where the API can't be reached.

Only requests that load nothing are made: ``/api/tags``, ``/api/version``, ``/api/ps``, and
``/api/show`` for models whose capabilities the list does not give.
"""

import asyncio
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final, Self

from service.core.canonical import Canonical
from service.core.model import Model
from service.core.reasons import Reason
from service.integrations.base_integration import Refresh
from service.integrations.credentials import Credential
from service.integrations.errors import (
    BadAnswerError,
    IntegrationError,
    StatusError,
    UnreachableError,
)
from service.integrations.http_integration import HttpIntegration
from service.integrations.ollama_cli import ollama_list
from service.integrations.ollama_host import default_host, in_container, parse_ollama_host
from service.integrations.ollama_parsing import (
    Shown,
    loaded_from_ps,
    models_from_cli,
    models_from_tags,
    shown_from,
    version_from,
    with_shown,
)
from service.integrations.timely import unless_late
from service.settings import OllamaSettings

SIDE_SHARE: Final = 0.5
"""Share of the time left that the requests beside the list may take together.

Half of that is for what is loaded and the version, so that a hanging one leaves time for the shows.
"""
_SHOWS_AT_ONCE: Final = 4
_SHOWS_PER_POLL: Final = 64
_SHOWS_KEPT: Final = 4096
_CLI_TIMEOUT: Final = 5.0
_CLI_SHARE: Final = 0.75
"""Share of the time left that the command line may take: ending it needs some as well."""
_FINAL: Final = frozenset({Reason.NOT_FOUND, Reason.UNAUTHORIZED, Reason.BAD_PROTOCOL})
"""What a status that refuses ``/api/show`` may say for another try to change nothing."""

Key = tuple[str, str | None]
"""(digest, server version): the digest fixes the model, but a newer server may detect more."""


class OllamaIntegration(HttpIntegration):
    """The models of one Ollama server.

    Args:
        host: any form of ``OLLAMA_HOST``; without it that variable, else ``http://ollama:11434``
            in a container and ``http://localhost:11434`` on a host.
        timeout: seconds one refresh may take, body included.
        cli_fallback: ``auto`` (``ollama`` on the ``PATH``, except in a container), ``off``, or an
            absolute path.
        headers: sent with every request, for a proxy in front of it.
        credential: the key that such a proxy, or ollama.com, wants.
        verify_tls: whether certificates are checked.
    """

    kind: ClassVar[str] = "ollama"
    fills_in: ClassVar[tuple[tuple[str, str], ...]] = (
        ("created", "`modified_at`, kept while the digest stays"),
        ("capabilities", "`/api/tags`; before 0.30 `/api/show`; before 0.6.4 the template"),
        ("details", "`/api/tags`; the context length of older servers from `/api/show`"),
        ("loaded, VRAM, loaded context", "`/api/ps`"),
        ("digest", "`/api/tags`"),
        ("version", "`/api/version`"),
    )

    def __init__(
        self,
        host: str | None = None,
        timeout: float = 5.0,
        *,
        cli_fallback: str = "auto",
        headers: Mapping[str, str] | None = None,
        credential: Credential | None = None,
        verify_tls: bool = True,
    ) -> None:
        super().__init__(
            parse_ollama_host(host or default_host()),
            timeout=timeout,
            headers=headers,
            credential=credential,
            verify_tls=verify_tls,
        )
        self._executable = _find_executable(cli_fallback)
        self._listed: tuple[bytes, Canonical] | None = None
        self._shown: dict[Key, Shown] = {}
        self._last: tuple[object, Refresh] | None = None
        self._known: Mapping[str, Model] = {}
        self._server_version: str | None = None

    @classmethod
    def configured(cls, settings: OllamaSettings, *, timeout: float) -> Self:
        """Make one from its part of the configuration.

        Raises:
            ValueError: the host can't be read; the message names the integration.
        """
        try:
            return cls(
                settings.host,
                timeout,
                cli_fallback=settings.cli_fallback,
                headers=settings.headers,
                credential=Credential.named(settings.api_key_env, settings.api_key_file),
                verify_tls=settings.verify_tls,
            )
        except ValueError as error:
            raise ValueError(f"integrations.{settings.name}.host: {error}") from None

    @property
    def host(self) -> str:
        """The URL that is asked."""
        return str(self._base_url)

    async def get_version(self) -> str | None:
        """Give the server's version, ``None`` where it tells none or can't be reached."""
        try:
            return await self._within_timeout(self._version)
        except IntegrationError:
            return None

    async def look(self) -> Refresh:
        """Ask for the list and what goes with it; by the command line if no connection is made."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + self._timeout
        try:
            tags = await self.document("/api/tags")
        except UnreachableError as error:
            return await self._by_cli(error, ends)
        if self._listed is None or self._listed[0] != tags.digest:
            self._listed = (tags.digest, models_from_tags(tags.value))
        listed = self._listed[1]
        now = loop.time()
        side_time = SIDE_SHARE * max(0.0, ends - now)
        told, running = await asyncio.gather(
            unless_late(self._version, now + side_time / 2),
            unless_late(self._running, now + side_time / 2),
        )
        # A version that was lost once is no new server: nothing need be shown again.
        version = self._server_version = told or self._server_version
        await self._show_missing(listed, version, now + side_time)
        key = (tags.digest, version, running, len(self._shown))
        if self._last is not None and self._last[0] == key:
            return self._last[1]
        refreshed = Refresh(
            models=tuple(self._completed(model, version, running) for model in listed.models),
            version=version,
            impaired=Reason.TRUNCATED if listed.truncated else None,
            dropped=listed.dropped,
        )
        self._last = (key, refreshed)
        self._known = {model.id: model for model in refreshed.models}
        return refreshed

    async def _version(self) -> str | None:
        return version_from((await self.document("/api/version")).value)

    async def _running(self) -> Mapping[str, Any] | None:
        return loaded_from_ps((await self.document("/api/ps")).value)

    def _completed(
        self, model: Model, version: str | None, running: Mapping[str, Any] | None
    ) -> Model:
        if not model.capabilities:
            shown = self._shown.get(_key(model, version))
            model = with_shown(model, shown) if shown else model
        return model if running is None else replace(model, loaded=running.get(model.id, False))

    async def _show_missing(self, listed: Canonical, version: str | None, ends: float) -> None:
        """Ask once per (digest, version) for what the list leaves out, a few at a time.

        What does not fit into this poll is asked in the next one.
        """
        missing = {
            _key(model, version): model.id for model in listed.models if not model.capabilities
        }
        unasked = [(key, name) for key, name in missing.items() if key not in self._shown]
        if len(self._shown) > _SHOWS_KEPT:
            self._shown = {key: self._shown[key] for key in missing if key in self._shown}
        gate = asyncio.Semaphore(_SHOWS_AT_ONCE)

        async def ask(key: Key, name: str) -> None:
            async with gate:
                await self._show(key, name)

        asking = (partial(ask, key, name) for key, name in unasked[:_SHOWS_PER_POLL])
        await asyncio.gather(*(unless_late(one, ends) for one in asking))

    async def _show(self, key: Key, name: str) -> None:
        try:
            document = await self.document("/api/show", payload={"model": name})
            self._shown[key] = shown_from(document.value, version=key[1])
        except BadAnswerError as error:
            refused = isinstance(error, StatusError) and error.reason in _FINAL
            if refused or error.reason is Reason.BAD_BODY:
                self._shown[key] = Shown()
            raise

    async def _by_cli(self, error: UnreachableError, ends: float) -> Refresh:
        """Ask the command line; if that fails too, what the API said stays the cause."""
        if self._executable is None:
            raise error
        left = ends - asyncio.get_running_loop().time()
        timeout = min(_CLI_TIMEOUT, _CLI_SHARE * left)
        try:
            printed = await ollama_list(self._executable, host=self.host, timeout=timeout)
            models = models_from_cli(printed, known=self._known)
        except IntegrationError:
            raise error from None
        return Refresh(models=models, impaired=Reason.CLI)


def _key(model: Model, version: str | None) -> Key:
    return (model.digest or model.id, version)


def _find_executable(choice: str) -> str | None:
    if choice == "off":
        return None
    if choice != "auto":
        if not Path(choice).is_absolute():
            raise ValueError("cli_fallback: expected 'auto', 'off' or an absolute path")
        return choice
    if in_container(environ=os.environ):
        return None
    found = shutil.which("ollama")
    return os.path.realpath(found) if found else None
