"""An upstream with a real socket that answers by script.

What a test wants to see of a fault goes over a real loopback connection, so that nothing of the
client is left out of the test. It speaks HTTP/1.1 itself: a good server could not misbehave so.
"""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Status:
    """An answer with a status; a body that is not bytes is sent as JSON.

    A header given here takes the place of the one that would be sent by itself.
    """

    status: int
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hang:
    """Accept the request and never answer."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Read the request, then reset the connection."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Put these very bytes on the wire, then close."""

    wire: bytes


@dataclass(frozen=True, slots=True)
class Drip:
    """Send ``per_second`` bytes of the body, one by one; with ``head`` the headers drip as well."""

    body: bytes
    per_second: float
    head: bool = False


@dataclass(frozen=True, slots=True)
class Slow:
    """Wait, then give ``answer``."""

    seconds: float
    answer: Any


class InTurn:
    """Answers for consecutive requests; the last one repeats."""

    def __init__(self, *answers: Any) -> None:
        self._left = list(answers)

    def take(self) -> Any:
        return self._left.pop(0) if len(self._left) > 1 else self._left[0]


@dataclass(frozen=True, slots=True)
class Request:
    """What came in. Header names are in lower case; ``path`` is without the ``query``."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class FakeUpstream:
    """A server on a loopback port of its own, with an answer for each path.

    An answer is a JSON value, ``bytes``, one of the classes above, or a callable that is given the
    decoded body of the request and returns one. ``answers`` may change at any time; a path that has
    none is a 404. Once stopped its port refuses connections and stays its own.
    """

    def __init__(self, answers: Mapping[str, Any] | None = None, *, port: int = 0) -> None:
        self.answers: dict[str, Any] = dict(answers or {})
        self.requests: list[Request] = []
        self.connections = 0
        self.busiest = 0
        """The most requests that were being answered at one time."""
        self._busy = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._reserved = _bound(port)
        self.port: int = self._reserved.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def asked(self, path: str) -> list[Request]:
        """List the requests for ``path``."""
        return [request for request in self.requests if request.path == path]

    def outside(self, allowed: frozenset[tuple[str, str]]) -> list[Request]:
        """List the requests whose method and path are not in ``allowed``."""
        return [item for item in self.requests if (item.method, item.path) not in allowed]

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, sock=_bound(self.port))

    async def stop(self) -> None:
        """Refuse new connections and drop those that are open."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if server is not None:
            await server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
        self._reserved.close()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.create_task(self._serve(reader, writer), name="fake upstream")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async for request in _requests(reader):
                self.requests.append(request)
                self._busy += 1
                self.busiest = max(self.busiest, self._busy)
                try:
                    again = await _send(self._answer(request), request, writer)
                finally:
                    self._busy -= 1
                if not again:
                    return
            writer.write(_head(400, {"Connection": "close", "Content-Length": "0"}))
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def _answer(self, request: Request) -> Any:
        return self.answers.get(request.path, Status(404, b"404 page not found"))


def _bound(port: int) -> socket.socket:
    """Bind without listening: that keeps the port, yet refuses connections."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound


async def _requests(reader: asyncio.StreamReader) -> AsyncIterator[Request]:
    """Read requests until the other side is done, or sends what is no HTTP (which ends it)."""
    while first := await reader.read(1):
        if not first.isalpha():
            return
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *lines = head.rstrip("\r\n").split("\r\n")
        method, target, _ = line.split(" ")
        headers = {
            name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        path, _, query = target.partition("?")
        yield Request(method, path, query, headers, body)
    raise ConnectionResetError


async def _send(answer: Any, request: Request, writer: asyncio.StreamWriter) -> bool:
    """Put an answer on the wire; say whether the connection can be used again."""
    while isinstance(answer, InTurn | Slow) or callable(answer):
        if isinstance(answer, InTurn):
            answer = answer.take()
        elif isinstance(answer, Slow):
            await asyncio.sleep(answer.seconds)
            answer = answer.answer
        else:
            answer = answer(json.loads(request.body or b"null"))
    match answer:
        case Hang():
            await asyncio.Event().wait()
        case Reset():
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
        case Raw():
            writer.write(answer.wire)
            await writer.drain()
        case Drip():
            head = _head(200, {"Content-Length": str(len(answer.body))})
            writer.write(b"" if answer.head else head)
            for byte in (head if answer.head else b"") + answer.body:
                writer.write(bytes((byte,)))
                await writer.drain()
                await asyncio.sleep(1 / answer.per_second)
        case _:
            writer.write(_whole(answer, with_body=request.method != "HEAD"))
            await writer.drain()
            return True
    return False


def _whole(answer: Any, *, with_body: bool) -> bytes:
    said = answer if isinstance(answer, Status) else Status(200, answer)
    raw = isinstance(said.body, bytes)
    body = said.body if raw else json.dumps(said.body).encode()
    usual = {
        "Content-Type": "text/plain; charset=utf-8" if raw else "application/json; charset=utf-8",
        "Content-Length": str(len(body)),
    }
    return _head(said.status, usual | dict(said.headers)) + (body if with_body else b"")


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = (f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Scripted\r\n{''.join(lines)}\r\n".encode("latin-1")
