"""Whatever answers with OpenAI's list: vLLM, llama.cpp, LM Studio and many more.

What is particular to each is an ``Engine``; which one answers can be found out at first contact,
from the list itself and a few harmless GETs. Nothing that is asked loads, generates, wakes or
bills.
"""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Final, Self

from yarl import URL

from service.core.canonical import text
from service.core.reasons import Reason
from service.integrations.base_integration import Refresh
from service.integrations.credentials import Credential
from service.integrations.engine_list import EngineList, Listed
from service.integrations.engines import ENGINES, GENERIC, Engine
from service.integrations.engines.recognition import has_moved, recognised, signs_of
from service.integrations.errors import IntegrationError
from service.integrations.http_integration import Document, HttpIntegration
from service.integrations.mapping import engine_from
from service.integrations.side_documents import SideDocuments
from service.settings import OpenAICompatibleSettings

SIDE_SHARE: Final = 0.5
"""Share of the time left that the requests beside the list may take together."""
_API_PATHS: Final = ("/api/v1", "/api/v0", "/v1beta", "/v1")


class OpenAICompatibleIntegration(HttpIntegration):
    """The models of one server that speaks OpenAI's list.

    Args:
        base_url: where the API begins, usually ending in ``/v1``; added where there is no path.
        timeout: seconds one refresh may take, body included.
        engine: an engine or the name of one, or ``auto`` to find out.
        headers: sent with every request.
        credential: the key, where one is needed.
        verify_tls: whether certificates are checked.
    """

    kind: ClassVar[str] = "openai-compatible"

    def __init__(
        self,
        base_url: str | URL,
        timeout: float = 5.0,
        *,
        engine: Engine | str = "auto",
        headers: Mapping[str, str] | None = None,
        credential: Credential | None = None,
        verify_tls: bool = True,
    ) -> None:
        as_it_stands = isinstance(engine, Engine) and not engine.list_path
        super().__init__(
            URL(base_url) if as_it_stands else with_api_path(URL(base_url)),
            timeout=timeout,
            headers=headers,
            credential=credential,
            verify_tls=verify_tls,
        )
        self._asked_for = _asked_for(engine, self._base_url.host)
        self.engine: Engine | None = self._asked_for
        """The engine that answers; ``None`` until it was found out."""
        self._sure = self._asked_for is not None
        self._list = EngineList(self.document)
        self._beside = SideDocuments(partial(self.document, at_root=True))
        self._looked_at: tuple[bytes, ...] = ()
        self._version: str | None = None
        self._last: tuple[object, Refresh] | None = None

    @classmethod
    def configured(cls, settings: OpenAICompatibleSettings, *, timeout: float) -> Self:
        """Make one from its part of the configuration."""
        return cls(
            settings.base_url,
            timeout,
            engine=engine_from(settings.map) if settings.map else settings.engine,
            headers=settings.headers,
            credential=Credential.named(settings.api_key_env, settings.api_key_file),
            verify_tls=settings.verify_tls,
        )

    @property
    def root(self) -> URL:
        """The server's own root: the base URL without the path of the API."""
        path = self._base_url.path
        for suffix in _API_PATHS:
            if path.endswith(suffix):
                return self._base_url.with_path(path.removesuffix(suffix) or "/")
        return self._base_url

    def authorization(self, key: str) -> dict[str, str]:
        """Give the header that carries ``key`` to this engine."""
        header = self.engine.key_header if self.engine else None
        return super().authorization(key) if header is None else {header: key}

    async def get_version(self) -> str | None:
        """Give the server's version, ``None`` where it tells none or can't be reached."""
        try:
            return (await self.refresh()).version
        except IntegrationError:
            return None

    async def look(self) -> Refresh:
        """Ask for the list and what goes with it."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + self._timeout
        try:
            engine, listed = await self._listed(ends)
        except (IntegrationError, asyncio.CancelledError):
            # Another server may answer once this one is well again.
            self._sure = self._asked_for is not None
            raise
        told = await self._beside.gather(engine.beside(listed.first.value), ends=_share(ends))
        return self._refreshed(engine, listed, told)

    async def _listed(self, ends: float) -> tuple[Engine, Listed]:
        """Give the list and whose it is; that is found out at first contact, and after trouble."""
        if self._sure and self.engine is not None:
            listed = await self._list.get(self.engine, known=None)
            if self._asked_for is not None or self._still(self.engine, listed):
                return self.engine, listed
        known = await self.document(GENERIC.list_path)
        found = await recognised(
            signs_of(known.value, known.server), self._at_root, ends=_share(ends)
        )
        # What was found before stands until something else is found for sure.
        engine = found.engine if found.surely or self.engine is None else self.engine
        if engine is not self.engine:
            self._version = None
            self._beside.forget()
        self.engine, self._sure = engine, found.surely
        return engine, await self._list.get(engine, known=known)

    def _still(self, engine: Engine, listed: Listed) -> bool:
        """Whether this still looks like a list of ``engine``, where it is OpenAI's at all."""
        if listed.better or listed.digests == self._looked_at:
            return True
        self._looked_at = listed.digests
        return not has_moved(engine, signs_of(listed.first.value, listed.first.server))

    async def _at_root(self, path: str) -> Any:
        return (await self.document(path, at_root=True)).value

    def _refreshed(self, engine: Engine, listed: Listed, told: Mapping[str, Document]) -> Refresh:
        """Put together what was answered; the same answers give the very same refresh."""
        beside = {path: document.value for path, document in told.items()}
        path, key = engine.version or ("", "")
        version = version_in(beside.get(path), key) or self._version
        if self._version is not None and version != self._version:
            self._sure = self._asked_for is not None
        self._version = version
        mark = (
            engine.name,
            version,
            listed.digests,
            tuple((path, document.digest) for path, document in told.items()),
        )
        last = self._last
        if last is not None and last[0] == mark:
            return last[1]
        models = listed.checked.models
        refreshed = Refresh(
            models=engine.enrich(models, beside) if engine.enrich else models,
            version=version,
            impaired=Reason.TRUNCATED if listed.checked.truncated else None,
            dropped=listed.checked.dropped,
        )
        if last is not None and last[1] == refreshed:
            # Other bytes, such as a new time of the request, and yet the same facts.
            refreshed = last[1]
        self._last = (mark, refreshed)
        return refreshed


def _asked_for(engine: Engine | str, host: str | None) -> Engine | None:
    """Give the engine of that name; for ``auto`` the one known to be at ``host``, if any."""
    if isinstance(engine, Engine):
        return engine
    if engine != "auto":
        return ENGINES[engine]
    return next((known for known in ENGINES.values() if host in known.hosts), None)


def with_api_path(url: URL) -> URL:
    """Add ``/v1`` where a URL names no path; else keep the path, less a slash at its end."""
    path = url.path.rstrip("/")
    return url.with_path(path or "/v1")


def _share(ends: float) -> float:
    """When the requests beside the list must be done."""
    now = asyncio.get_running_loop().time()
    return now + SIDE_SHARE * max(0.0, ends - now)


def version_in(document: object, key: str = "version") -> str | None:
    """Read the version where servers tell it: ``{"version": "0.6.4"}``."""
    said = document.get(key) if isinstance(document, Mapping) else None
    return text(said, ceiling=64)
