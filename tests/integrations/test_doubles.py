"""The test doubles and the guards themselves: they do what the other tests rely on."""

import asyncio
import errno
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aioresponses import aioresponses, core

from tests.conftest import MakeUpstream
from tests.fakes import (
    OLLAMA_READS,
    CannedIntegration,
    Drip,
    FakeUpstream,
    Hang,
    InTurn,
    Raw,
    Reset,
    Slow,
    Status,
)


async def get(url: str, **options: Any) -> tuple[int, bytes]:
    timeout = aiohttp.ClientTimeout(total=1)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(url, **options) as response,
    ):
        return response.status, await response.read()


class TestFakeUpstream:
    async def test_it_answers_by_path_and_remembers_what_it_was_asked(self) -> None:
        async with FakeUpstream({"/a": {"b": 1}, "/c": b"raw"}) as upstream:
            assert await get(f"{upstream.url}/a?x=1") == (200, b'{"b": 1}')
            assert await get(f"{upstream.url}/c", headers={"X-Y": "z"}) == (200, b"raw")
            assert (await get(f"{upstream.url}/d"))[0] == 404
        assert [(one.path, one.query) for one in upstream.requests] == [
            ("/a", "x=1"),
            ("/c", ""),
            ("/d", ""),
        ]
        assert upstream.asked("/c")[0].headers["x-y"] == "z"

    async def test_answers_may_change_come_in_turn_and_depend_on_the_payload(self) -> None:
        answers = {"/a": InTurn(Status(500), Slow(0.01, b"late")), "/echo": lambda said: said}
        async with FakeUpstream(answers) as upstream:
            statuses = [(await get(f"{upstream.url}/a"))[0] for _ in range(3)]
            upstream.answers["/a"] = b"new"
            assert statuses == [500, 200, 200]
            assert (await get(f"{upstream.url}/a"))[1] == b"new"
            assert await get(f"{upstream.url}/echo", json={"x": 1}) == (200, b'{"x": 1}')

    async def test_it_can_be_stopped_and_started_on_the_same_port(self) -> None:
        async with FakeUpstream({"/a": b"x"}) as upstream:
            url = f"{upstream.url}/a"
            await get(url)
            await upstream.stop()
            with pytest.raises(aiohttp.ClientConnectorError):
                await get(url)
            await upstream.start()
            assert await get(url) == (200, b"x")

    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            (Hang(), TimeoutError),
            (Drip(b"x" * 100, per_second=50), TimeoutError),
            (Drip(b"x", per_second=20, head=True), TimeoutError),
            (Reset(), aiohttp.ClientOSError),
            (Raw(b""), aiohttp.ServerDisconnectedError),
            (Raw(b"junk\r\n\r\n"), aiohttp.ClientResponseError),
        ],
        ids=str,
    )
    async def test_its_faults_are_what_they_are_called(
        self, answer: Any, error: type[Exception]
    ) -> None:
        async with FakeUpstream({"/a": answer}) as upstream:
            with pytest.raises(error):
                await get(f"{upstream.url}/a", timeout=aiohttp.ClientTimeout(total=0.2))

    async def test_a_drip_arrives_whole_in_its_own_time(self) -> None:
        async with FakeUpstream({"/a": Drip(b"x" * 10, per_second=100)}) as upstream:
            started = time.monotonic()
            assert await get(f"{upstream.url}/a") == (200, b"x" * 10)
            assert time.monotonic() - started >= 0.09

    async def test_it_names_the_requests_that_it_should_never_have_got(self) -> None:
        async with FakeUpstream() as upstream:
            await get(f"{upstream.url}/api/tags")
            await get(f"{upstream.url}/api/generate")
            assert [one.path for one in upstream.outside(OLLAMA_READS)] == ["/api/generate"]

    async def test_it_leaves_no_task_behind(self, fake_upstream: MakeUpstream) -> None:
        upstream = await fake_upstream({"/api/tags": Hang()})
        before = asyncio.all_tasks()
        with pytest.raises(TimeoutError):
            await get(f"{upstream.url}/api/tags", timeout=aiohttp.ClientTimeout(total=0.05))
        await upstream.stop()
        assert asyncio.all_tasks() <= before


async def test_a_canned_integration_answers_in_turn_and_counts() -> None:
    canned = CannedIntegration(["a"], ValueError("b"), lambda: [{"id": "c"}])
    assert await canned.get_models() == [{"id": "a"}]
    with pytest.raises(ValueError, match="b"):
        await canned.get_models()
    assert await canned.get_models() == await canned.get_models() == [{"id": "c"}]
    assert canned.calls == 4


class TestNoNetwork:
    @pytest.mark.parametrize("address", [("192.0.2.1", 80), ("example.com", 80), ("10.0.0.1", 1)])
    def test_what_is_not_loopback_is_denied_and_noted(
        self, denied_network: list[str], address: tuple[str, int]
    ) -> None:
        with socket.socket() as one, pytest.raises(OSError, match="no network") as caught:
            one.connect(address)
        assert caught.value.errno == errno.ENETUNREACH
        assert denied_network == [f"connect {address}"]
        denied_network.clear()

    async def test_the_client_is_denied_too(self, denied_network: list[str]) -> None:
        with pytest.raises(aiohttp.ClientConnectorError):
            await get("http://192.0.2.1/")
        with pytest.raises(aiohttp.ClientConnectorDNSError):
            await get("http://rollcall.example/")
        assert [one.split(" ", 2)[0] for one in denied_network] == ["connect", "look"]
        denied_network.clear()

    def test_loopback_is_allowed(self) -> None:
        assert socket.getaddrinfo("localhost", 80)
        assert socket.getaddrinfo("127.0.0.1", 80)
        with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as one:
            one.connect(server.getsockname())


OUTER = """
from tests.conftest import *
"""
INNER = """
import pytest, socket
def test_skipped(): pytest.skip("no reason")
@pytest.mark.skip
def test_marked(): ...
@pytest.mark.xfail
def test_known(): assert 0
def test_passes(): ...
def test_hides_the_network():
    try: socket.socket().connect(("192.0.2.1", 80))
    except OSError: ...
"""


@pytest.mark.parametrize(
    ("ci", "counts"),
    [
        ("", "2 passed, 2 skipped, 1 xfailed, 1 error in"),
        # A mark skips in the setup, where a failure is called an error.
        ("true", "1 failed, 2 passed, 1 xfailed, 2 errors in"),
    ],
)
def test_in_ci_a_skipped_test_fails_and_a_hidden_connection_fails_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ci: str, counts: str
) -> None:
    (tmp_path / "conftest.py").write_text(OUTER)
    (tmp_path / "test_inner.py").write_text(INNER)
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope=function\n")
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert counts in ran.stdout


async def test_the_shim_for_aioresponses_is_still_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """When this fails, aioresponses has caught up: take the shim out of conftest.py."""
    monkeypatch.setattr(core, "ClientResponse", aiohttp.ClientResponse)
    with aioresponses() as mocked:
        mocked.get("http://127.0.0.1:1/", body="x")
        with pytest.raises(TypeError, match="stream_writer"):
            await get("http://127.0.0.1:1/")
