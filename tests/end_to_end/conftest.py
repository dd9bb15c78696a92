"""Real servers that none of us wrote, each started by the test that needs it."""

import asyncio
import contextlib
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

ROOT = Path(__file__).parents[2]
AIMOCK = ROOT / ".e2e/node_modules/@copilotkit/aimock/dist/cli.js"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is of the end-to-end tier."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(120))


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


class Aimock:
    """The npm package @copilotkit/aimock, which speaks Ollama's list."""

    def __init__(self, folder: Path, models: list[str]) -> None:
        fixtures = [
            {"match": {"userMessage": "hello", "model": model}, "response": {"content": "hi"}}
            for model in models
        ]
        (folder / "fixtures").mkdir()
        (folder / "fixtures/f.json").write_text(json.dumps({"fixtures": fixtures}))
        self._folder = folder
        self.port = free_port()
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        assert AIMOCK.exists(), "aimock is not installed: run tests/end_to_end/setup.sh"
        self._process = await asyncio.create_subprocess_exec(
            *(tool("node"), str(AIMOCK), "--host", "127.0.0.1", "--port", str(self.port)),
            *("--fixtures", str(self._folder / "fixtures"), "--log-level", "warn"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(20), aiohttp.ClientSession() as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"{self.url}/api/tags") as response:
                        if response.status == 200:
                            return
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@pytest.fixture
async def aimock(tmp_path: Path) -> AsyncIterator[Callable[[list[str]], Aimock]]:
    started: list[Aimock] = []

    def make(models: list[str]) -> Aimock:
        server = Aimock(tmp_path, models)
        started.append(server)
        return server

    yield make
    for server in started:
        await server.kill()


@asynccontextmanager
async def running(*command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program while the context is open."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
