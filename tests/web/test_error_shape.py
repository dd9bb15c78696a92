"""Every error has one shape, tells nothing of the inside, and gives back nothing unchecked."""

import io
import logging
from collections.abc import Iterator
from typing import Final

import pytest
import structlog
from aiohttp import web

from service.observability import logs
from service.web import application
from service.web.application import ROUTES
from tests.web.building import Room
from tests.web.conftest import MakeRoom

SECRET: Final = "http://10.0.0.7:11434/?key=sk-canary-4711"
PATHS: Final = tuple(
    (route.replace(":.+", ""), route.replace("{id:.+}", "x").replace("{name}", "ollama"))
    for route, _ in ROUTES
)


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """Collect all that the service and its libraries log, as in production."""
    loggers = [logging.getLogger(name) for name in ("aiohttp", "asyncio")]
    before = [(each.handlers, each.propagate, each.level) for each in loggers]
    stream = io.StringIO()
    logs.configure(level="debug", form="json", stream=stream)
    yield stream
    structlog.reset_defaults()
    for each, (handlers, propagate, level) in zip(loggers, before, strict=True):
        each.handlers, each.propagate = handlers, propagate
        each.setLevel(level)


@pytest.fixture
async def broken(make_room: MakeRoom, monkeypatch: pytest.MonkeyPatch) -> Room:
    """Give a room where every handler has a bug."""

    async def handler(_: web.Request) -> web.Response:
        raise RuntimeError(f"can't reach {SECRET}") from LookupError(SECRET)

    monkeypatch.setattr(application, "ROUTES", tuple((path, handler) for path, _ in ROUTES))
    return await make_room(access_log="all")


@pytest.mark.parametrize(("route", "path"), PATHS)
async def test_a_bug_is_answered_as_an_error_and_told_to_nobody(
    broken: Room, said: io.StringIO, route: str, path: str
) -> None:
    reply = await broken.ask(path)
    assert reply.status == 500
    assert reply.json == {
        "error": {
            "message": "Something broke here",
            "type": "api_error",
            "param": None,
            "code": "internal_error",
        }
    }
    log = said.getvalue()
    assert '"request.crashed"' in log
    assert f'"route": "{route}"' in log
    assert '"error": "RuntimeError"' in log
    for secret in ("10.0.0.7", "canary", "can't reach", "Traceback"):
        assert secret not in log
        assert secret not in str(reply)


async def test_a_bug_does_not_end_the_connection_or_the_service(broken: Room) -> None:
    async with broken.connection() as connection:
        for _ in range(3):
            connection.send(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await connection.reply()).status == 500


async def test_a_bug_is_counted(broken: Room) -> None:
    await broken.ask("/v1/models")
    counter = broken.context.metrics.registry.get_sample_value
    labels = {"route": "/v1/models", "code_class": "5xx"}
    assert counter("rollcall_http_requests_total", labels) == 1


@pytest.mark.parametrize(("route", "path"), PATHS)
async def test_every_route_refuses_in_the_one_shape(cold_room: Room, route: str, path: str) -> None:
    assert (await cold_room.ask(path, "POST")).error["code"] == "method_not_allowed"
    async with cold_room.connection() as connection:
        connection.send(f"GET {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n{{".encode())
        assert (await connection.reply()).error["code"] == "body_not_accepted"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/nowhere", 404, "not_found"),
        ("/v1/models?page=1", 400, "unknown_parameter"),
        ("/v1/models?limit=0", 400, "invalid_value"),
        ("/v1/models/nobody", 404, "model_not_found"),
        ("/v1/integrations/nobody", 404, "integration_not_found"),
        ("/v1/integrations/nobody/models", 404, "integration_not_found"),
        ("/v1/integrations/nobody/health", 404, "integration_not_found"),
        ("/v1/integrations/health?fail_on=x", 400, "invalid_value"),
        ("/v1/integrations/health?x=1", 400, "unknown_parameter"),
        ("/v1/integrations/health/strict?integration=x", 404, "integration_not_found"),
    ],
)
async def test_a_client_is_told_what_was_wrong_and_no_cache_keeps_it(
    room: Room, path: str, status: int, code: str
) -> None:
    reply = await room.ask(path)
    assert (reply.status, reply.error["code"]) == (status, code)
    assert reply.error["type"] == "invalid_request_error"
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Server"] == "rollcall"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert int(reply.headers["Content-Length"]) == len(reply.body)


@pytest.mark.parametrize("method", ["HEAD", "GET"])
async def test_an_error_by_head_has_no_body(room: Room, method: str) -> None:
    async with room.connection() as connection:
        for _ in range(2):
            connection.send(f"{method} /v1/models/nobody HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            reply = await connection.reply(has_body=method == "GET")
            assert reply.status == 404


@pytest.mark.parametrize("said_id", ["a", "ok-1", "A.b_C-9", "0" * 64, "..", "-"])
@pytest.mark.parametrize("path", ["/livez", "/v1/models", "/nowhere", "/v1/models?limit=0"])
async def test_a_sane_request_id_comes_back(room: Room, path: str, said_id: str) -> None:
    reply = await room.ask(path, headers={"X-Request-ID": said_id})
    assert reply.headers["X-Request-ID"] == said_id


@pytest.mark.parametrize(
    "said_id",
    ["", "0" * 65, "0" * 5000, "a b", "a/b", "a\tb", "ü", "<b>", "a,b", "${x}", "a;b", "%0d%0a"],
)
async def test_an_odd_request_id_is_dropped(room: Room, said_id: str) -> None:
    reply = await room.raw(
        b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-ID: "
        + said_id.encode()
        + b"\r\n\r\n"
    )
    assert reply.status == 200
    assert "X-Request-ID" not in reply.headers


@pytest.mark.parametrize(
    "line",
    [b"a\x1b[2J", b"a\x00b", b"a\rInjected: 1", b"a\r\n Injected: 1", b"a\nInjected: 1"],
    ids=["ansi", "nul", "cr", "folded", "lf"],
)
async def test_a_request_id_can_inject_nothing(room: Room, said: io.StringIO, line: bytes) -> None:
    reply = await room.raw(
        b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-ID: "
        + line
        + b"\r\n\r\n"
    )
    assert reply.status in {200, 400}
    assert not {"X-Request-ID", "Injected"} & set(reply.headers)
    assert "\x1b" not in said.getvalue()


async def test_no_origin_is_let_in_or_reflected(room: Room) -> None:
    reply = await room.ask("/v1/models", headers={"Origin": "http://evil.example"})
    assert not any("evil" in value for value in reply.headers.values())
    assert not any(name.lower().startswith("access-control") for name in reply.headers)
