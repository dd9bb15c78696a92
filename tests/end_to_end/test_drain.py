"""SIGTERM under load loses no request."""

import asyncio
import re
from pathlib import Path

from tests.end_to_end.conftest import running
from tests.end_to_end.real_server import tool
from tests.fakes import FakeUpstream, ollama_answers
from tests.service_process import ServiceProcess


async def test_sigterm_under_load_loses_no_request(tmp_path: Path) -> None:
    """The load goes on into the drain, and ends before the listener closes."""
    async with FakeUpstream(ollama_answers()) as upstream:
        settings = {
            "server": {"drain_delay": 6},
            "integrations": [
                {"name": "ollama", "type": "ollama", "host": upstream.url, "cli_fallback": "off"}
            ],
        }
        async with ServiceProcess(tmp_path, settings) as service:
            await service.until("/readyz", lambda status, _: status == 200, within=5)
            url = f"{service.url}/v1/models"
            async with running(tool("wrk"), "-t1", "-c16", "-d4s", url) as load:
                await asyncio.sleep(2)
                service.terminate()
                printed = (await load.communicate())[0].decode()
            found = re.search(r"(\d+) requests in", printed)
            assert found is not None, printed
            assert int(found[1]) > 1000, printed
            assert "Socket errors" not in printed, printed
            assert "Non-2xx" not in printed, printed
            assert service.process.returncode is None, "it still drains"
            assert await service.exit_code(within=10) == 0
