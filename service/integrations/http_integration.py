"""The wire that HTTP integrations share: bounded in size and time, and blind to redirects.

Nothing of what the client library would do by itself is left to it: no redirect, no cookie, no
proxy or ``.netrc`` from the environment, no decompression. Bodies are read up to a ceiling.
"""

import asyncio
import hashlib
import logging
import time
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import aiohttp
import orjson
from aiohttp_retry import JitterRetry, RetryClient
from yarl import URL

from service.core.model import Model
from service.core.printing import model_document
from service.core.reasons import Reason
from service.integrations.base_integration import BaseIntegration, Refresh
from service.integrations.credentials import Credential
from service.integrations.decoding import decoded
from service.integrations.errors import BadAnswerError, IntegrationError, StatusError, translated
from service.integrations.refusals import reason_for
from service.integrations.resolver import DaemonResolver
from service.integrations.retry_after import parse_retry_after

BODY_CEILING: Final = 4 * 1024 * 1024
"""Bytes of a body at the most: what a JSON parser may hold the event loop with is bounded by it."""
CONNECT_TIMEOUT: Final = 2.0
_CHUNK: Final = 64 * 1024
_EXCERPT: Final = 16 * 1024
"""Bytes of an error's body that are looked at for what it means."""
_TOLD_CEILING: Final = 1024
_DOCUMENTS_KEPT: Final = 64
_CONNECTIONS: Final = 4
_POOL_SECONDS: Final = 1.0
"""Connections serve the requests of one poll. Kept longer, they would meet restarted servers."""

_Result = TypeVar("_Result")

# The retry library logs whole exceptions, which hold hosts and headers.
_SILENT: Final = logging.getLogger("rollcall.retry")
_SILENT.disabled = True


@dataclass(frozen=True, slots=True)
class Document:
    """A decoded JSON body and the digest of its bytes: the same digest, the same value.

    ``server`` is what the answer's headers tell of who answered, in lower case.
    """

    value: Any
    digest: bytes
    server: str = ""


class HttpIntegration(BaseIntegration):
    """An integration behind an HTTP API.

    Args:
        base_url: where the API begins; a path in it is kept.
        timeout: seconds one refresh may take, from the look-up of the name to the last byte.
        headers: sent with every request.
        credential: the key, where one is needed; sent as ``Authorization: Bearer``.
        verify_tls: whether certificates are checked.
        wall: gives Unix time, for ``Retry-After`` dates.
    """

    def __init__(
        self,
        base_url: str | URL,
        *,
        timeout: float,
        headers: Mapping[str, str] | None = None,
        credential: Credential | None = None,
        verify_tls: bool = True,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._base_url = URL(base_url)
        self._timeout = timeout
        self._headers = {"Accept": "application/json", "Accept-Encoding": "identity"} | dict(
            headers or {}
        )
        self._credential = credential
        self._verify_tls = verify_tls
        self._wall = wall
        self._session: aiohttp.ClientSession | None = None
        self._closed = False
        self._seen: dict[URL, Document] = {}

    def authorization(self, key: str) -> dict[str, str]:
        """Give the headers that carry ``key``; other services want it under other names."""
        return {"Authorization": f"Bearer {key}"}

    @abstractmethod
    async def look(self) -> Refresh:
        """Look once at everything a poll wants to know; ``refresh`` puts the deadline around it."""

    async def refresh(self) -> Refresh:
        """Look once, within the timeout; see ``BaseIntegration.refresh``."""
        return await self._within_timeout(self.look)

    async def get_models(self) -> list[dict[str, Any]]:
        """List the models in the OpenAI form, sizes and families made readable."""
        refreshed = await self.refresh()
        return [self.formatted(model) for model in refreshed.models]

    def formatted(self, model: Model) -> dict[str, Any]:
        """Give one model in the OpenAI form, owned by this type of integration."""
        return model_document(model, owned_by=self.kind)

    async def is_available(self) -> bool:
        """Say whether the service answers its list now."""
        try:
            await self.refresh()
        except IntegrationError:
            return False
        return True

    @property
    def root(self) -> URL:
        """Where the server itself begins, for what it answers beside its API."""
        return self._base_url

    async def document(
        self,
        path: str,
        *,
        payload: object = None,
        query: Mapping[str, str] | None = None,
        at_root: bool = False,
    ) -> Document:
        """GET ``path`` (or POST ``payload`` to it) and decode the JSON that comes back.

        ``path`` is below the base URL or, ``at_root``, below the server's own. A GET whose bytes
        are those of the last time is not decoded again.

        Raises:
            IntegrationError: whatever went wrong, as one of our codes.
        """
        base = self.root if at_root else self._base_url
        # Joined with nothing, a URL would end in a slash.
        url = (base.joinpath(path.lstrip("/")) if path else base).update_query(query or {})
        body, server = await self._body(url, payload)
        digest = hashlib.sha256(body).digest()
        seen = self._seen.get(url)
        if payload is None and seen is not None and seen.digest == digest:
            return seen
        document = Document(decoded(body), digest, server)
        if payload is None:
            if len(self._seen) >= _DOCUMENTS_KEPT:
                self._seen.clear()
            self._seen[url] = document
        return document

    def mark(self) -> object:
        """Give a mark of the key, where there is one."""
        return None if self._credential is None else self._credential.mark()

    async def close(self) -> None:
        """Close the connections, for good."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _within_timeout(self, ask: Callable[[], Awaitable[_Result]]) -> _Result:
        try:
            async with asyncio.timeout(self._timeout):
                return await ask()
        except TimeoutError:
            raise BadAnswerError(Reason.TIMEOUT) from None

    async def _body(self, url: URL, payload: object) -> tuple[bytes, str]:
        client = RetryClient(self._open(), logger=_SILENT, retry_options=_retry_options())
        method = "GET" if payload is None else "POST"
        data = None if payload is None else orjson.dumps(payload)
        headers = {} if payload is None else {"Content-Type": "application/json"}
        if self._credential is not None:
            headers |= self.authorization(self._credential.read())
        try:
            async with client.request(
                method, url, data=data, headers=headers, allow_redirects=False
            ) as response:
                return await self._taken(response), _told_by(response)
        except Exception as error:  # noqa: BLE001 -- translated, every one of them
            # The client's exceptions hold addresses and headers: none may be chained to ours.
            raise translated(error) from None

    def _open(self) -> aiohttp.ClientSession:
        if self._closed:
            # Removed in the midst of a poll: nobody would close what is opened now.
            raise BadAnswerError(Reason.INTERNAL)
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=_CONNECTIONS,
                ttl_dns_cache=10,
                keepalive_timeout=_POOL_SECONDS,
                ssl=self._verify_tls,
                resolver=DaemonResolver(),
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
            )
        return self._session

    async def _taken(self, response: aiohttp.ClientResponse) -> bytes:
        """Give the body of an answer that is fit to be read."""
        if response.status not in (200, 203):
            raise await self._refusal(response)
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("identity", ""):
            raise BadAnswerError(Reason.BAD_ENCODING)
        return await _read(response, BODY_CEILING)

    async def _refusal(self, response: aiohttp.ClientResponse) -> StatusError:
        """Make the error for a status that brings no list."""
        asked = parse_retry_after(response.headers.get("Retry-After"), wall=self._wall())
        try:
            excerpt = await _read(response, _EXCERPT)
        except (BadAnswerError, aiohttp.ClientError):
            excerpt = b""
        return StatusError(reason_for(response.status, excerpt), retry_after=asked)


async def _read(response: aiohttp.ClientResponse, ceiling: int) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > ceiling:
            raise BadAnswerError(Reason.TOO_LARGE)
    return bytes(body)


def _told_by(response: aiohttp.ClientResponse) -> str:
    """Join the headers by which servers can be told apart, names and values in lower case."""
    told = [response.headers.get("Server", "")]
    told += [name for name in response.headers if name.lower().startswith("x-")]
    return " ".join(told).lower()[:_TOLD_CEILING]


async def _acceptable(response: aiohttp.ClientResponse) -> bool:
    """Say whether to take this answer; one not taken is closed, or it would hold its connection."""
    if response.status not in (500, 502, 504):
        return True
    response.close()
    return False


def _retry_options() -> JitterRetry:
    """Ask once more, soon, after a gateway's hiccup.

    A GET that lost its connection is asked once more by the client itself: both would make four.
    """
    return JitterRetry(
        attempts=2,
        start_timeout=0.05,
        random_interval_size=0.1,
        retry_all_server_errors=False,
        evaluate_response_callback=_acceptable,
    )
