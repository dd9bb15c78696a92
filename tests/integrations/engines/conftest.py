"""What the tests of engines share: backends that are watched, and integrations that are closed."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest

from service.integrations import OpenAICompatibleIntegration
from tests.integrations.engines.backends import WatchedUpstream

MakeWatched = Callable[[Mapping[str, Any]], Awaitable[WatchedUpstream]]
MakeCompatible = Callable[..., OpenAICompatibleIntegration]


@pytest.fixture
async def upstream_of() -> AsyncIterator[MakeWatched]:
    """Give a maker of upstreams; a test in which one was asked for something harmful fails."""
    made: list[WatchedUpstream] = []
    async with AsyncExitStack() as opened:

        async def make(answers: Mapping[str, Any]) -> WatchedUpstream:
            made.append(await opened.enter_async_context(WatchedUpstream(answers)))
            return made[-1]

        yield make
    assert [harm for upstream in made for harm in upstream.harm] == []


@pytest.fixture
async def compatible() -> AsyncIterator[MakeCompatible]:
    """Give a maker of integrations for an upstream."""
    async with AsyncExitStack() as opened:

        def make(
            upstream: WatchedUpstream, base: str = "/v1", **options: Any
        ) -> OpenAICompatibleIntegration:
            made = OpenAICompatibleIntegration(upstream.url + base, **{"timeout": 2.0} | options)
            opened.push_async_callback(made.close)
            return made

        yield make
