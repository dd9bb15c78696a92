"""Which methods there are, and that no request carries a body."""

from typing import Final

import pytest

from service.web.application import ROUTES
from tests.web.building import Room

PATHS: Final = sorted(
    {path.replace("{id:.+}", "deepcoder:14b").replace("{name}", "ollama") for path, _ in ROUTES}
)
PROBES: Final = frozenset(
    {
        *("/", "/livez", "/readyz", "/healthz", "/v1/integrations/health"),
        *("/v1/integrations/health/strict", "/v1/integrations/ollama/health"),
    }
)
MOVING: Final = frozenset({"Date", "Content-Length"})
"""Metrics are different at every look."""


@pytest.mark.parametrize("path", PATHS)
async def test_head_has_the_headers_of_get_and_no_body(room: Room, path: str) -> None:
    got = await room.ask(path)
    async with room.connection() as connection:
        for end in (b"", b"Connection: close\r\n"):
            asked = f"HEAD {path} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: identity\r\n"
            connection.send(asked.encode() + end + b"\r\n")
            reply = await connection.reply(has_body=False)
            assert reply.status == got.status == 200
            left_out = MOVING if path == "/metrics" else {"Date"}
            left_out = {*left_out, "Connection"}
            assert {k: v for k, v in reply.headers.items() if k not in left_out} == {
                k: v for k, v in got.headers.items() if k not in left_out
            }
        assert await connection.ended()


@pytest.mark.parametrize("path", PATHS)
async def test_options_is_the_verdict_of_a_probe_and_a_list_of_methods_elsewhere(
    room: Room, path: str
) -> None:
    reply = await room.ask(path, "OPTIONS")
    if path in PROBES:
        assert reply.status == 200
    else:
        assert (reply.status, reply.body) == (204, b"")
        assert reply.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert "Access-Control-Allow-Origin" not in reply.headers


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
async def test_any_other_method_is_told_which_there_are(room: Room, path: str, method: str) -> None:
    reply = await room.ask(path, method)
    assert reply.status == 405
    assert reply.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert reply.error["code"] == "method_not_allowed"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["/v1/models", "/livez", "/", "/nowhere"])
@pytest.mark.parametrize(
    "body",
    [b"Content-Length: 3\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"],
    ids=["length", "chunked"],
)
async def test_a_body_is_refused_and_the_connection_ends_with_it(
    room: Room, path: str, body: bytes, method: str
) -> None:
    async with room.connection() as connection:
        connection.send(f"{method} {path} HTTP/1.1\r\nHost: x\r\n".encode() + body)
        reply = await connection.reply(has_body=method != "HEAD")
        assert reply.status == 413
        assert reply.headers["Connection"] == "close"
        if method != "HEAD":
            assert reply.error["code"] == "body_not_accepted"
        assert await connection.ended()


async def test_a_body_that_is_announced_and_never_sent_is_not_waited_for(room: Room) -> None:
    async with room.connection() as connection:
        connection.send(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000000\r\n\r\n")
        assert (await connection.reply()).status == 413


async def test_a_body_of_no_length_is_none(room: Room) -> None:
    reply = await room.raw(
        b"GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    )
    assert reply.status == 200


@pytest.mark.parametrize("path", PATHS)
async def test_an_expectation_is_not_echoed_whatever_it_is(room: Room, path: str) -> None:
    async with room.connection() as connection:
        connection.send(f"GET {path} HTTP/1.1\r\nHost: x\r\nExpect: <script>\r\n\r\n".encode())
        reply = await connection.reply()
    assert reply.status == 200
    assert b"<script>" not in reply.body


async def test_a_body_that_a_client_asks_leave_for_is_refused_at_once(room: Room) -> None:
    async with room.connection() as connection:
        connection.send(
            b"GET /v1/models HTTP/1.1\r\nHost: x\r\n"
            b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"
        )
        assert (await connection.reply()).status == 413


@pytest.mark.parametrize(
    "path",
    [
        *("/v1", "/v1/", "/v1/models/", "/v1/integrations/", "/v1/integrations/ollama/"),
        *("//v1/models", "/v1//models", "/V1/models", "/livez/", "/readyz/", "/healthz/"),
        *("/api/v0/models", "/api/tags", "/models", "/v1/integrations/ollama/nothing"),
        *("/v1/models%2f", "/docs/", "/favicon.ico", "/%2e%2e/etc/passwd", "/..%2f..%2fetc"),
    ],
)
async def test_no_path_is_redirected(room: Room, path: str) -> None:
    """A balancer takes a redirect for good health; LM Studio's clients need a 404 to go on."""
    reply = await room.ask(path)
    assert reply.status == 404
    assert "Location" not in reply.headers
    assert reply.error["code"] == "not_found"
