"""What the tests of the web room stand on: a clock, models, readings, and the room on a socket."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from aiohttp import web
from aiohttp.test_utils import TestClient
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from service.core.health import Health, State
from service.core.model import Details, Loaded, Model, Source
from service.core.moment import Moment
from service.core.reading import Answer, Failure, Policy, Reading, advance
from service.core.reasons import Reason
from service.core.snapshot import Snapshot
from service.publication import Publication
from service.vitals import Vitals
from service.web import WebContext

WALL: Final = 1_795_330_800.0
"""2026-11-22T07:00:00Z."""
HOUR: Final = 3600.0
PATIENCE: Final = 5.0
"""Seconds after which a socket that says nothing fails the test."""

DEEPCODER: Final = Model(
    id="deepcoder:14b",
    created=1755671816,
    capabilities={
        "completion": True,
        "tools": True,
        "vision": False,
        "embedding": False,
        "insert": False,
    },
    details=Details(
        size="8.4GB",
        family="qwen2",
        parameter_size="14.8B",
        quantization_level="Q4_K_M",
        format="gguf",
        context_length=131072,
    ),
    provenance={
        "created": Source.DECLARED,
        "capabilities.tools": Source.TEMPLATE,
        "details.family": Source.HEURISTIC,
    },
    digest="12bdda054d23",
    loaded=Loaded(size_vram=9_000_000_000, context_length=8192),
)
"""The model of the example in api.md, held in memory by its server."""
LLAVA: Final = Model(
    id="llava:7b",
    capabilities={"completion": True, "vision": True, "tools": False},
    details=Details(family="llama"),
)
EMBED: Final = Model(
    id="nomic-embed-text:latest",
    capabilities={"completion": False, "embedding": True},
    details=Details(family="nomic-bert"),
)
HOSTED: Final = Model(
    id="hf.co/a/B-GGUF:Q4_K_M",
    capabilities={"completion": True, "tools": True, "vision": True, "audio": True},
    details=Details(family="llama"),
)


class Clock:
    """Both clocks, moved by hand. The monotonic one starts later than any real one has come."""

    def __init__(self) -> None:
        self.mono = 1e9
        self.wall = WALL

    def __call__(self) -> Moment:
        return Moment(self.mono, self.wall)

    def advance(self, seconds: float) -> None:
        self.mono += seconds
        self.wall += seconds

    def ago(self, seconds: float) -> Moment:
        return Moment(self.mono - seconds, self.wall - seconds)


def well(name: str, *models: Model | str, now: Moment, policy: Policy | None = None) -> Reading:
    """Give the reading after one good poll."""
    found = [Model(id=model) if isinstance(model, str) else model for model in models]
    answer = Answer(models=found, latency=0.0041, version="0.11.5")
    return advance(Reading(name=name, type="ollama", policy=policy or Policy()), answer, now=now)


def fallen(reading: Reading, *, now: Moment) -> Reading:
    """Give the reading after as many failed polls as it takes to be down."""
    for _ in range(reading.policy.thresholds.fall):
        reading = advance(reading, Failure(reason=Reason.REFUSED), now=now)
    return reading


def saved(reading: Reading) -> Reading:
    """Give what a start finds on disk: the facts, and nothing yet of how the server is."""
    return replace(reading, health=Health())


def in_state(name: str, state: State, *, now: Moment, policy: Policy | None = None) -> Reading:
    """Give a reading in one state, with one model of its own."""
    reading = well(name, f"{name}-model", now=now, policy=policy)
    return replace(reading, health=Health(state=state, since=now.wall))


def snapshot(*readings: Reading) -> Snapshot:
    """Register readings in the order given."""
    whole = Snapshot()
    for reading in readings:
        whole = whole.with_reading(reading)
    return whole


@dataclass(frozen=True)
class Reply:
    """One answer, read to its end and not decoded."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def ids(self) -> list[str]:
        return [entry["id"] for entry in self.json["data"]]

    @property
    def error(self) -> dict[str, Any]:
        """Its error object, checked to have the one shape that every error has."""
        assert self.headers["Content-Type"] == "application/json"
        document = self.json
        assert list(document) == ["error"]
        error: dict[str, Any] = document["error"]
        assert list(error) == ["message", "type", "param", "code"]
        assert isinstance(error["message"], str)
        assert error["message"]
        assert error["type"] == ("api_error" if self.status >= 500 else "invalid_request_error")
        assert isinstance(error["param"], str | None)
        assert isinstance(error["code"], str)
        return error


@dataclass
class Room:
    """The web room on a loopback socket, and what it answers from."""

    client: TestClient[web.Request, web.Application]
    context: WebContext
    clock: Clock

    @property
    def publication(self) -> Publication:
        return self.context.publication

    @property
    def vitals(self) -> Vitals:
        return self.context.vitals

    def publish(self, *readings: Reading) -> None:
        self.publication.publish(snapshot(*readings))

    def publish_some(self) -> None:
        """Publish one integration that is well, with the model of the example in api.md."""
        self.publish(well("ollama", DEEPCODER, now=self.clock()))

    async def outlast_grace(self) -> None:
        """Let the grace period end with nothing heard from anybody."""

        async def nothing() -> AsyncIterator[Snapshot]:
            yield snapshot(Reading(name="ollama"))
            await asyncio.Event().wait()

        following = asyncio.create_task(self.publication.follow(nothing()))
        async with asyncio.timeout(PATIENCE):
            while not self.publication.current.warm:
                await asyncio.sleep(0)
        following.cancel()

    async def ask(
        self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Ask for ``path`` exactly as it is written; identity coding unless ``headers`` differ."""
        url = URL(f"{str(self.client.make_url('/')).rstrip('/')}{path}", encoded=True)
        sent = CIMultiDict({"Accept-Encoding": "identity"} | dict(headers or {}))
        async with self.client.session.request(
            method, url, headers=sent, allow_redirects=False
        ) as response:
            return Reply(response.status, response.headers, await response.read())

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["Connection"]:
        """Open one bare TCP connection."""
        server = self.client.server
        assert server.port is not None
        reader, writer = await asyncio.open_connection(server.host, server.port)
        try:
            yield Connection(reader, writer)
        finally:
            writer.close()

    async def raw(self, request: bytes) -> Reply:
        """Send bytes, and read the answer to the end of the connection, which must come."""
        async with self.connection() as connection:
            connection.send(request)
            reply = await connection.reply()
            assert await connection.ended()
            return reply


@dataclass
class Connection:
    """A client that speaks bytes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, request: bytes) -> None:
        self.writer.write(request)

    async def reply(self, *, has_body: bool = True) -> Reply:
        """Read one answer; ``has_body=False`` for those that HEAD asked for."""
        async with asyncio.timeout(PATIENCE):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status, *lines = head.strip().split("\r\n")
            headers = CIMultiDict(
                (name, value) for name, _, value in (line.partition(": ") for line in lines)
            )
            length = int(headers.get("Content-Length", 0)) if has_body else 0
            body = await self.reader.readexactly(length)
        return Reply(int(status.split(" ")[1]), CIMultiDictProxy(headers), body)

    async def ended(self) -> bool:
        """Say whether the server has closed the connection, with not one byte more."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read() == b""
