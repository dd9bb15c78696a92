"""A server that none of us wrote, as a process on a port of its own that it keeps."""

import asyncio
import contextlib
import os
import shutil
import socket
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import aiohttp

ROOT = Path(__file__).parents[2]
GOT = ROOT / ".e2e"
"""Where setup.sh puts what it gets."""


def free_port() -> int:
    """Give a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tool(name: str) -> str:
    """Find a program, also where Debian keeps servers."""
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    assert found, f"{name} is not installed: run tests/end_to_end/setup.sh"
    return found


def got(path: str) -> str:
    """Find what setup.sh has put below its folder."""
    found = GOT / path
    assert found.exists(), f"{path} is not there: run tests/end_to_end/setup.sh"
    return str(found)


class RealServer(ABC):
    """Started, killed and started again by a test; it listens on the same port each time."""

    ready_path: ClassVar[str]
    """Answers 200 once the server is up."""
    up_within: ClassVar[float] = 20.0

    def __init__(self) -> None:
        self.port = free_port()
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @abstractmethod
    def command(self) -> Sequence[str]: ...

    def environ(self) -> Mapping[str, str]:
        """Say what the server finds in its environment besides the path."""
        return {}

    async def start(self) -> None:
        """Start it, and wait until it is up."""
        await self.launch()
        async with asyncio.timeout(self.up_within), aiohttp.ClientSession() as session:
            while True:
                assert self.runs, f"{type(self).__name__} has ended by itself"
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(self.url + self.ready_path) as response:
                        if response.status == 200:
                            return
                await asyncio.sleep(0.05)

    async def launch(self) -> None:
        """Start it, and wait for nothing."""
        self._process = await asyncio.create_subprocess_exec(
            *self.command(),
            env={"PATH": os.environ["PATH"], **self.environ()},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
