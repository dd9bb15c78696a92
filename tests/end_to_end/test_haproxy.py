"""A real HAProxy checks the service in both of the ways in which it does by default."""

import asyncio
import contextlib
from pathlib import Path

from tests.end_to_end.conftest import running
from tests.end_to_end.real_server import free_port, tool
from tests.fakes import FakeUpstream, ollama_answers
from tests.service_process import ServiceProcess

CONFIG = """
global
    stats socket {socket} level admin
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
backend by_health
    option httpchk GET /v1/integrations/health
    server one 127.0.0.1:{port} check inter 200ms fall 1 rise 1
backend by_options
    option httpchk OPTIONS /readyz
    server one 127.0.0.1:{port} check inter 200ms fall 1 rise 1
backend by_default
    option httpchk
    server one 127.0.0.1:{port} check inter 200ms fall 1 rise 1
frontend in
    bind 127.0.0.1:{front}
    default_backend by_health
"""
BACKENDS = ("by_health", "by_options", "by_default")


async def states(socket: Path) -> dict[str, str]:
    """Ask HAProxy what it thinks of each backend's server."""
    reader, writer = await asyncio.open_unix_connection(str(socket))
    writer.write(b"show stat\n")
    lines = [line.split(",") for line in (await reader.read()).decode().splitlines()]
    writer.close()
    await writer.wait_closed()
    status = lines[0].index("status")
    return {line[0]: line[status] for line in lines if len(line) > status and line[1] == "one"}


async def until_all(socket: Path, word: str, *, within: float) -> None:
    async with asyncio.timeout(within):
        while True:
            with contextlib.suppress(OSError):  # it listens a moment after it was started
                if set((await states(socket)).values()) == {word}:
                    return
            await asyncio.sleep(0.05)


async def test_haproxy_sees_it_up_and_down_while_it_drains(tmp_path: Path) -> None:
    socket = tmp_path / "haproxy.sock"
    async with FakeUpstream(ollama_answers()) as upstream:
        settings = {
            "server": {"drain_delay": 4},
            "integrations": [
                {"name": "ollama", "type": "ollama", "host": upstream.url, "cli_fallback": "off"}
            ],
        }
        async with ServiceProcess(tmp_path, settings) as service:
            config = tmp_path / "haproxy.cfg"
            config.write_text(CONFIG.format(socket=socket, port=service.port, front=free_port()))
            async with running(tool("haproxy"), "-db", "-f", str(config)):
                await until_all(socket, "UP", within=10)
                assert set(await states(socket)) == set(BACKENDS)

                service.terminate()
                await until_all(socket, "DOWN", within=3)
                # It is down by its own word, while it still serves whoever comes.
                assert (await service.get("/v1/models"))[0] == 200
                assert service.process.returncode is None
                assert await service.exit_code(within=10) == 0
