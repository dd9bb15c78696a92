"""Look-ups on threads of our own: bounded in number and time, and nothing waits for them."""

import asyncio
import socket
import subprocess
import sys
import threading
from typing import Any

import pytest

from service.integrations import UnreachableError
from service.integrations.resolver import LOOK_UP_TIMEOUT, DaemonResolver

GETADDRINFO = "service.integrations.resolver.socket.getaddrinfo"


async def test_a_name_is_resolved() -> None:
    found = await DaemonResolver().resolve("localhost", 80, socket.AF_INET)
    assert [(one["hostname"], one["host"], one["port"]) for one in found] == [
        ("localhost", "127.0.0.1", 80)
    ]


async def test_the_zone_of_a_link_local_address_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET6, 1, 6, "", ("fe80::1", 80, 0, 3))]
    monkeypatch.setattr(GETADDRINFO, lambda *_, **__: found)
    [one] = await DaemonResolver().resolve("here", 80)
    assert one["host"] == "fe80::1%3"


@pytest.mark.parametrize("error", [socket.gaierror(-2, "no"), UnicodeError("label too long")])
async def test_no_such_name_is_an_error_of_the_system(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(GETADDRINFO, fail)
    with pytest.raises(OSError):  # noqa: PT011 -- the client tells them apart by type alone
        await DaemonResolver().resolve("nowhere", 80)


async def test_hung_look_ups_are_given_up_and_never_more_than_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("service.integrations.resolver.LOOK_UP_TIMEOUT", 0.1)
    asked: list[str] = []
    end = threading.Event()

    def hang(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        end.wait(10)
        return []

    monkeypatch.setattr(GETADDRINFO, hang)
    resolver = DaemonResolver()
    for number in range(5):
        with pytest.raises(UnreachableError, match=r"^dns$"):
            await resolver.resolve(f"host-{number}", 80)
    assert asked == ["host-0", "host-1"]

    # Once the system answers after all, there is room again.
    end.set()
    await asyncio.sleep(0.05)
    assert await resolver.resolve("host-9", 80) == []


def test_the_process_leaves_while_a_look_up_hangs() -> None:
    """With the loop's own pool it would wait for as long as the system does."""
    script = """
import asyncio, socket, time
from service.integrations.resolver import DaemonResolver
socket.getaddrinfo = lambda *a, **k: time.sleep(30)
async def main():
    try:
        async with asyncio.timeout(0.1):
            await DaemonResolver().resolve("h", 1)
    except TimeoutError:
        print("left")
asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=10, check=True
    )
    assert done.stdout == "left\n"
    assert LOOK_UP_TIMEOUT == 2.0
