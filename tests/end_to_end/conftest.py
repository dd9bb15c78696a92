"""Real servers that none of us wrote, each started by the test that needs it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from tests.end_to_end.real_server import RealServer, got, tool

AIMOCK = "node_modules/@copilotkit/aimock/dist/cli.js"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is of the end-to-end tier."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(120))


class Aimock(RealServer):
    """The npm package @copilotkit/aimock, which speaks Ollama's list and OpenAI's."""

    ready_path: ClassVar[str] = "/api/tags"

    def __init__(self, folder: Path, models: list[str]) -> None:
        super().__init__()
        fixtures = [
            {"match": {"userMessage": "hello", "model": model}, "response": {"content": "hi"}}
            for model in models
        ]
        self._folder = folder / "fixtures"
        self._folder.mkdir()
        (self._folder / "f.json").write_text(json.dumps({"fixtures": fixtures}))

    def command(self) -> Sequence[str]:
        return (
            *(tool("node"), got(AIMOCK), "--host", "127.0.0.1", "--port", str(self.port)),
            *("--fixtures", str(self._folder), "--log-level", "warn"),
        )


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
