"""One promise, one suite, every implementation of ``BaseIntegration``."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from service.core.model import CAPABILITIES, Model
from service.integrations import (
    AnthropicIntegration,
    BaseIntegration,
    FileIntegration,
    IntegrationError,
    OpenAICompatibleIntegration,
    OpenAIIntegration,
    Refresh,
)
from tests.conftest import MakeUpstream
from tests.fakes import (
    CannedIntegration,
    Drip,
    Hang,
    InTurn,
    Raw,
    Reset,
    Status,
    fixture,
    ollama_answers,
)
from tests.integrations.conftest import MakeOllama
from tests.integrations.engines.backends import WatchedUpstream, answers_of
from tests.integrations.hosted import listing


@dataclass(frozen=True)
class Case:
    """An implementation: one that is well, and one whose list is answered so."""

    well: Callable[[], Awaitable[BaseIntegration]]
    broken: Callable[[Any], Awaitable[BaseIntegration]]


@dataclass(frozen=True)
class Tools:
    """What cases are made with; ``listing`` gives the URL of a server that has only a list.

    ``engine`` gives that of a server of an engine, with the given answers in place of its own.
    """

    fake_upstream: MakeUpstream
    ollama: MakeOllama
    listing: Callable[[Any], Awaitable[str]]
    engine: Callable[[str, dict[str, Any]], Awaitable[str]]
    folder: Path


def ollama_case(tools: Tools) -> Case:
    async def well() -> BaseIntegration:
        return tools.ollama(await tools.fake_upstream(ollama_answers()))

    async def broken(answer: Any) -> BaseIntegration:
        answers = ollama_answers() | {"/api/tags": answer}
        return tools.ollama(await tools.fake_upstream(answers), timeout=0.3)

    return Case(well, broken)


def openai_case(tools: Tools) -> Case:
    async def well() -> BaseIntegration:
        return OpenAIIntegration(await tools.listing(fixture("openai/models.json")))

    async def broken(answer: Any) -> BaseIntegration:
        return OpenAIIntegration(await tools.listing(answer), timeout=0.3)

    return Case(well, broken)


def anthropic_case(tools: Tools) -> Case:
    """What is broken is the second page: half a list is none."""
    listed = fixture("anthropic/models.json")
    first = {"data": listed["data"][:3], "has_more": True, "last_id": listed["data"][2]["id"]}

    async def well() -> BaseIntegration:
        return AnthropicIntegration(await tools.listing(listed))

    async def broken(answer: Any) -> BaseIntegration:
        return AnthropicIntegration(await tools.listing(InTurn(first, answer)), timeout=0.3)

    return Case(well, broken)


def vllm_case(tools: Tools) -> Case:
    async def well() -> BaseIntegration:
        return OpenAICompatibleIntegration(await tools.engine("vllm", {}), engine="vllm")

    async def broken(answer: Any) -> BaseIntegration:
        url = await tools.engine("vllm", {"/v1/models": answer})
        return OpenAICompatibleIntegration(url, timeout=0.3, engine="vllm")

    return Case(well, broken)


def auto_case(tools: Tools) -> Case:
    """What tells more than any other, of a server that is yet to be recognised."""

    async def well() -> BaseIntegration:
        return OpenAICompatibleIntegration(await tools.engine("llamacpp", {}))

    async def broken(answer: Any) -> BaseIntegration:
        url = await tools.engine("llamacpp", {"/v1/models": answer})
        return OpenAICompatibleIntegration(url, timeout=0.3)

    return Case(well, broken)


def canned_case(_: Tools) -> Case:
    """What a plug-in with only the two methods that it must have gets from the base class."""

    async def well() -> BaseIntegration:
        return CannedIntegration([{"id": "a", "created": 7, "owned_by": "me"}, Model(id="b"), "c"])

    async def broken(_: Any) -> BaseIntegration:
        integration = CannedIntegration()
        integration.reachable = False
        return integration

    return Case(well, broken)


def file_case(tools: Tools) -> Case:
    """What only a server can do wrong is a file that is not there; an empty list is a good one."""

    def written(content: Any) -> BaseIntegration:
        path = tools.folder / "models.yaml"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return FileIntegration(path)

    async def well() -> BaseIntegration:
        return written([{"id": "a", "created": 7, "capabilities": ["tools"]}, "c"])

    async def broken(answer: Any) -> BaseIntegration:
        if isinstance(answer, bytes | dict) and answer != b"[]":
            return written(answer)
        return FileIntegration(tools.folder / "missing.yaml")

    return Case(well, broken)


CASES = [ollama_case, openai_case, anthropic_case, file_case, canned_case, vllm_case, auto_case]


@pytest.fixture(params=CASES, ids=lambda made: made.__name__.removesuffix("_case"))
async def case(
    request: pytest.FixtureRequest,
    fake_upstream: MakeUpstream,
    ollama: MakeOllama,
    tmp_path: Path,
) -> AsyncIterator[Case]:
    async with AsyncExitStack() as opened:

        async def listed(answer: Any) -> str:
            return (await opened.enter_async_context(listing(answer))).url

        async def engine(name: str, answers: dict[str, Any]) -> str:
            watched = WatchedUpstream(answers_of(name) | answers)
            upstreams.append(await opened.enter_async_context(watched))
            return watched.url

        upstreams: list[WatchedUpstream] = []
        made: Case = request.param(Tools(fake_upstream, ollama, listed, engine, tmp_path))
        yield made
        assert [harm for upstream in upstreams for harm in upstream.harm] == []


@pytest.fixture
async def well(case: Case) -> AsyncIterator[BaseIntegration]:
    async with await case.well() as integration:
        yield integration


BROKEN = [
    *(Status(status) for status in (204, 302, 400, 401, 403, 404, 405, 429, 500, 502, 503)),
    *(b"", b"<html>", b"null", b"[]", b"{}", b"[" * 50_000, {"models": 3}, {"models": [None]}),
    Status(200, b"\x1f\x8b", {"Content-Encoding": "gzip"}),
    *(Raw(b""), Raw(b"junk\r\n\r\n"), Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")),
    *(Reset(), Hang(), Drip(b"{}" * 100, per_second=50)),
]


async def test_models_are_listed_in_the_openai_form(well: BaseIntegration) -> None:
    models = await well.get_models()
    assert models
    for model in models:
        if isinstance(model, dict) and len(model) > 1:
            assert isinstance(model["id"], str)
            assert isinstance(model["created"], int)
            assert isinstance(model["owned_by"], str)


async def test_a_refresh_brings_checked_models(well: BaseIntegration) -> None:
    refreshed = await well.refresh()
    assert isinstance(refreshed, Refresh)
    assert refreshed.models
    assert all(isinstance(model, Model) for model in refreshed.models)
    assert len({model.id for model in refreshed.models}) == len(refreshed.models)
    assert refreshed.version is None or refreshed.version
    assert (refreshed.impaired, refreshed.dropped) == (None, 0)


async def test_facts_are_known_and_typed_or_left_unknown(well: BaseIntegration) -> None:
    for model in (await well.refresh()).models:
        assert model.created >= 0
        assert set(model.capabilities.values()) <= {True, False}
        assert model.details.size is None or model.details.size.endswith("B")
        assert set(model.capabilities) <= {*CAPABILITIES, "image", "audio"}


async def test_every_known_fact_says_where_it_is_known_from(well: BaseIntegration) -> None:
    for model in (await well.refresh()).models:
        assert {f"capabilities.{name}" for name in model.capabilities} <= set(model.provenance)
        assert bool(model.created) is ("created" in model.provenance) or model.id == "b"


async def test_two_looks_at_the_same_give_the_same(well: BaseIntegration) -> None:
    assert await well.refresh() == await well.refresh()


async def test_one_that_is_well_says_so(well: BaseIntegration) -> None:
    assert await well.is_available() is True


async def test_the_version_is_text_or_nothing(well: BaseIntegration) -> None:
    version = await well.get_version()
    assert version is None or len(version) > 0


async def test_a_health_check_says_three_things(well: BaseIntegration) -> None:
    assert await well.health_check() == {
        "available": True,
        "version": await well.get_version(),
        "status": "healthy",
    }


@pytest.mark.parametrize("answer", BROKEN, ids=lambda answer: f"{answer!r:.48}")
async def test_a_broken_upstream_is_an_integration_error_and_nothing_else(
    case: Case, answer: Any
) -> None:
    async with await case.broken(answer) as integration:
        started = time.monotonic()
        with pytest.raises(IntegrationError) as caught:
            await integration.refresh()
        assert time.monotonic() - started < 1
        assert caught.value.reason
        assert str(caught.value) == str(caught.value.reason)


@pytest.mark.parametrize("answer", [Status(500), Hang(), Reset(), b"<html>"], ids=str)
async def test_a_broken_upstream_is_not_available_and_unhealthy(case: Case, answer: Any) -> None:
    async with await case.broken(answer) as integration:
        assert await integration.is_available() is False
        assert await integration.health_check() == {
            "available": False,
            "version": None,
            "status": "unhealthy",
        }


async def test_closing_twice_is_as_good_as_once(case: Case) -> None:
    integration = await case.well()
    await integration.refresh()
    await integration.close()
    await integration.close()


async def test_closing_what_was_never_used_is_fine(case: Case) -> None:
    await (await case.well()).close()


async def test_it_can_be_asked_by_many_at_once(well: BaseIntegration) -> None:
    first, *others = await asyncio.gather(*(well.refresh() for _ in range(10)))
    assert all(other == first for other in others)


async def test_its_kind_has_a_name(well: BaseIntegration) -> None:
    assert well.kind
    assert well.kind.islower()
