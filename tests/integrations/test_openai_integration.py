"""OpenAI: what it tells is kept, what it does not tell stays unknown, its key goes nowhere else."""

from pathlib import Path
from typing import Any

import pytest

from service.core.health import State
from service.core.model import Model, Source
from service.core.reasons import Reason
from service.integrations import INTEGRATIONS, BadAnswerError, OpenAIIntegration
from service.integrations.credentials import Credential
from service.settings import OpenAISettings
from tests.fakes import FakeUpstream, InTurn, Status, fixture
from tests.integrations.hosted import KEY, REJECTED, VARIABLE, credential, listing, states_of

MODELS = fixture("openai/models.json")


@pytest.fixture(autouse=True)
def the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, KEY)


async def models_in(answer: Any) -> dict[str, Model]:
    async with (
        listing(answer) as upstream,
        OpenAIIntegration(f"{upstream.url}/v1", credential=credential()) as openai,
    ):
        return {model.id: model for model in (await openai.refresh()).models}


async def test_every_model_is_listed_with_what_openai_tells() -> None:
    models = await models_in(MODELS)
    assert list(models) == [entry["id"] for entry in MODELS["data"]]
    plain, retiring = models["gpt-4o"], models["gpt-3.5-turbo"]
    assert (plain.created, plain.extras.shutdown_date) == (1715367049, None)
    assert (retiring.created, retiring.extras.shutdown_date) == (
        1677610602,
        "2026-12-31T00:00:00Z",
    )
    assert retiring.provenance["shutdown_date"] is Source.DECLARED


async def test_nothing_is_made_up_of_what_openai_does_not_tell() -> None:
    for model in (await models_in(MODELS)).values():
        assert model.capabilities == {}
        assert model.details.context_length is None
        assert model.loaded is None
        declared = {name for name, known in model.provenance.items() if known is Source.DECLARED}
        assert declared <= {"created", "shutdown_date"}


@pytest.mark.parametrize(
    ("date", "expected"),
    [("2027-05-12", "2027-05-12T00:00:00Z"), (1798675200, "2026-12-31T00:00:00Z"), (None, None)],
)
async def test_a_shutdown_date_is_text_or_seconds_or_nothing(
    date: object, expected: str | None
) -> None:
    models = await models_in({"data": [{"id": "a", "shutdown_date": date}]})
    assert models["a"].extras.shutdown_date == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"object": "list", "data": None}, {}),
        ({"object": "list", "data": []}, {}),
        ([{"id": "a", "created": 7}], {"a": 7}),
        ({"data": [{"id": "a"}, {"id": "b", "created": None}]}, {"a": 0, "b": 0}),
        ({"data": [{"id": "a", "created": 7}, {"id": "a", "created": 8}]}, {"a": 8}),
        ({"data": [{"id": "a", "created": 7.0}, {"id": "b", "created": "x"}]}, {"a": 7, "b": 0}),
        ({"data": [None, 3, "gpt", {}, {"id": 3}, {"id": "a", "created": 7}]}, {"a": 7}),
        ({"data": [{"name": "a", "created": 7, "more": {"than": ["known"]}}]}, {"a": 7}),
    ],
)
async def test_strange_lists_are_read_for_what_is_good_in_them(
    answer: Any, expected: dict[str, int]
) -> None:
    models = await models_in(answer)
    assert {name: model.created for name, model in models.items()} == expected


async def test_the_list_alone_is_asked_for_with_the_key_and_whose_it_is() -> None:
    async with (
        listing(MODELS) as upstream,
        OpenAIIntegration(
            f"{upstream.url}/v1/",
            organization="org-1",
            project="proj-2",
            headers={"openai-project": "proj-3", "X-Team": "red"},
            credential=credential(),
        ) as openai,
    ):
        for _ in range(2):
            await openai.refresh()
        assert await openai.get_version() is None
        sent = upstream.requests[0].headers
    assert (upstream.requests[0].query, len(upstream.requests)) == ("", 3)
    assert sent["authorization"] == f"Bearer {KEY}"
    assert (sent["openai-organization"], sent["x-team"]) == ("org-1", "red")
    assert sent["openai-project"] == "proj-3"


async def test_neither_organization_nor_project_is_sent_unless_given() -> None:
    async with listing(MODELS) as upstream, OpenAIIntegration(upstream.url) as openai:
        await openai.refresh()
        sent = upstream.requests[0].headers
    assert not {"authorization", "openai-organization", "openai-project"} & set(sent)


async def test_a_url_without_a_path_is_given_the_usual_one() -> None:
    async with listing(MODELS) as upstream, OpenAIIntegration(upstream.url) as openai:
        assert await openai.is_available()


@pytest.mark.parametrize("answer", REJECTED, ids=lambda answer: f"{answer.status} {answer.body}")
async def test_a_key_that_is_rejected_is_misconfigured_and_never_down(answer: Status) -> None:
    async with (
        listing(answer) as upstream,
        OpenAIIntegration(upstream.url, credential=credential()) as openai,
    ):
        states = await states_of(openai, probes=5)
    assert states == [State.UNKNOWN, *[State.MISCONFIGURED] * 4]


async def test_a_500_that_says_nothing_of_keys_is_an_outage() -> None:
    trouble = Status(500, {"error": {"message": "The server had an error", "type": "server_error"}})
    async with listing(trouble) as upstream, OpenAIIntegration(upstream.url) as openai:
        assert (await states_of(openai, probes=3))[-1] is State.DOWN


@pytest.mark.parametrize("where", ["env", "file"])
async def test_without_its_key_nothing_is_asked_and_it_is_misconfigured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str
) -> None:
    monkeypatch.delenv(VARIABLE)
    missing = credential() if where == "env" else Credential(file=tmp_path / "nowhere")
    async with (
        listing(MODELS) as upstream,
        OpenAIIntegration(upstream.url, credential=missing) as openai,
    ):
        assert (await states_of(openai, probes=3))[-1] is State.MISCONFIGURED
        assert upstream.connections == 0
        monkeypatch.setenv(VARIABLE, KEY)
        (tmp_path / "nowhere").write_text(f"{KEY}\n")
        assert await openai.is_available()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_the_key_does_not_follow_a_redirect(status: int) -> None:
    async with FakeUpstream({"/v1/models": MODELS}) as target:
        location = {"Location": f"{target.url}/v1/models"}
        async with (
            listing(Status(status, b"", location)) as upstream,
            OpenAIIntegration(upstream.url, credential=credential()) as openai,
        ):
            with pytest.raises(BadAnswerError) as caught:
                await openai.refresh()
        assert caught.value.reason is Reason.REDIRECT
        assert target.connections == 0


async def test_what_is_rate_limited_says_when_to_come_back() -> None:
    answer = Status(429, {"error": {"code": "rate_limit_exceeded"}}, {"Retry-After": "20"})
    async with listing(answer) as upstream, OpenAIIntegration(upstream.url) as openai:
        with pytest.raises(BadAnswerError) as caught:
            await openai.refresh()
    assert (caught.value.reason, caught.value.retry_after) == (Reason.RATE_LIMITED, 20.0)


async def test_the_same_bytes_give_the_very_same_refresh() -> None:
    shorter = {"data": MODELS["data"][:3]}
    async with (
        listing(InTurn(MODELS, MODELS, shorter)) as upstream,
        OpenAIIntegration(upstream.url) as openai,
    ):
        first, second, third = [await openai.refresh() for _ in range(3)]
    assert first is second
    assert len(third.models) == 3


async def test_it_is_made_from_its_settings() -> None:
    async with listing(MODELS) as upstream:
        settings = OpenAISettings(
            name="hosted",
            type="openai",
            base_url=f"{upstream.url}/v1",
            organization="org-1",
            project="proj-2",
            headers={"X-Team": "red"},
            api_key_env=VARIABLE,
        )
        async with INTEGRATIONS["openai"].configured(settings, timeout=2) as openai:
            assert isinstance(openai, OpenAIIntegration)
            assert len(await openai.get_models()) == len(MODELS["data"])
        sent = upstream.requests[0].headers
    assert sent["authorization"] == f"Bearer {KEY}"
    assert (sent["openai-organization"], sent["openai-project"]) == ("org-1", "proj-2")
    assert sent["x-team"] == "red"


def test_a_hosted_service_is_left_alone_for_longer_while_it_is_down() -> None:
    assert OpenAIIntegration.backoff_cap == 300
