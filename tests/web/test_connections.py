"""Connections stay open for the next request, until the process means to leave."""

import asyncio
from typing import Final

import pytest

from service.web.application import ROUTES
from tests.web.building import Room

PATHS: Final = (
    *(path.replace("{id:.+}", "deepcoder:14b").replace("{name}", "ollama") for path, _ in ROUTES),
    "/v1/models?limit=0",
    "/v1/models/nobody",
    "/nowhere",
)


def request(path: str, version: str = "1.1", method: str = "GET", headers: str = "") -> bytes:
    return f"{method} {path} HTTP/{version}\r\nHost: x\r\n{headers}\r\n".encode()


@pytest.mark.parametrize("path", PATHS)
async def test_a_connection_is_good_for_many_requests(room: Room, path: str) -> None:
    async with room.connection() as connection:
        for _ in range(3):
            connection.send(request(path))
            assert "Connection" not in (await connection.reply()).headers


@pytest.mark.parametrize("path", PATHS)
async def test_while_draining_each_answer_is_the_last_of_its_connection(
    room: Room, path: str
) -> None:
    async with room.connection() as connection:
        connection.send(request(path))
        before = await connection.reply()
        room.vitals.draining = True
        connection.send(request(path))
        after = await connection.reply()
        assert await connection.ended()
    assert "Connection" not in before.headers
    assert after.headers["Connection"] == "close"
    if after.status != 503 and path != "/metrics":
        assert after.body == before.body, "still served, whole"


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", ""),
        ("OPTIONS", ""),
        ("POST", ""),
        ("GET", "If-None-Match: *\r\n"),
        ("GET", "Connection: keep-alive\r\n"),
    ],
)
async def test_whatever_is_asked_while_draining_ends_the_connection(
    room: Room, method: str, headers: str
) -> None:
    room.vitals.draining = True
    async with room.connection() as connection:
        connection.send(request("/v1/models", method=method, headers=headers))
        reply = await connection.reply(has_body=method != "HEAD")
        assert reply.headers["Connection"] == "close"
        assert await connection.ended()


async def test_http_1_0_is_kept_open_only_where_it_asks_for_that(room: Room) -> None:
    asked = request("/livez", "1.0", headers="Connection: keep-alive\r\n")
    async with room.connection() as connection:
        connection.send(asked)
        assert (await connection.reply()).headers["Connection"] == "keep-alive"
        connection.send(asked)
        await connection.reply()
        room.vitals.draining = True
        connection.send(asked)
        assert (await connection.reply()).headers["Connection"] == "close"
        assert await connection.ended()
    room.vitals.draining = False
    assert (await room.raw(request("/livez", "1.0"))).status == 200


async def test_requests_sent_in_one_go_are_answered_in_their_order(room: Room) -> None:
    async with room.connection() as connection:
        connection.send(request("/version") + request("/livez") + request("/v1/models/nobody"))
        replies = [await connection.reply() for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 404]
    assert replies[1].body == b"ok"


async def test_many_clients_at_once_all_get_the_whole_answer(room: Room) -> None:
    """The same bytes are sent over and over; the same response object must not be."""
    expected = (await room.ask("/v1/models")).body
    replies = await asyncio.gather(*(room.ask("/v1/models") for _ in range(50)))
    assert {reply.body for reply in replies} == {expected}
