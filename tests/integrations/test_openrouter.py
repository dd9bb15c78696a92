"""OpenRouter: prices, modalities and parameters are read, and links lead nowhere else."""

from typing import Any

import pytest

from service.core.health import State
from service.core.model import Model
from service.core.reasons import Reason
from service.integrations import BadAnswerError, OpenAICompatibleIntegration, Refresh
from service.integrations.engines.openrouter import OPENROUTER
from tests.fakes import FakeUpstream, InTurn, Status, fixture
from tests.integrations.hosted import KEY, REJECTED, VARIABLE, credential, listing, states_of

MODELS = fixture("openrouter/models.json")
PATH = "/api/v1/models"


@pytest.fixture(autouse=True)
def the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, KEY)


def openrouter(upstream: FakeUpstream, engine: str = "openrouter") -> OpenAICompatibleIntegration:
    return OpenAICompatibleIntegration(
        f"{upstream.url}/api/v1", engine=engine, credential=credential()
    )


async def looked(answer: Any) -> tuple[Refresh, FakeUpstream]:
    async with listing(answer, path=PATH) as upstream, openrouter(upstream) as integration:
        return await integration.refresh(), upstream


async def models_in(answer: Any) -> dict[str, Model]:
    return {model.id: model for model in (await looked(answer))[0].models}


def page(*ids: str, link: Any) -> dict[str, Any]:
    return {"data": [{"id": name} for name in ids], "links": {"next": link}}


async def test_a_model_is_listed_with_what_openrouter_tells() -> None:
    model = (await models_in(MODELS))["anthropic/claude-sonnet-4.5"]
    assert model.created == 1759161676
    assert model.details.context_length == 1000000
    assert model.extras.name == "Anthropic: Claude Sonnet 4.5"
    assert model.extras.max_output_tokens == 64000
    assert model.extras.input_modalities == ("file", "image", "text")
    assert model.extras.output_modalities == ("text",)
    assert model.extras.pricing == {
        "prompt": "0.000003",
        "completion": "0.000015",
        "request": "0",
        "image": "0.0048",
        "input_cache_read": "0.0000003",
    }
    assert model.extras.shutdown_date is None
    assert model.capabilities == {
        "completion": True,
        "embedding": False,
        "vision": True,
        "tools": True,
        "thinking": True,
    }


async def test_a_model_without_tools_says_so_and_when_it_ends() -> None:
    model = (await models_in(MODELS))["meta-llama/llama-3-8b-instruct"]
    assert (model.capabilities["tools"], model.capabilities["thinking"]) == (False, False)
    assert model.capabilities["vision"] is False
    assert model.extras.max_output_tokens is None
    assert model.extras.shutdown_date == "2027-01-31T00:00:00Z"


async def test_one_that_gives_embeddings_does_not_complete() -> None:
    model = (await models_in(MODELS))["openai/text-embedding-3-small"]
    assert (model.capabilities["completion"], model.capabilities["embedding"]) == (False, True)


async def test_a_router_has_no_price_and_no_parameters_of_its_own() -> None:
    model = (await models_in(MODELS))["openrouter/auto"]
    assert model.extras.pricing is None
    assert not {"tools", "thinking"} & set(model.capabilities)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"data": None}, []),
        ({"data": []}, []),
        ([{"id": "a"}], ["a"]),
        ({"data": [None, {"name": "Nameless"}, {"id": "a"}, {"id": "a"}]}, ["a"]),
        ({"data": [{"id": "a", "architecture": None, "pricing": [], "top_provider": "x"}]}, ["a"]),
        ({"data": [{"id": "a", "supported_parameters": "tools", "pricing": {"prompt": 3}}]}, ["a"]),
        ({"data": [{"id": "a", "architecture": {"input_modalities": [None, 3]}}]}, ["a"]),
        ({"data": [{"id": "a"}], "links": "none"}, ["a"]),
    ],
)
async def test_strange_lists_are_read_for_what_is_good_in_them(
    answer: Any, expected: list[str]
) -> None:
    models = await models_in(answer)
    assert list(models) == expected
    for model in models.values():
        assert model.capabilities == {}
        assert model.extras.pricing is None


async def test_pages_are_followed_to_the_end() -> None:
    pages = InTurn(
        page("a", link="/api/v1/models?offset=1&limit=1"),
        page("b", link="https://elsewhere.example/api/v1/models?offset=2&limit=1"),
        page("c", link=None),
    )
    refreshed, upstream = await looked(pages)
    assert [model.id for model in refreshed.models] == ["a", "b", "c"]
    assert refreshed.impaired is None
    assert [item.query for item in upstream.requests] == [
        "",
        "offset=1&limit=1",
        "offset=2&limit=1",
    ]


async def test_a_link_to_another_host_gets_neither_a_request_nor_the_key() -> None:
    async with FakeUpstream({PATH: page("b", link=None)}) as target:
        link = f"{target.url}{PATH}?offset=1"
        _, upstream = await looked(InTurn(page("a", link=link), page("b", link=None)))
        assert target.connections == 0
    assert [request.query for request in upstream.requests] == ["", "offset=1"]


@pytest.mark.parametrize(
    "link",
    [
        *("", "/api/v1/models", 7, {"href": "x"}, "http://[::1", "\x00", "?", "?offset="),
        "/api/v1/models?" + "&".join(f"a{number}=1" for number in range(100)),
        "/api/v1/models?offset=" + "9" * 3000,
    ],
)
async def test_a_link_that_is_none_ends_the_list(link: Any) -> None:
    refreshed, upstream = await looked(page("a", link=link))
    assert [model.id for model in refreshed.models] == ["a"]
    assert len(upstream.requests) == 1


async def test_a_link_that_repeats_ends_the_list_and_is_said_to() -> None:
    refreshed, upstream = await looked(page("a", link="/api/v1/models?offset=1"))
    assert len(upstream.requests) == 2
    assert refreshed.impaired is Reason.TRUNCATED


async def test_it_is_known_by_the_shape_of_its_list() -> None:
    async with listing(MODELS, path=PATH) as upstream, openrouter(upstream, "auto") as integration:
        await integration.refresh()
        assert integration.engine is OPENROUTER
    assert len(upstream.requests) == 1


async def test_it_is_known_by_its_host() -> None:
    async with OpenAICompatibleIntegration("https://openrouter.ai/api/v1") as integration:
        assert integration.engine is OPENROUTER
        assert integration.authorization(KEY) == {"Authorization": f"Bearer {KEY}"}


@pytest.mark.parametrize("answer", REJECTED, ids=lambda answer: f"{answer.status} {answer.body}")
async def test_a_key_that_is_rejected_is_misconfigured_and_never_down(answer: Status) -> None:
    async with listing(answer, path=PATH) as upstream, openrouter(upstream) as integration:
        states = await states_of(integration, probes=5)
    assert states == [State.UNKNOWN, *[State.MISCONFIGURED] * 4]


async def test_the_key_does_not_follow_a_redirect() -> None:
    async with FakeUpstream({PATH: MODELS}) as target:
        with pytest.raises(BadAnswerError) as caught:
            await looked(Status(308, b"", {"Location": f"{target.url}{PATH}"}))
        assert caught.value.reason is Reason.REDIRECT
        assert target.connections == 0
