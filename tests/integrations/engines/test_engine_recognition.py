"""``engine: auto``: who answers is found out by harmless GETs, and again after changes."""

from typing import Any

import pytest

from service.integrations import IntegrationError
from service.integrations.engines import ENGINES
from tests.fakes import Hang, InTurn, Status, fixture
from tests.integrations.engines.backends import (
    BACKENDS,
    ROUTER,
    UNKNOWN_TO_LM_STUDIO,
    answers_of,
)
from tests.integrations.engines.conftest import MakeCompatible, MakeWatched

EMPTY = {"object": "list", "data": []}
STRANGER = {"data": [{"id": "m", "object": "model", "created": 1700000000, "owned_by": "acme"}]}


async def engine_of(integration: Any) -> str | None:
    await integration.refresh()
    return integration.engine.name if integration.engine else None


@pytest.mark.parametrize("name", ENGINES)
async def test_each_engine_is_named_by_what_it_answers(
    upstream_of: MakeWatched, compatible: MakeCompatible, name: str
) -> None:
    upstream = await upstream_of(answers_of(name))
    integration = compatible(upstream, BACKENDS[name].base)
    assert await engine_of(integration) == name
    assert (await integration.refresh()).version == BACKENDS[name].version


async def test_a_router_of_llama_cpp_is_llama_cpp(
    upstream_of: MakeWatched, compatible: MakeCompatible
) -> None:
    assert await engine_of(compatible(await upstream_of(ROUTER.answers))) == "llamacpp"


@pytest.mark.parametrize(
    ("answers", "name"),
    [
        ({"/v1/models": STRANGER}, "generic"),
        ({"/v1/models": EMPTY}, "generic"),
        ({"/v1/models": [{"id": "a"}, {"name": "b"}]}, "generic"),
        # Two of them look like TGI's and LocalAI's, and nothing confirms it.
        ({"/v1/models": fixture("tgi/models.json")}, "generic"),
        ({"/v1/models": fixture("localai/models.json")}, "generic"),
        # OpenAI's own list holds the model whose date LiteLLM gives to all; alone it tells nothing.
        ({"/v1/models": fixture("openai/models.json")}, "generic"),
        (
            {
                "/v1/models": {
                    "data": [
                        {"id": "gpt-3.5-turbo", "created": 1677610602, "owned_by": "openai"},
                    ]
                }
            },
            "generic",
        ),
        # Anybody may answer everything with 200.
        ({"/v1/models": EMPTY, "/api/v0/models": UNKNOWN_TO_LM_STUDIO}, "generic"),
        ({"/v1/models": {"data": None}, "/api/version": {"version": "0.12.6"}}, "ollama"),
        ({"/v1/models": EMPTY, "/api/v0/models": EMPTY}, "lmstudio"),
        ({"/v1/models": EMPTY, "/api/v1/models": {"models": []}}, "lmstudio"),
        ({"/v1/models": Status(200, EMPTY, {"Server": "llama.cpp"})}, "llamacpp"),
        ({"/v1/models": Status(200, STRANGER, {"x-litellm-version": "1.80"})}, "litellm"),
        (
            {
                "/v1/models": fixture("localai/models.json"),
                "/version": {"version": "v2.28.0 (56f44d448ccf02d33d0a7c5ea5d7b2e0d1b8e9f0)"},
            },
            "localai",
        ),
        # It answers to Ollama's paths as well, and is itself first.
        (
            {
                "/v1/models": EMPTY,
                "/version": {"version": "v2.28.0 (56f44d448ccf02d33d0a7c5ea5d7b2e0d1b8e9f0)"},
                "/api/version": {"version": "0.9.0"},
            },
            "localai",
        ),
    ],
)
async def test_what_is_not_certain_is_generic(
    upstream_of: MakeWatched, compatible: MakeCompatible, answers: dict[str, Any], name: str
) -> None:
    assert await engine_of(compatible(await upstream_of(answers))) == name


@pytest.mark.parametrize("name", ENGINES)
async def test_an_engine_that_was_named_is_not_looked_for(
    upstream_of: MakeWatched, compatible: MakeCompatible, name: str
) -> None:
    backend = BACKENDS[name]
    upstream = await upstream_of(answers_of(name))
    integration = compatible(upstream, backend.base, engine=name)
    assert await engine_of(integration) == name
    assert upstream.outside(backend.reads) == []
    assert upstream.requests[0].path == backend.listed


async def test_another_server_at_the_same_address_is_recognised_at_once(
    upstream_of: MakeWatched, compatible: MakeCompatible
) -> None:
    upstream = await upstream_of(answers_of("vllm"))
    integration = compatible(upstream)
    assert await engine_of(integration) == "vllm"
    for name in ("llamacpp", "sglang", "lmstudio", "vllm", "generic"):
        upstream.answers = answers_of(name)
        await integration.refresh()
        refreshed = await integration.refresh()
        assert await engine_of(integration) == name
        assert refreshed.version == BACKENDS[name].version


async def test_a_new_version_is_looked_at_once_more(
    upstream_of: MakeWatched, compatible: MakeCompatible
) -> None:
    """What looked like TGI may be something else that answers the same list since."""
    upstream = await upstream_of(answers_of("tgi"))
    integration = compatible(upstream)
    assert await engine_of(integration) == "tgi"
    upstream.answers["/info"]["version"] = "4.0.0"
    assert (await integration.refresh()).version == "4.0.0"
    asked = len(upstream.asked("/info"))
    await integration.refresh()
    assert len(upstream.asked("/info")) == asked + 2
    await integration.refresh()
    assert len(upstream.asked("/info")) == asked + 3


@pytest.mark.parametrize("trouble", [{"error": "x"}, Status(404), Status(503), b"<html>"])
async def test_after_trouble_it_is_found_out_again(
    upstream_of: MakeWatched, compatible: MakeCompatible, trouble: Any
) -> None:
    upstream = await upstream_of(answers_of("tgi"))
    integration = compatible(upstream)
    assert await engine_of(integration) == "tgi"
    upstream.answers = {"/v1/models": trouble}
    with pytest.raises(IntegrationError):
        await integration.refresh()
    upstream.answers = {"/v1/models": STRANGER}
    assert await engine_of(integration) == "generic"


async def test_a_sign_that_does_not_come_leaves_it_open_and_delays_little(
    upstream_of: MakeWatched, compatible: MakeCompatible
) -> None:
    upstream = await upstream_of(
        answers_of("tgi") | {"/info": InTurn(Hang(), answers_of("tgi")["/info"])}
    )
    integration = compatible(upstream, timeout=0.4)
    refreshed = await integration.refresh()
    assert [model.id for model in refreshed.models] == ["bigscience/bloom-560m"]
    assert await engine_of(integration) == "tgi"


async def test_a_sign_that_does_not_come_unmakes_no_engine(
    upstream_of: MakeWatched, compatible: MakeCompatible
) -> None:
    upstream = await upstream_of(answers_of("tgi"))
    integration = compatible(upstream, timeout=0.4)
    first = await integration.refresh()
    info = upstream.answers["/info"]
    upstream.answers |= {"/v1/models": InTurn(Status(503), answers_of("tgi")["/v1/models"])}
    with pytest.raises(IntegrationError):
        await integration.refresh()
    upstream.answers["/info"] = Hang()
    assert await integration.refresh() is first
    upstream.answers["/info"] = info
    assert await engine_of(integration) == "tgi"


async def test_a_list_that_is_not_had_says_nothing_of_who_refused_it(
    upstream_of: MakeWatched, compatible: MakeCompatible
) -> None:
    integration = compatible(await upstream_of({"/v1/models": Status(401)}))
    with pytest.raises(IntegrationError):
        await integration.refresh()
    assert integration.engine is None
