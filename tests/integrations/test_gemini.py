"""Gemini: known by its shape or its host, read in its own words, its key never in a URL."""

from typing import Any

import pytest

from service.core.health import State
from service.core.model import Model
from service.core.reasons import Reason
from service.integrations import BadAnswerError, OpenAICompatibleIntegration, Refresh
from service.integrations.engines.gemini import GEMINI
from tests.fakes import FakeUpstream, InTurn, Status, fixture
from tests.integrations.hosted import KEY, REJECTED, VARIABLE, credential, listing, states_of

MODELS = fixture("gemini/models.json")
PATH = "/v1beta/models"


@pytest.fixture(autouse=True)
def the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, KEY)


def gemini(upstream: FakeUpstream, engine: str = "gemini") -> OpenAICompatibleIntegration:
    return OpenAICompatibleIntegration(
        f"{upstream.url}/v1beta", engine=engine, credential=credential()
    )


async def looked(answer: Any) -> tuple[Refresh, FakeUpstream]:
    async with listing(answer, path=PATH) as upstream, gemini(upstream) as integration:
        return await integration.refresh(), upstream


async def models_in(answer: Any) -> dict[str, Model]:
    return {model.id: model for model in (await looked(answer))[0].models}


async def test_models_go_by_the_name_that_requests_call_them() -> None:
    assert list(await models_in(MODELS)) == [
        "gemini-2.5-pro",
        "gemini-2.0-flash-001",
        "gemini-2.0-flash-live-001",
        "gemini-embedding-001",
        "gemma-3-27b-it",
        "imagen-4.0-generate-001",
        "tunedModels/support-abc123",
    ]


async def test_a_model_is_listed_with_what_google_tells() -> None:
    model = (await models_in(MODELS))["gemini-2.5-pro"]
    assert model.extras.name == "Gemini 2.5 Pro"
    assert model.details.context_length == 1048576
    assert model.extras.max_output_tokens == 65536
    assert model.capabilities == {"completion": True, "embedding": False, "thinking": True}
    assert model.created == 0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gemini-2.0-flash-001", {"completion": True, "embedding": False}),
        ("gemini-2.0-flash-live-001", {"completion": False, "embedding": False}),
        ("gemini-embedding-001", {"completion": False, "embedding": True}),
        ("imagen-4.0-generate-001", {"completion": False, "embedding": False}),
        ("tunedModels/support-abc123", {}),
    ],
)
async def test_methods_say_what_a_model_can_do(name: str, expected: dict[str, bool]) -> None:
    assert (await models_in(MODELS))[name].capabilities == expected


async def test_an_entry_without_a_name_goes_by_its_base_model() -> None:
    refreshed, _ = await looked(MODELS)
    assert "gemma-3-27b-it" in [model.id for model in refreshed.models]
    assert refreshed.dropped == 0


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"models": None}, []),
        ({"models": []}, []),
        ({"models": [None, {}, {"name": 7}, {"name": "models/"}, {"name": "models/a"}]}, ["a"]),
        ({"models": [{"name": "models/a"}, {"name": "models/a", "thinking": False}]}, ["a"]),
        (
            {
                "models": [
                    {"name": "a", "supportedGenerationMethods": "generateContent", "thinking": 1}
                ]
            },
            ["a"],
        ),
        ({"models": [{"name": "models/a", "inputTokenLimit": -1, "outputTokenLimit": "x"}]}, ["a"]),
        ({"object": "list", "data": [{"id": "models/a", "object": "model"}]}, ["a"]),
    ],
)
async def test_strange_lists_are_read_for_what_is_good_in_them(
    answer: Any, expected: list[str]
) -> None:
    models = await models_in(answer)
    assert list(models) == expected
    assert all(model.details.context_length is None for model in models.values())
    assert all(set(model.capabilities.values()) <= {False} for model in models.values())


async def test_pages_are_followed_to_the_end_with_the_key_in_its_header() -> None:
    first = {"models": [{"name": "models/a"}], "nextPageToken": "a+b/c=="}
    refreshed, upstream = await looked(InTurn(first, {"models": [{"name": "models/b"}]}))
    assert [model.id for model in refreshed.models] == ["a", "b"]
    assert refreshed.impaired is None
    queries = [request.query for request in upstream.requests]
    assert queries[0] == "pageSize=1000"
    assert queries[1].startswith("pageSize=1000&pageToken=a%2Bb/c")
    for request in upstream.requests:
        assert request.headers["x-goog-api-key"] == KEY
        assert "authorization" not in request.headers
        assert KEY not in request.query


async def test_a_token_that_repeats_ends_the_list_and_is_said_to() -> None:
    refreshed, upstream = await looked({"models": [{"name": "models/a"}], "nextPageToken": "x"})
    assert len(upstream.requests) == 2
    assert refreshed.impaired is Reason.TRUNCATED


@pytest.mark.parametrize("token", ["", None, 7, ["x"], "a\nb", "x" * 2000])
async def test_a_token_that_is_none_ends_the_list(token: Any) -> None:
    _, upstream = await looked({"models": [{"name": "models/a"}], "nextPageToken": token})
    assert len(upstream.requests) == 1


async def test_it_is_known_by_the_shape_of_its_list_and_then_asked_in_its_own_way() -> None:
    async with listing(MODELS, path=PATH) as upstream, gemini(upstream, "auto") as integration:
        for _ in range(2):
            assert len((await integration.refresh()).models) == 7
        assert integration.engine is GEMINI
    asked = [(request.query, "x-goog-api-key" in request.headers) for request in upstream.requests]
    assert asked == [("", False), ("pageSize=1000", True), ("pageSize=1000", True)]


async def test_it_is_known_by_its_host_so_that_the_first_request_has_the_right_header() -> None:
    url = "https://generativelanguage.googleapis.com/v1beta"
    async with OpenAICompatibleIntegration(url) as integration:
        assert integration.authorization(KEY) == {"x-goog-api-key": KEY}


@pytest.mark.parametrize("host", ["googleapis.com.evil.example", "gpu-1", "127.0.0.1"])
async def test_no_other_host_is_taken_for_it(host: str) -> None:
    async with OpenAICompatibleIntegration(f"https://{host}/v1beta") as integration:
        assert integration.engine is None


@pytest.mark.parametrize("answer", REJECTED, ids=lambda answer: f"{answer.status} {answer.body}")
async def test_a_key_that_is_rejected_is_misconfigured_and_never_down(answer: Status) -> None:
    async with listing(answer, path=PATH) as upstream, gemini(upstream) as integration:
        states = await states_of(integration, probes=5)
    assert states == [State.UNKNOWN, *[State.MISCONFIGURED] * 4]


async def test_without_its_key_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)
    async with listing(MODELS, path=PATH) as upstream, gemini(upstream) as integration:
        assert (await states_of(integration, probes=3))[-1] is State.MISCONFIGURED
        assert upstream.connections == 0


async def test_the_key_does_not_follow_a_redirect() -> None:
    async with FakeUpstream({PATH: MODELS}) as target:
        with pytest.raises(BadAnswerError) as caught:
            await looked(Status(307, b"", {"Location": f"{target.url}{PATH}"}))
        assert caught.value.reason is Reason.REDIRECT
        assert target.connections == 0
