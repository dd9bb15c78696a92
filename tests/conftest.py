"""What every test gets: no network, no settings from outside, upstreams that are closed again."""

import asyncio
import errno
import inspect
import ipaddress
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping
from contextlib import AsyncExitStack
from typing import Any, TypeVar
from unittest.mock import Mock

import aiohttp
import pytest
from aioresponses import core

from tests.fakes import FakeUpstream

AIORESPONSES_NEEDS_SHIM = "stream_writer" in inspect.signature(aiohttp.ClientResponse).parameters

if AIORESPONSES_NEEDS_SHIM:

    class _MockedResponse(aiohttp.ClientResponse):
        """What aioresponses 0.7.9 does not give to responses of aiohttp 3.14."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.setdefault("stream_writer", Mock(output_size=0))
            super().__init__(*args, **kwargs)

    # It is imported there, not exported, and there is where it is looked up.
    core.ClientResponse = _MockedResponse  # type: ignore[attr-defined]


_PREFIXES = ("ROLLCALL_", "OPENAI_", "ANTHROPIC_")
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
MakeUpstream = Callable[[Mapping[str, Any]], Awaitable[FakeUpstream]]


def pytest_configure() -> None:
    """Before Python 3.14 pytest-asyncio makes a first event loop that nobody would close."""
    asyncio.set_event_loop(None)


@pytest.fixture
async def fake_upstream() -> AsyncIterator[MakeUpstream]:
    """Give a maker of upstreams, ``await make({"/api/tags": {}})``; all are closed at the end."""
    async with AsyncExitStack() as opened:

        async def make(answers: Mapping[str, Any]) -> FakeUpstream:
            return await opened.enter_async_context(FakeUpstream(answers))

        yield make


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of whoever runs the tests reaches a test."""
    for name in list(os.environ):
        if name.startswith(_PREFIXES) or name in ("OLLAMA_HOST", "KUBERNETES_SERVICE_HOST"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def denied_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Deny whatever is not loopback, and fail the test that tried it, even if it caught the error.

    A test that means to try it empties the list that it gets from here.
    """
    denied: list[str] = []
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex
    lookup = socket.getaddrinfo

    def checked(attempt: str, *, allowed: bool) -> None:
        if not allowed:
            denied.append(attempt)
            raise OSError(errno.ENETUNREACH, "tests have no network beyond loopback")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        checked(f"connect {address}", allowed=_is_local(self, address))
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        checked(f"connect {address}", allowed=_is_local(self, address))
        return connect_ex(self, address)

    def guarded_lookup(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        checked(f"look up {name}", allowed=name in (None, "", "localhost") or _is_address(name))
        return lookup(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_lookup)
    yield denied
    if denied:
        pytest.fail(f"the network was tried: {', '.join(denied)}")


def _is_local(used: socket.socket, address: Any) -> bool:
    if used.family not in (socket.AF_INET, socket.AF_INET6):
        return True
    host = address[0]
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test is a test that nobody ran: it fails."""
    report = yield
    return _failed_if_skipped(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """In CI a skipped file is one that nobody ran: it fails."""
    report = yield
    return _failed_if_skipped(report)


def _failed_if_skipped(report: Report) -> Report:
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report
