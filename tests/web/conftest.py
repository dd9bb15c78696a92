"""The web room on a socket, empty or filled."""

from typing import Any, Protocol

import pytest
from pytest_aiohttp import AiohttpClient

from service.core.catalogue import Rules
from service.observability.metrics import Metrics
from service.publication import Publication
from service.vitals import Vitals
from service.web import WebContext, create_web_app
from tests.web.building import Clock, Room


class MakeRoom(Protocol):
    """Makes rooms; ``rules`` is the operator's, the rest are settings of ``WebContext``."""

    async def __call__(self, *, rules: Rules | None = None, **settings: Any) -> Room: ...


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_room(aiohttp_client: AiohttpClient, clock: Clock) -> MakeRoom:
    async def make(*, rules: Rules | None = None, **settings: Any) -> Room:
        context = WebContext(
            publication=Publication(rules=rules or Rules(), now=clock, grace=10.0),
            vitals=Vitals(),
            metrics=Metrics(version="1"),
            now=clock,
            version="1.2.3",
            **settings,
        )
        client = await aiohttp_client(create_web_app(context), auto_decompress=False)
        return Room(client, context, clock)

    return make


@pytest.fixture
async def cold_room(make_room: MakeRoom) -> Room:
    """Give a room in which nothing has been published yet."""
    return await make_room()


@pytest.fixture
async def room(cold_room: Room) -> Room:
    """Give a room with one integration, ``ollama``, and one model."""
    cold_room.publish_some()
    return cold_room
