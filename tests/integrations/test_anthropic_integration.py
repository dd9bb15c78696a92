"""Anthropic: every page is read and no more, and what it tells is kept in its own words."""

from collections.abc import Iterator
from typing import Any

import pytest

from service.core.health import State
from service.core.model import Model, Source
from service.core.reasons import Reason
from service.integrations import INTEGRATIONS, AnthropicIntegration, BadAnswerError, Refresh
from service.settings import AnthropicSettings
from tests.fakes import FakeUpstream, InTurn, Status, fixture
from tests.integrations.hosted import KEY, REJECTED, VARIABLE, credential, listing, states_of

MODELS = fixture("anthropic/models.json")
OPUS = "claude-opus-4-5-20251101"


@pytest.fixture(autouse=True)
def the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, KEY)


def page(*ids: str, more: Any = False, last: Any = ...) -> dict[str, Any]:
    return {
        "data": [{"type": "model", "id": name, "display_name": name} for name in ids],
        "has_more": more,
        "first_id": ids[0] if ids else None,
        "last_id": (ids[-1] if ids else None) if last is ... else last,
    }


async def looked(answer: Any) -> tuple[Refresh, FakeUpstream]:
    async with (
        listing(answer) as upstream,
        AnthropicIntegration(upstream.url, credential=credential()) as anthropic,
    ):
        return await anthropic.refresh(), upstream


async def models_in(answer: Any) -> dict[str, Model]:
    return {model.id: model for model in (await looked(answer))[0].models}


async def test_every_model_is_listed_with_what_anthropic_tells() -> None:
    models = await models_in(MODELS)
    assert list(models) == [entry["id"] for entry in MODELS["data"]]
    opus = models[OPUS]
    assert opus.created == 1763942400
    assert opus.details.context_length == 200000
    assert opus.details.family == "claude"
    assert opus.extras.name == "Claude Opus 4.5"
    assert opus.extras.max_output_tokens == 64000
    assert opus.capabilities == {"completion": True, "vision": True, "thinking": True}
    assert (opus.extras.deprecated_at, opus.extras.shutdown_date) == (None, None)
    for fact in ("created", "name", "details.context_length", "capabilities.thinking"):
        assert opus.provenance[fact] is Source.DECLARED


async def test_what_it_can_not_do_is_false_and_what_nobody_says_is_unknown() -> None:
    haiku = (await models_in(MODELS))["claude-3-haiku-20240307"]
    assert haiku.capabilities["thinking"] is False
    assert "tools" not in haiku.capabilities
    assert haiku.details.context_length is None
    assert "details.context_length" not in haiku.provenance


async def test_the_dates_of_its_end_are_told() -> None:
    models = await models_in(MODELS)
    sonnet, haiku = models["claude-sonnet-4-20250514"], models["claude-3-5-haiku-20241022"]
    assert sonnet.extras.deprecated_at == "2026-04-14T00:00:00Z"
    assert sonnet.extras.shutdown_date == "2026-12-15T00:00:00Z"
    assert haiku.extras.deprecated_at == "2025-12-19T00:00:00Z"
    assert haiku.extras.shutdown_date is None


async def test_an_older_server_tells_four_things() -> None:
    fields = ("type", "id", "display_name", "created_at")
    older = {"data": [{key: entry[key] for key in fields} for entry in MODELS["data"]]}
    opus = (await models_in(older | {"has_more": False}))[OPUS]
    assert (opus.created, opus.extras.name) == (1763942400, "Claude Opus 4.5")
    assert opus.capabilities == {"completion": True}
    assert (opus.details.context_length, opus.extras.max_output_tokens) == (None, None)


async def test_the_epoch_is_no_date() -> None:
    model = (await models_in({"data": [{"id": "a", "created_at": "1970-01-01T00:00:00Z"}]}))["a"]
    assert model.created == 0
    assert "created" not in model.provenance


async def test_only_a_claude_is_known_to_complete_by_being_listed() -> None:
    """Proxies list models of others in this form, embedding models among them."""
    models = await models_in({"data": [{"id": "bedrock/Claude-x"}, {"id": "titan-embed"}]})
    assert models["bedrock/Claude-x"].capabilities == {"completion": True}
    assert models["titan-embed"].capabilities == {}


@pytest.mark.parametrize(
    "capabilities",
    [
        *(None, [], "all", 3, {}),
        {"image_input": None, "thinking": True},
        {"image_input": {}, "thinking": {"supported": None}},
        {"image_input": {"supported": 1}, "thinking": {"supported": "yes"}},
        {"server_tools": {"supported": True}, "code_execution": {"supported": True}},
    ],
)
async def test_capabilities_that_say_nothing_stay_unknown(capabilities: Any) -> None:
    models = await models_in({"data": [{"id": "a", "capabilities": capabilities}]})
    assert models["a"].capabilities == {}


@pytest.mark.parametrize(
    "answer",
    [
        fixture("anthropic/empty.json"),
        {"data": None, "has_more": False},
        {"data": [], "has_more": True, "last_id": None},
    ],
)
async def test_no_models_is_an_empty_list(answer: Any) -> None:
    refreshed, upstream = await looked(answer)
    assert (refreshed.models, refreshed.dropped) == ((), 0)
    assert len(upstream.requests) == 1


async def test_strange_entries_cost_nothing_but_themselves() -> None:
    answer = {"data": [None, {"id": None}, {"id": "a", "max_tokens": -1, "created_at": 3.5}]}
    refreshed, _ = await looked(answer | {"has_more": False})
    assert [model.id for model in refreshed.models] == ["a"]
    assert refreshed.dropped == 2
    assert refreshed.models[0].extras.max_output_tokens is None


async def test_pages_are_followed_to_the_end() -> None:
    pages = InTurn(page("a", "b", more=True), page("c", more=True), page("d"))
    refreshed, upstream = await looked(pages)
    assert [model.id for model in refreshed.models] == ["a", "b", "c", "d"]
    assert (refreshed.impaired, refreshed.dropped) == (None, 0)
    assert [request.query for request in upstream.requests] == [
        "limit=1000",
        "limit=1000&after_id=b",
        "limit=1000&after_id=c",
    ]


async def test_a_page_without_a_last_id_is_followed_by_its_last_entry() -> None:
    refreshed, upstream = await looked(InTurn(page("a", "b", more=True, last=None), page("c")))
    assert [model.id for model in refreshed.models] == ["a", "b", "c"]
    assert upstream.requests[1].query == "limit=1000&after_id=b"


@pytest.mark.parametrize("more", [None, 0, 1, "true", [True]])
async def test_only_true_means_more(more: Any) -> None:
    _, upstream = await looked(page("a", more=more))
    assert len(upstream.requests) == 1


@pytest.mark.parametrize(
    ("pages", "asked"),
    [
        ([page("a", more=True)], 2),
        ([page("a", more=True), page("b", more=True), page("a", more=True)], 3),
        ([page("a", more=True), page(more=True, last="a")], 2),
    ],
    ids=["the same page", "two pages in turn", "an empty page"],
)
async def test_a_list_that_goes_in_circles_is_left_and_said_to_be_cut(
    pages: list[Any], asked: int
) -> None:
    refreshed, upstream = await looked(InTurn(*pages))
    assert len(upstream.requests) == asked
    assert refreshed.impaired is Reason.TRUNCATED
    assert {model.id for model in refreshed.models} <= {"a", "b"}


async def test_a_list_without_end_is_left_after_fifty_pages() -> None:
    numbers: Iterator[int] = iter(range(1000))
    refreshed, upstream = await looked(lambda _: page(f"m{next(numbers)}", more=True))
    assert len(upstream.requests) == 50
    assert len(refreshed.models) == 50
    assert refreshed.impaired is Reason.TRUNCATED


@pytest.mark.parametrize("answer", [Status(500), b"<html>", {"data": [None]}, Status(401)])
async def test_half_a_list_is_none(answer: Any) -> None:
    """The last good list is better than one that lost its second page."""
    with pytest.raises(BadAnswerError):
        await looked(InTurn(page("a", more=True), answer))


async def test_what_is_on_two_pages_is_listed_once() -> None:
    refreshed, _ = await looked(InTurn(page("a", "b", more=True), page("b", "c")))
    assert sorted(model.id for model in refreshed.models) == ["a", "b", "c"]
    assert refreshed.dropped == 1


async def test_the_key_and_the_version_go_where_anthropic_wants_them() -> None:
    _, upstream = await looked(InTurn(page("a", more=True), page("b")))
    for request in upstream.requests:
        assert request.headers["x-api-key"] == KEY
        assert request.headers["anthropic-version"] == "2023-06-01"
        assert "authorization" not in request.headers


async def test_a_header_of_the_operators_own_wins() -> None:
    own = {"Anthropic-Version": "2099-01-01", "X-Team": "red"}
    async with (
        listing(MODELS) as upstream,
        AnthropicIntegration(upstream.url, headers=own) as anthropic,
    ):
        await anthropic.refresh()
        sent = upstream.requests[0].headers
    assert (sent["anthropic-version"], sent["x-team"]) == ("2099-01-01", "red")
    assert "x-api-key" not in sent


@pytest.mark.parametrize("answer", REJECTED, ids=lambda answer: f"{answer.status} {answer.body}")
async def test_a_key_that_is_rejected_is_misconfigured_and_never_down(answer: Status) -> None:
    async with (
        listing(answer) as upstream,
        AnthropicIntegration(upstream.url, credential=credential()) as anthropic,
    ):
        states = await states_of(anthropic, probes=5)
    assert states == [State.UNKNOWN, *[State.MISCONFIGURED] * 4]


async def test_being_overloaded_is_an_outage_and_no_matter_of_the_key() -> None:
    overloaded = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    async with (
        listing(Status(529, overloaded)) as upstream,
        AnthropicIntegration(upstream.url) as anthropic,
    ):
        assert (await states_of(anthropic, probes=3))[-1] is State.DOWN


async def test_without_its_key_nothing_is_asked_and_it_is_misconfigured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(VARIABLE)
    async with (
        listing(MODELS) as upstream,
        AnthropicIntegration(upstream.url, credential=credential()) as anthropic,
    ):
        assert (await states_of(anthropic, probes=3))[-1] is State.MISCONFIGURED
        assert upstream.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("first", [[], [page("a", more=True)]], ids=["at once", "second page"])
async def test_the_key_does_not_follow_a_redirect(status: int, first: list[Any]) -> None:
    """The client library would keep this header for another host."""
    async with FakeUpstream({"/v1/models": MODELS}) as target:
        away = Status(status, b"", {"Location": f"{target.url}/v1/models"})
        with pytest.raises(BadAnswerError) as caught:
            await looked(InTurn(*first, away))
        assert caught.value.reason is Reason.REDIRECT
        assert target.connections == 0


async def test_it_is_made_from_its_settings() -> None:
    async with listing(MODELS) as upstream:
        settings = AnthropicSettings(
            name="claude",
            type="anthropic",
            base_url=upstream.url,
            headers={"X-Team": "red"},
            api_key_env=VARIABLE,
        )
        async with INTEGRATIONS["anthropic"].configured(settings, timeout=2) as anthropic:
            assert isinstance(anthropic, AnthropicIntegration)
            listed = await anthropic.get_models()
        sent = upstream.requests[0].headers
    assert [model["owned_by"] for model in listed] == ["anthropic"] * len(MODELS["data"])
    assert (sent["x-api-key"], sent["x-team"]) == (KEY, "red")


def test_a_hosted_service_is_left_alone_for_longer_while_it_is_down() -> None:
    assert AnthropicIntegration.backoff_cap == 300
