"""``rollcall serve`` as a process, with a port and a configuration of its own."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import yaml

START_WITHIN = 15.0
READ_CEILING = 64 * 1024 * 1024


class ServiceProcess:
    """The service as users run it. ``lines`` collects what it logs, a dictionary each."""

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, Any],
        *,
        environ: Mapping[str, str] | None = None,
        command: Sequence[str] = (sys.executable, "-m", "service"),
    ) -> None:
        merged: dict[str, Any] = dict(settings)
        merged["server"] = {"host": "127.0.0.1", "port": 0, **settings.get("server", {})}
        merged["log"] = {"format": "json", **settings.get("log", {})}
        self._config = folder / "rollcall.yaml"
        self._config.write_text(yaml.safe_dump(merged))
        self._environ = {"PATH": os.environ["PATH"], "PYTHONDEVMODE": "0"} | dict(environ or {})
        self._command = command
        self._reading: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()
        self.lines: list[dict[str, Any]] = []
        self.port = 0
        self.process: asyncio.subprocess.Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *self._command,
            "serve",
            "--config",
            str(self._config),
            env=self._environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        self._reading = asyncio.create_task(self._read(), name="read the log")
        async with asyncio.timeout(START_WITHIN):
            await self._listening.wait()
        if not self.port:
            raise RuntimeError(f"the service did not start: {self.lines}")

    async def get(self, path: str, **kwargs: Any) -> tuple[int, Mapping[str, str], bytes]:
        async with (
            aiohttp.ClientSession() as session,
            session.get(self.url + path, **kwargs) as response,
        ):
            return response.status, response.headers, await response.read()

    async def json(self, path: str, **kwargs: Any) -> Any:
        return json.loads((await self.get(path, **kwargs))[2])

    async def until(self, path: str, wanted: Any, *, within: float) -> float:
        """Ask ``path`` until ``wanted(status, body)`` holds; give the seconds that it took."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        async with asyncio.timeout(within):
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    status, _, body = await self.get(path)
                    if wanted(status, json.loads(body) if body[:1] == b"{" else body):
                        return loop.time() - started
                await asyncio.sleep(0.02)

    def logged(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line.get("event") == event]

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    async def exit_code(self, *, within: float) -> int:
        async with asyncio.timeout(within):
            code = await self.process.wait()
            if self._reading is not None:
                await self._reading
        return code

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.exit_code(within=10)

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for raw in self.process.stderr:
            try:
                line = json.loads(raw)
            except ValueError:
                line = {"event": "text", "text": raw.decode(errors="replace")}
            self.lines.append(line)
            if line.get("event") == "server.listening":
                self.port = line["port"]
                self._listening.set()
        self._listening.set()
