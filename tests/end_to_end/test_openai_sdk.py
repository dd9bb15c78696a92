"""OpenAI's own Python client lists and retrieves through the service."""

from pathlib import Path

import pytest

from tests.fakes import FakeUpstream
from tests.service_process import ServiceProcess

NAMES = ["llama3.2:3b", "hf.co/a/B-GGUF:Q4_K_M"]
TAGS = {
    "models": [
        {"name": name, "model": name, "details": {}, "capabilities": ["completion"]}
        for name in NAMES
    ]
}


async def test_the_openai_sdk_lists_and_retrieves(tmp_path: Path) -> None:
    import openai  # noqa: PLC0415 -- only this tier installs it

    async with FakeUpstream({"/api/tags": TAGS, "/api/version": {"version": "0.30.0"}}) as upstream:
        settings = {
            "integrations": [
                {"name": "ollama", "type": "ollama", "host": upstream.url, "cli_fallback": "off"}
            ]
        }
        async with ServiceProcess(tmp_path, settings) as service:
            await service.until("/readyz", lambda status, _: status == 200, within=5)
            async with openai.AsyncOpenAI(base_url=f"{service.url}/v1", api_key="any") as client:
                listed = [model.id async for model in client.models.list()]
                assert listed == sorted(NAMES)

                found = await client.models.retrieve("hf.co/a/B-GGUF:Q4_K_M")
                assert found.id == "hf.co/a/B-GGUF:Q4_K_M"
                assert found.owned_by == "ollama"

                with pytest.raises(openai.NotFoundError) as caught:
                    await client.models.retrieve("no-such/model:1b")
                assert caught.value.code == "model_not_found"
                assert caught.value.param == "model"
