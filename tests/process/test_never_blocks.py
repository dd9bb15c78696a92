"""No request waits on an upstream, and none ever causes a call to one."""

import asyncio
from pathlib import Path

import aiohttp

from tests.conftest import MakeUpstream
from tests.fakes import Hang, ollama_answers
from tests.service_process import ServiceProcess

PATHS = (
    *("/v1/models", "/v1/models/qwen3:8b", "/v1/models?capability=tools", "/v1/integrations"),
    *("/v1/integrations/health", "/v1/integrations/ollama/models", "/readyz", "/livez"),
)


async def test_every_answer_comes_while_the_only_probe_hangs(
    tmp_path: Path, fake_upstream: MakeUpstream
) -> None:
    """The deadline of the probe is longer than this test may take: nothing can wait for it."""
    upstream = await fake_upstream(ollama_answers())
    config = {
        "polling": {"interval": 300, "timeout": 299},
        "integrations": [
            {
                "name": "ollama",
                "type": "ollama",
                "host": upstream.url,
                "cli_fallback": "off",
                "interval": 120,
                "timeout": 100,
            },
            {"name": "hung", "type": "ollama", "host": upstream.url + "/hung", "priority": 1},
        ],
    }
    upstream.answers["/hung/api/tags"] = Hang()
    async with ServiceProcess(tmp_path, config) as service:
        await service.until("/readyz", lambda status, _: status == 200, within=10)
        async with asyncio.timeout(5):
            while not upstream.asked("/hung/api/tags"):
                await asyncio.sleep(0.01)
        asked = len(upstream.requests)
        async with aiohttp.ClientSession() as session, asyncio.timeout(15):
            for _ in range(50):
                for path in PATHS:
                    async with session.get(service.url + path) as response:
                        assert response.status == 200, path
                        assert await response.read()
        assert len(upstream.requests) == asked
        health = await service.json("/v1/integrations/health")
        assert (health["ollama"]["status"], health["hung"]["status"]) == ("healthy", "unknown")
