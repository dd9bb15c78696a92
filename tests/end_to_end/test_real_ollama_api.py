"""Against a real server that speaks Ollama's API, with the service as a process of its own."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from tests.end_to_end.conftest import Aimock
from tests.service_process import ServiceProcess

MODELS = ["mock-chat:7b", "mock-embed:latest", "qwen3:8b"]
INTERVAL = 1.0


async def test_models_appear_stay_and_outlive_the_server(
    tmp_path: Path, aimock: Callable[[list[str]], Aimock]
) -> None:
    """The whole life of a backend: it is there, it is killed, it comes back."""
    server = aimock(MODELS)
    await server.start()
    settings = {
        "polling": {"interval": INTERVAL, "timeout": 0.9},
        "health": {"rise": 2, "fall": 3},
        "integrations": [
            {"name": "ollama", "type": "ollama", "host": server.url, "cli_fallback": "off"}
        ],
    }
    async with ServiceProcess(tmp_path, settings) as service:
        await service.until("/readyz", lambda status, _: status == 200, within=INTERVAL)
        status, headers, _ = await service.get("/v1/models")
        assert status == 200
        listed = await service.json("/v1/models")
        assert [model["id"] for model in listed["data"]] == sorted(MODELS)
        assert all(model["freshness"] == "fresh" for model in listed["data"])

        # The server stamps "now" on every answer; the ETag stays while the models do.
        for _ in range(5):
            await asyncio.sleep(INTERVAL)
            assert (await service.get("/v1/models"))[1]["ETag"] == headers["ETag"]

        await server.kill()
        status, _, _ = await service.get("/v1/models")
        assert status == 200
        await service.until(
            "/v1/integrations/health",
            lambda _, body: body["ollama"]["status"] == "unhealthy",
            within=10,
        )
        [turned] = [
            line
            for line in service.logged("integration.status_changed")
            if line["now"] == "unhealthy"
        ]
        assert (turned["was"], turned["reason"]) == ("healthy", "refused")
        listed = await service.json("/v1/models")
        assert [model["id"] for model in listed["data"]] == sorted(MODELS)
        assert (await service.get("/v1/integrations/health"))[0] == 200
        assert (await service.get("/v1/integrations/health?fail_on=any"))[0] == 503

        await server.start()
        await service.until(
            "/v1/integrations/health?fail_on=any",
            lambda status, body: status == 200 and body["ollama"]["status"] == "healthy",
            within=45,
        )
        states = [line["now"] for line in service.logged("integration.status_changed")]
        assert states == ["healthy", "unhealthy", "recovering", "healthy"]

        # The first three polls that failed, and no fewer, turned it.
        metrics = (await service.get("/metrics"))[2].decode()
        assert 'rollcall_polls_total{integration="ollama",result="refused"}' in metrics

        service.terminate()
        assert await service.exit_code(within=20) == 0
