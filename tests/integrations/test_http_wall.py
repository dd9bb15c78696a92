"""What a server may do to us over the wire, and the one code that each of it ends in."""

import asyncio
import gzip
import socket
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aioresponses import aioresponses

from service.core.reasons import Reason
from service.integrations import IntegrationError, OllamaIntegration, UnreachableError
from service.integrations.errors import translated
from service.integrations.http_integration import BODY_CEILING
from service.integrations.probe import probe
from tests.conftest import MakeUpstream
from tests.fakes import Drip, Hang, InTurn, Raw, Reset, Slow, Status, ollama_answers
from tests.integrations.conftest import MakeOllama

TAGS = b'{"models":[{"name":"qwen3:8b","capabilities":["completion"]}]}'


async def refusal(integration: OllamaIntegration) -> IntegrationError:
    """Refresh, and give the error that must come of it."""
    with pytest.raises(IntegrationError) as caught:
        await integration.refresh()
    return caught.value


def answering(head: str, body: bytes = b"") -> Raw:
    return Raw(f"HTTP/1.1 {head}\r\n\r\n".encode("latin-1") + body)


class TestRedirects:
    @pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
    async def test_none_is_followed_and_the_target_sees_nothing(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama, status: int
    ) -> None:
        target = await fake_upstream(ollama_answers())
        location = {"Location": f"{target.url}/api/tags"}
        upstream = await fake_upstream({"/api/tags": Status(status, b"", location)})
        assert (await refusal(ollama(upstream))).reason is Reason.REDIRECT
        assert (target.connections, len(upstream.requests)) == (0, 1)

    @pytest.mark.parametrize(
        "location", ["/api/tags", "file:///etc/passwd", "//other/", "http://169.254.169.254/", ""]
    )
    async def test_it_does_not_matter_where_they_lead(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama, location: str
    ) -> None:
        upstream = await fake_upstream({"/api/tags": Status(302, b"", {"Location": location})})
        assert (await refusal(ollama(upstream))).reason is Reason.REDIRECT
        assert len(upstream.requests) == 1


class TestStatus:
    @pytest.mark.parametrize(
        ("status", "reason"),
        [
            *((201, Reason.BAD_BODY), (202, Reason.BAD_BODY), (204, Reason.BAD_BODY)),
            *((206, Reason.BAD_BODY), (400, Reason.BAD_PROTOCOL), (401, Reason.UNAUTHORIZED)),
            *((403, Reason.UNAUTHORIZED), (407, Reason.UNAUTHORIZED), (404, Reason.NOT_FOUND)),
            *((405, Reason.NOT_FOUND), (410, Reason.NOT_FOUND), (418, Reason.BAD_PROTOCOL)),
            *((429, Reason.RATE_LIMITED), (500, Reason.HTTP_5XX), (502, Reason.HTTP_5XX)),
            *((503, Reason.HTTP_5XX), (504, Reason.HTTP_5XX), (599, Reason.HTTP_5XX)),
            *((600, Reason.BAD_PROTOCOL), (999, Reason.BAD_PROTOCOL)),
        ],
    )
    async def test_every_status_has_its_code(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama, status: int, reason: Reason
    ) -> None:
        body = b"" if status == 204 else TAGS
        upstream = await fake_upstream({"/api/tags": Status(status, body)})
        assert (await refusal(ollama(upstream))).reason is reason

    @pytest.mark.parametrize("status", [500, 502, 504])
    async def test_a_hiccup_is_asked_once_more(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama, status: int
    ) -> None:
        upstream = await fake_upstream({"/api/tags": InTurn(Status(status), TAGS)})
        assert len((await ollama(upstream).refresh()).models) == 1
        assert len(upstream.asked("/api/tags")) == 2

    @pytest.mark.parametrize("status", [401, 404, 429, 503])
    async def test_a_word_of_the_server_is_not_argued_with(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama, status: int
    ) -> None:
        upstream = await fake_upstream({"/api/tags": Status(status)})
        await refusal(ollama(upstream))
        assert len(upstream.requests) == 1

    async def test_a_large_error_page_does_not_hold_its_connection(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama
    ) -> None:
        upstream = await fake_upstream({"/api/tags": Status(500, b"x" * 3_000_000)})
        integration = ollama(upstream, timeout=2)
        for _ in range(5):
            assert (await refusal(integration)).reason is Reason.HTTP_5XX
        assert len(upstream.requests) == 10


class TestRetryAfter:
    @pytest.mark.parametrize("status", [429, 503])
    @pytest.mark.parametrize(
        ("said", "seconds"),
        [
            ("0", 0),
            ("7", 7),
            (" 7 ", 7),
            ("86400", 86400),
            ("999999999", 86400),
            ("9" * 60, 86400),
            ("9" * 5000, None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
            ("٣", None),
            ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 86400),
            ("Wed, 99 Foo 2015 07:28:00 GMT", None),
        ],
        ids=lambda value: str(value)[:30],
    )
    async def test_it_is_read_clamped_or_ignored(
        self,
        fake_upstream: MakeUpstream,
        ollama: MakeOllama,
        status: int,
        said: str,
        seconds: float | None,
    ) -> None:
        wire = f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\nRetry-After: {said}\r\n\r\n"
        upstream = await fake_upstream({"/api/tags": Raw(wire.encode())})
        assert (await refusal(ollama(upstream))).retry_after == seconds

    @pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
    @pytest.mark.parametrize("written", ["GMT", "-0000", ""])
    async def test_a_date_is_a_time_from_now_wherever_we_run(
        self,
        fake_upstream: MakeUpstream,
        ollama: MakeOllama,
        monkeypatch: pytest.MonkeyPatch,
        zone: str,
        written: str,
    ) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        try:
            date = formatdate(time.time() + 100, usegmt=True).replace("GMT", written).strip()
            upstream = await fake_upstream({"/api/tags": Status(429, b"", {"Retry-After": date})})
            error = await refusal(ollama(upstream))
        finally:
            monkeypatch.undo()
            time.tzset()
        assert error.retry_after == pytest.approx(100, abs=5)


class TestBodies:
    @pytest.mark.parametrize(
        "encoding",
        ["gzip", "GZIP", "deflate", "br", "zstd", "gzip, gzip", "x-made-up", "identity,gzip"],
    )
    async def test_a_packed_body_is_not_unpacked(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama, encoding: str
    ) -> None:
        packed = Status(200, gzip.compress(TAGS), {"Content-Encoding": encoding})
        upstream = await fake_upstream({"/api/tags": packed})
        assert (await refusal(ollama(upstream))).reason is Reason.BAD_ENCODING
        assert upstream.requests[0].headers["accept-encoding"] == "identity"

    async def test_a_bomb_costs_neither_time_nor_memory(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama
    ) -> None:
        bomb = gzip.compress(bytes(100_000_000), 9) * 10
        upstream = await fake_upstream(
            {"/api/tags": Status(200, bomb, {"Content-Encoding": "gzip"})}
        )
        started = time.monotonic()
        assert (await refusal(ollama(upstream))).reason is Reason.BAD_ENCODING
        assert time.monotonic() - started < 0.5

    async def test_an_identity_encoding_that_is_spelled_out_is_fine(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama
    ) -> None:
        said = Status(200, TAGS, {"Content-Encoding": "Identity"})
        upstream = await fake_upstream({"/api/tags": said})
        assert len((await ollama(upstream).refresh()).models) == 1

    @pytest.mark.parametrize("framing", ["length", "close", "chunked", "lie"])
    async def test_a_body_over_the_limit_is_left_at_the_limit(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama, framing: str
    ) -> None:
        body = b" " * (BODY_CEILING + 1) + TAGS
        head = {
            "length": f"200 OK\r\nContent-Length: {len(body)}",
            "lie": f"200 OK\r\nContent-Length: {10**12}",
            "close": "200 OK\r\nConnection: close",
            "chunked": "200 OK\r\nTransfer-Encoding: chunked",
        }[framing]
        if framing == "chunked":
            body = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
        upstream = await fake_upstream({"/api/tags": answering(head, body)})
        started = time.monotonic()
        assert (await refusal(ollama(upstream))).reason is Reason.TOO_LARGE
        assert time.monotonic() - started < 1

    async def test_a_body_at_the_limit_is_taken(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama
    ) -> None:
        body = TAGS + b" " * (BODY_CEILING - len(TAGS))
        upstream = await fake_upstream({"/api/tags": body})
        assert len((await ollama(upstream).refresh()).models) == 1

    @pytest.mark.parametrize(
        "body",
        [
            *(b"", b" ", b"<!DOCTYPE html><title>Sign in</title>", b"Ollama is running", b"null"),
            *(b"\x00\x01\x02", b"\xff\xfe\xfd", TAGS[:-1], TAGS + b"x", b"[" * 100_000, b"true"),
            *(b'{"a":' * 100_000, b'{"models":[{"name":"a","size":' + b"1" * 5000 + b"}]}"),
        ],
        ids=lambda body: f"{body[:12]!r}",
    )
    async def test_what_is_no_list_is_a_bad_body(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama, body: bytes
    ) -> None:
        upstream = await fake_upstream({"/api/tags": body})
        assert (await refusal(ollama(upstream))).reason is Reason.BAD_BODY

    @pytest.mark.parametrize(
        "entry",
        [
            b'{"name":"\\ud800"}',
            b'{"name":"a\\u0000b"}',
            b'{"name":"a\\u202eb"}',
            b'{"name":NaN}',
            b'{"name":"odd:1b","size":NaN,"digest":Infinity,"details":{"context_length":-Infinity}}',
            b'{"name":"odd:1b","size":1e400,"modified_at":1e400}',
            b'{"name":"odd:1b","modified_at":"9999-12-31T23:59:59.999999999-14:00"}',
            b'{"name":"odd:1b","details":' + b"[" * 200 + b"]" * 200 + b"}",
            b'{"name":"odd:1b","name":"odd:2b","digest":"\\udfff"}',
            b'{"name":"odd:1b","capabilities":[null,{},[],"completion"],"size":true}',
        ],
        ids=lambda entry: f"{entry[:40]!r}",
    )
    async def test_an_odd_entry_costs_at_most_itself_and_prints_as_strict_json(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama, entry: bytes
    ) -> None:
        body = b'\xef\xbb\xbf{"models":[%s,{"name":"good:1b"}]}' % entry
        integration = ollama(await fake_upstream({"/api/tags": body}))
        models = await integration.get_models()
        assert models[-1]["id"] == "good:1b"
        assert [model["id"] for model in models[:-1]] in ([], ["odd:1b"], ["odd:2b"])
        assert all(model["details"]["size"] is None for model in models)
        assert all(type(model["created"]) is int and model["created"] >= 0 for model in models)


class TestProtocol:
    @pytest.mark.parametrize(
        "wire",
        [
            pytest.param(b"hello\r\n\r\n", id="HTTP/0.9"),
            pytest.param(b"\x16\x03\x01\x02\x00\x01\r\n\r\n", id="binary"),
            pytest.param(b"HTTP/1.1 abc OK\r\n\r\n", id="no number"),
            pytest.param(
                b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n", id="200 KB header"
            ),
            pytest.param(
                b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 100_000 + b"\r\n", id="100 000 headers"
            ),
            pytest.param(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", id="no colon"),
            pytest.param(
                b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n" + TAGS, id="negative length"
            ),
            pytest.param(
                b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"0\r\n\r\n",
                id="both lengths",
            ),
            pytest.param(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
                id="bad chunk size",
            ),
            pytest.param(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", id="cut-off chunk"
            ),
            pytest.param(
                b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + TAGS, id="short of its length"
            ),
        ],
    )
    async def test_what_is_no_http_is_never_taken_for_a_status_or_a_list(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama, wire: bytes
    ) -> None:
        upstream = await fake_upstream({"/api/tags": Raw(wire)})
        error = await refusal(ollama(upstream, timeout=2))
        assert error.reason is Reason.BAD_PROTOCOL
        assert len(upstream.requests) <= 2

    async def test_a_flood_of_interim_answers_ends_with_the_deadline(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama
    ) -> None:
        upstream = await fake_upstream(
            {"/api/tags": Raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 50_000)}
        )
        started = time.monotonic()
        error = await refusal(ollama(upstream, timeout=0.5))
        assert error.reason in {Reason.TIMEOUT, Reason.RESET, Reason.BAD_PROTOCOL}
        assert time.monotonic() - started < 2

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(Hang(), id="no answer"),
            pytest.param(Drip(TAGS, per_second=20), id="dripping body"),
            pytest.param(Drip(TAGS, per_second=20, head=True), id="dripping headers"),
            pytest.param(Slow(5, TAGS), id="slow"),
        ],
    )
    async def test_the_deadline_is_for_the_whole_answer(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama, answer: Any
    ) -> None:
        upstream = await fake_upstream({"/api/tags": answer})
        started = time.monotonic()
        assert (await refusal(ollama(upstream, timeout=0.3))).reason is Reason.TIMEOUT
        assert 0.25 < time.monotonic() - started < 0.6


class TestConnections:
    async def test_a_port_that_refuses_is_unreachable(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama
    ) -> None:
        upstream = await fake_upstream({})
        await upstream.stop()
        error = await refusal(ollama(upstream))
        assert (type(error), error.reason) == (UnreachableError, Reason.REFUSED)

    async def test_a_reset_costs_two_requests_at_the_most(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama
    ) -> None:
        upstream = await fake_upstream({"/api/tags": Reset()})
        assert (await refusal(ollama(upstream))).reason is Reason.RESET
        assert len(upstream.requests) == 2

    @pytest.mark.parametrize("first", [Reset(), Raw(b"")], ids=["reset", "closed"])
    async def test_after_one_lost_connection_the_second_try_counts(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama, first: Any
    ) -> None:
        upstream = await fake_upstream({"/api/tags": InTurn(first, TAGS)})
        assert len((await ollama(upstream).refresh()).models) == 1
        assert len(upstream.asked("/api/tags")) == 2

    async def test_an_upstream_that_restarted_between_polls_is_no_failure(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama
    ) -> None:
        upstream = await fake_upstream(ollama_answers())
        integration = ollama(upstream)
        first = await integration.refresh()
        await upstream.stop()
        await upstream.start()
        assert await integration.refresh() is first

    async def test_one_poll_uses_few_connections_and_the_next_may_reuse_them(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama
    ) -> None:
        upstream = await fake_upstream(ollama_answers(old=True))
        integration = ollama(upstream)
        for _ in range(3):
            await integration.refresh()
        assert upstream.connections <= 4

    async def test_a_full_backlog_is_given_up_after_the_connect_timeout(
        self, ollama: MakeOllama, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("service.integrations.http_integration.CONNECT_TIMEOUT", 0.3)
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen(0)
            address = listening.getsockname()
            waiting = [socket.socket() for _ in range(3)]
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(address)
            error = await refusal(ollama(f"127.0.0.1:{address[1]}", timeout=2))
            for one in waiting:
                one.close()
        assert (type(error), error.reason) == (UnreachableError, Reason.TIMEOUT)

    async def test_a_name_that_does_not_resolve_is_a_failure_of_dns(
        self, ollama: MakeOllama, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: Any, **__: Any) -> Any:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", fail)
        error = await refusal(ollama("http://ollama.example"))
        assert (type(error), error.reason) == (UnreachableError, Reason.DNS)

    async def test_a_look_up_that_hangs_ends_with_the_deadline(
        self, ollama: MakeOllama, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(0.8))
        started = time.monotonic()
        error = await refusal(ollama("http://ollama.example", timeout=0.2))
        assert error.reason is Reason.TIMEOUT
        assert time.monotonic() - started < 0.6

    async def test_tls_to_a_plain_port_is_a_failure_of_tls(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama
    ) -> None:
        upstream = await fake_upstream(ollama_answers())
        error = await refusal(ollama(upstream.url.replace("http:", "https:")))
        assert error.reason is Reason.TLS
        assert upstream.requests == []


class TestEnvironment:
    async def test_no_proxy_and_no_netrc_of_the_environment_is_used(
        self,
        fake_upstream: MakeUpstream,
        ollama: MakeOllama,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        proxy = await fake_upstream({})
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login me password hunter2\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        upstream = await fake_upstream(ollama_answers())
        await ollama(upstream).refresh()
        assert proxy.connections == 0
        assert all("authorization" not in request.headers for request in upstream.requests)

    async def test_cookies_are_neither_kept_nor_sent(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama
    ) -> None:
        cookies = "".join(f"Set-Cookie: c{number}=1; Path=/\r\n" for number in range(100))
        wire = f"HTTP/1.1 200 OK\r\n{cookies}Content-Length: {len(TAGS)}\r\n\r\n".encode() + TAGS
        upstream = await fake_upstream({"/api/tags": Raw(wire)})
        integration = ollama(upstream)
        await integration.refresh()
        await integration.refresh()
        assert all("cookie" not in request.headers for request in upstream.requests)

    async def test_its_own_headers_go_with_every_request(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama
    ) -> None:
        upstream = await fake_upstream(ollama_answers(old=True))
        await ollama(upstream, headers={"X-Team": "blue"}).refresh()
        assert len(upstream.requests) == 16
        assert {request.headers.get("x-team") for request in upstream.requests} == {"blue"}


class TestRaisedByTheClient:
    """One-offs: exceptions that are hard to provoke over a real connection."""

    @pytest.mark.parametrize(
        ("raised", "reason"),
        [
            (aiohttp.ClientPayloadError("host.example"), Reason.BAD_PROTOCOL),
            (aiohttp.ServerDisconnectedError("host.example"), Reason.RESET),
            (aiohttp.SocketTimeoutError("host.example"), Reason.TIMEOUT),
            (aiohttp.ConnectionTimeoutError("host.example"), Reason.TIMEOUT),
            (aiohttp.InvalidURL("host.example"), Reason.BAD_PROTOCOL),
            (aiohttp.ServerFingerprintMismatch(b"a", b"b", "host.example", 1), Reason.TLS),
            (ConnectionResetError("host.example"), Reason.RESET),
            (TimeoutError(), Reason.TIMEOUT),
            (OSError(24, "Too many open files: host.example"), Reason.RESET),
            (RuntimeError("host.example"), Reason.INTERNAL),
            (MemoryError("host.example"), Reason.INTERNAL),
        ],
        ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
    )
    async def test_every_exception_becomes_one_of_ours(
        self, ollama: MakeOllama, raised: Exception, reason: Reason
    ) -> None:
        with aioresponses() as mocked:
            mocked.get("http://127.0.0.1:1/api/tags", exception=raised, repeat=True)
            error = await refusal(ollama("127.0.0.1:1"))
        assert error.reason is reason
        assert str(error) == str(reason)

    async def test_an_error_of_ours_passes_as_it_is(self) -> None:
        ours = IntegrationError(Reason.LOADING, retry_after=3)
        assert translated(ours) is ours

    async def test_a_cancellation_that_nobody_asked_for_is_one_failed_probe(
        self, ollama: MakeOllama
    ) -> None:
        with aioresponses() as mocked:
            mocked.get("http://127.0.0.1:1/api/tags", exception=asyncio.CancelledError())
            outcome = await probe(ollama("127.0.0.1:1"), deadline=1)
        assert getattr(outcome, "reason", None) is Reason.INTERNAL

    async def test_a_mocked_list_is_read_like_a_real_one(self, ollama: MakeOllama) -> None:
        with aioresponses() as mocked:
            mocked.get("http://127.0.0.1:1/api/tags", body=TAGS)
            refreshed = await ollama("127.0.0.1:1").refresh()
        assert [model.id for model in refreshed.models] == ["qwen3:8b"]
