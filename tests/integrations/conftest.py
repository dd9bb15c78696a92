"""What the tests of integrations share: Ollamas that are closed again, and none is ever touched."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest

from service.integrations import OllamaIntegration
from tests.conftest import MakeUpstream
from tests.fakes import OLLAMA_READS, FakeUpstream

MakeOllama = Callable[..., OllamaIntegration]


@pytest.fixture
async def fake_upstream(fake_upstream: MakeUpstream) -> AsyncIterator[MakeUpstream]:
    """Make upstreams as everywhere, and fail the test if one was asked for more than it may be."""
    made: list[FakeUpstream] = []

    async def make(answers: Mapping[str, Any]) -> FakeUpstream:
        made.append(await fake_upstream(answers))
        return made[-1]

    yield make
    touched = [
        f"{request.method} {request.path}"
        for upstream in made
        for request in upstream.requests
        if not any(
            request.method == method and request.path.endswith(path)
            for method, path in OLLAMA_READS
        )
    ]
    assert touched == []


@pytest.fixture
async def ollama() -> AsyncIterator[MakeOllama]:
    """Give a maker of integrations for an upstream (or a host), without the command line."""
    async with AsyncExitStack() as opened:
        made: list[OllamaIntegration] = []

        def make(upstream: FakeUpstream | str, **options: Any) -> OllamaIntegration:
            host = upstream if isinstance(upstream, str) else upstream.url
            made.append(OllamaIntegration(host, **{"cli_fallback": "off"} | options))
            opened.push_async_callback(made[-1].close)
            return made[-1]

        yield make
