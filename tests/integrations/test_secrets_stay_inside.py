"""No error that leaves an integration tells a key, a host or a port, however it is printed."""

import logging
import socket
import traceback
from typing import Any

import aiohttp
import pytest
from aioresponses import aioresponses

from service.integrations import IntegrationError, OllamaIntegration
from tests.conftest import MakeUpstream
from tests.fakes import Drip, FakeUpstream, Hang, Raw, Reset, Status, ollama_answers
from tests.integrations.conftest import MakeOllama

KEY = "canary-5b1c9d"
HEADERS = {"Authorization": f"Bearer {KEY}", "X-Api-Key": KEY}


async def told_by(integration: OllamaIntegration) -> str:
    """Give everything that the error of a refresh prints, in every usual way."""
    with pytest.raises(IntegrationError) as caught:
        await integration.refresh()
    error = caught.value
    # The lines of the source that a traceback quotes are ours: what matters is what was raised.
    printed = traceback.TracebackException.from_exception(error, lookup_lines=False)
    told = [str(error), repr(error), repr(error.__cause__), repr(vars(error)), repr(error.args)]
    told += list(printed.format())
    assert error.__suppress_context__ or error.__context__ is None
    return "\n".join(told)


TROUBLE = [
    *(Status(status, KEY.encode()) for status in (204, 302, 400, 401, 403, 404, 429, 500, 503)),
    Status(302, b"", {"Location": f"http://user:{KEY}@elsewhere.example/{KEY}"}),
    Status(200, KEY.encode(), {"Content-Encoding": "gzip"}),
    Status(429, b"", {"Retry-After": KEY}),
    *(KEY.encode(), {"error": KEY}, {"models": [KEY]}, b'{"models": "' + KEY.encode()),
    *(Raw(b""), Raw(KEY.encode() + b"\r\n\r\n"), Raw(b"HTTP/1.1 200 OK\r\n" + KEY.encode())),
    Raw(b"HTTP/1.1 200 OK\r\nX-Long: " + KEY.encode() * 9000 + b"\r\n\r\n"),
    Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + KEY.encode() + b"\r\n"),
    Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + KEY.encode()),
    *(Reset(), Hang(), Drip(KEY.encode(), per_second=5)),
]


@pytest.mark.parametrize("answer", TROUBLE, ids=lambda answer: f"{answer!r:.40}")
async def test_no_key_and_no_address_is_told_whatever_the_server_does(
    fake_upstream: MakeUpstream,
    ollama: MakeOllama,
    caplog: pytest.LogCaptureFixture,
    answer: Any,
) -> None:
    caplog.set_level(logging.DEBUG)
    upstream = await fake_upstream({"/api/tags": answer})
    told = await told_by(ollama(upstream, headers=HEADERS, timeout=0.3))
    assert upstream.requests[0].headers["authorization"] == f"Bearer {KEY}"
    for secret in (KEY, f":{upstream.port}", "127.0.0.1"):
        assert secret not in told
        assert secret not in caplog.text


async def test_none_is_told_of_a_server_that_is_not_there(
    fake_upstream: MakeUpstream, ollama: MakeOllama, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    upstream = await fake_upstream({})
    await upstream.stop()
    for host in (upstream.url, upstream.url.replace("http", "https")):
        told = await told_by(ollama(host, headers=HEADERS)) + caplog.text
        assert KEY not in told
        assert "127.0.0.1" not in told


async def test_none_is_told_of_a_name_that_does_not_resolve(
    ollama: MakeOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(host: str, *_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, f"{host}: Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    told = await told_by(ollama("http://private.example", headers=HEADERS))
    assert "private.example" not in told
    assert KEY not in told


@pytest.mark.parametrize("kind", [aiohttp.ClientPayloadError, RuntimeError, OSError, ValueError])
async def test_none_is_told_of_what_the_client_raises(
    ollama: MakeOllama, kind: type[Exception]
) -> None:
    with aioresponses() as mocked:
        mocked.get("http://127.0.0.1:1/api/tags", exception=kind(KEY), repeat=True)
        assert KEY not in await told_by(ollama("127.0.0.1:1", headers=HEADERS))


async def test_the_text_of_an_integration_holds_no_key(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    integration = ollama(await fake_upstream(ollama_answers()), headers=HEADERS)
    await integration.refresh()
    assert KEY not in f"{integration} {integration!r} {await integration.health_check()}"
    assert KEY not in repr(await integration.refresh())


async def test_no_key_goes_to_where_a_redirect_points(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    target: FakeUpstream = await fake_upstream(ollama_answers())
    location = {"Location": f"{target.url}/api/tags"}
    upstream = await fake_upstream({"/api/tags": Status(307, b"", location)})
    await told_by(ollama(upstream, headers=HEADERS))
    assert target.connections == 0
