"""One harmless look: a GET, bounded in time and size, and what came of it as it was.

Integrations reduce what goes wrong to a code, as strangers must learn no more. To tell the person
at the terminal the exact cause, the status, the headers and the exception are kept here; they are
looked at and never printed as they came.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from service.core.catalogue import SERVICE_NAME
from service.integrations.credentials import Credential
from service.integrations.decoding import decoded
from service.integrations.engines.openai_list import entries_of
from service.integrations.errors import BadAnswerError
from service.integrations.http_integration import BODY_CEILING, CONNECT_TIMEOUT
from service.integrations.resolver import DaemonResolver

_CHUNK: Final = 64 * 1024
_CONNECTIONS: Final = 4
_USABLE: Final = (200, 203)
_PAGE_STARTS: Final = (b"<!doctype html", b"<html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What one GET brought: a status, headers and body, or the ``error`` that came instead."""

    url: URL
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=CIMultiDict)
    body: bytes = b""
    error: Exception | None = None

    @property
    def document(self) -> Any:
        """The JSON of a good answer; ``None`` if it is none."""
        if self.status not in _USABLE:
            return None
        try:
            return decoded(self.body)
        except BadAnswerError:
            return None

    @property
    def entries(self) -> list[Any] | None:
        """The entries of the list of models; ``None`` if this is no such list."""
        try:
            return entries_of(self.document) if self.document is not None else None
        except BadAnswerError:
            return None

    @property
    def is_page(self) -> bool:
        """Whether this is a page for a browser."""
        said = self.headers.get("Content-Type", "").lower()
        return "text/html" in said or self.body[:256].lstrip().lower().startswith(_PAGE_STARTS)

    @property
    def is_rollcall(self) -> bool:
        """Whether this very service answers: polling itself would go in circles."""
        return self.headers.get("Server", "").strip().lower() == SERVICE_NAME


class Looker:
    """Looks at one server. The key goes to no other, nor anywhere under another name.

    Args:
        base: where the server is; what has another scheme, host or port gets no key.
        timeout: seconds one look may take, body included.
        credential: the key, where one is needed.
        authorization: gives the headers that carry a key to this kind of server.
        headers: sent with every look.
    """

    def __init__(
        self,
        base: URL,
        *,
        timeout: float,
        credential: Credential | None = None,
        authorization: Callable[[str], Mapping[str, str]],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.timeout = timeout
        self.has_key = credential is not None
        self._origin = base.origin()
        self._credential = credential
        self._authorization = authorization
        self._headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        self._headers |= headers or {}
        self._session: aiohttp.ClientSession

    async def look(
        self, url: URL, *, host: str | None = None, within: float | None = None
    ) -> Glance:
        """GET ``url``, under the name ``host`` if one is given; never raises for what happens."""
        headers = {} if host is None else {"Host": host}
        try:
            if self._credential is not None and host is None and url.origin() == self._origin:
                headers |= self._authorization(self._credential.read())
            async with (
                asyncio.timeout(within or self.timeout),
                self._session.get(url, headers=headers, allow_redirects=False) as response,
            ):
                return Glance(
                    url=url,
                    status=response.status,
                    headers=response.headers,
                    body=await _beginning(response),
                )
        except Exception as error:  # noqa: BLE001 -- whatever it was is what is to be explained
            return Glance(url=url, error=error)

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=_CONNECTIONS, force_close=True, resolver=DaemonResolver()
            ),
            headers=self._headers,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
        )
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > BODY_CEILING:
            break
    return bytes(body)
