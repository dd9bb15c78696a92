"""Servers before 0.30 list no capabilities: ``/api/show`` tells them, asked as little as can be."""

from collections.abc import Callable
from typing import Any

import pytest

from service.core.model import Model, Source
from service.integrations import OllamaIntegration
from tests.conftest import MakeUpstream
from tests.fakes import FakeUpstream, InTurn, Raw, Reset, Slow, Status, fixture, ollama_answers
from tests.integrations.conftest import MakeOllama


async def models_of(integration: OllamaIntegration) -> dict[str, Model]:
    return {model.id: model for model in (await integration.refresh()).models}


def shows(upstream: FakeUpstream) -> int:
    return len(upstream.asked("/api/show"))


async def test_an_older_server_ends_with_the_same_facts_as_a_newer_one(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    new = await models_of(ollama(await fake_upstream(ollama_answers())))
    old = await models_of(ollama(await fake_upstream(ollama_answers(old=True))))
    assert old == new


async def test_each_model_is_shown_once_for_as_long_as_digest_and_version_stay(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    upstream = await fake_upstream(ollama_answers(old=True))
    integration = ollama(upstream)
    for _ in range(3):
        await integration.refresh()
    assert shows(upstream) == 13


async def test_a_new_version_of_the_server_is_asked_again(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    """A newer server may detect more in the same weights."""
    upstream = await fake_upstream(ollama_answers(old=True))
    integration = ollama(upstream)
    await integration.refresh()
    upstream.answers["/api/version"] = {"version": "0.13.0"}
    await integration.refresh()
    assert shows(upstream) == 26


async def test_a_new_digest_is_asked_again_and_alone(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    upstream = await fake_upstream(ollama_answers(old=True))
    integration = ollama(upstream)
    await integration.refresh()
    upstream.answers["/api/tags"]["models"][3]["digest"] = "0" * 64
    await integration.refresh()
    assert shows(upstream) == 14


async def test_a_version_that_is_lost_once_asks_nothing_again(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    """One lost request is no new server."""
    upstream = await fake_upstream(ollama_answers(old=True))
    integration = ollama(upstream)
    first = await integration.refresh()
    upstream.answers["/api/version"] = Status(404)
    assert await integration.refresh() is first
    assert shows(upstream) == 13


async def test_at_most_four_shows_are_under_way_at_a_time(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    answers = ollama_answers(old=True)
    upstream = await fake_upstream(answers | {"/api/show": Slow(0.03, answers["/api/show"])})
    models = await models_of(ollama(upstream))
    assert all(model.capabilities for model in models.values())
    assert upstream.busiest == 4


async def test_what_does_not_fit_into_one_poll_is_asked_in_the_next(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    entries = [{"name": f"m{number}", "digest": f"{number:064x}"} for number in range(100)]
    answers = {"/api/tags": {"models": entries}, "/api/show": {"capabilities": ["completion"]}}
    upstream = await fake_upstream(answers)
    integration = ollama(upstream)
    known = [len([m for m in (await models_of(integration)).values() if m.capabilities])]
    known.append(len([m for m in (await models_of(integration)).values() if m.capabilities]))
    assert known == [64, 100]
    assert shows(upstream) == 100


@pytest.mark.parametrize("broken", [Status(500), Status(403), b"<html>", Reset(), Raw(b"junk")])
async def test_one_show_that_fails_spoils_one_model_only(
    fake_upstream: MakeUpstream, ollama: MakeOllama, broken: Any
) -> None:
    answers = ollama_answers(old=True)
    show: Callable[[Any], Any] = answers["/api/show"]
    answers["/api/show"] = lambda asked: broken if asked["model"] == "gemma3:4b" else show(asked)
    models = await models_of(ollama(await fake_upstream(answers)))
    assert [name for name, model in models.items() if not model.capabilities] == ["gemma3:4b"]
    assert models["gemma3:4b"].details.family == "gemma3"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405])
async def test_a_show_that_is_refused_is_not_asked_again(
    fake_upstream: MakeUpstream, ollama: MakeOllama, status: int
) -> None:
    upstream = await fake_upstream(ollama_answers(old=True) | {"/api/show": Status(status)})
    integration = ollama(upstream)
    for _ in range(3):
        assert len(await models_of(integration)) == 13
    assert shows(upstream) == 13


@pytest.mark.parametrize(
    "hiccup",
    [
        Status(503),
        Status(429),
        Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{"),
        Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"),
    ],
    ids=["503", "429", "cut off", "chunk cut off"],
)
async def test_a_show_that_was_lost_is_asked_again_in_the_next_poll(
    fake_upstream: MakeUpstream, ollama: MakeOllama, hiccup: Any
) -> None:
    tags = {"models": [{"name": "one", "digest": "1" * 64}]}
    show = InTurn(hiccup, {"capabilities": ["completion", "tools"]})
    integration = ollama(await fake_upstream({"/api/tags": tags, "/api/show": show}))
    assert (await models_of(integration))["one"].capabilities == {}
    assert (await models_of(integration))["one"].capabilities["tools"] is True


async def test_a_server_that_knows_no_thinking_says_nothing_of_it(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    """Before 0.9.0 a thinking model is listed without it: that is not a no."""
    answers = ollama_answers(old=True) | {"/api/version": {"version": "0.8.9"}}
    answers["/api/show"] = {"capabilities": ["completion", "tools"]}
    model = (await models_of(ollama(await fake_upstream(answers))))["qwen3:8b"]
    assert "thinking" not in model.capabilities
    assert model.capabilities["vision"] is False


@pytest.mark.parametrize(
    ("recorded", "name", "can"),
    [
        ("thinking", "qwen3:8b", {"completion", "tools"}),
        ("vision", "llava:7b", {"completion", "vision"}),
        ("embedding", "nomic-embed-text:latest", {"embedding"}),
    ],
)
async def test_before_0_6_4_the_template_and_the_weights_tell(
    fake_upstream: MakeUpstream, ollama: MakeOllama, recorded: str, name: str, can: set[str]
) -> None:
    shown = fixture(f"ollama/show_{recorded}.json")
    del shown["capabilities"]
    answers = ollama_answers(old=True) | {"/api/version": {"version": "0.6.3"}}
    upstream = await fake_upstream(answers | {"/api/show": shown})
    model = (await models_of(ollama(upstream)))[name]
    assert {capability for capability, has in model.capabilities.items() if has} == can
    assert "thinking" not in model.capabilities
    assert model.provenance["capabilities.tools"] is Source.TEMPLATE
    assert model.provenance["details.context_length"] is Source.DECLARED


async def test_a_show_that_tells_nothing_leaves_everything_unknown(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    upstream = await fake_upstream(ollama_answers(old=True) | {"/api/show": {}})
    model = (await models_of(ollama(upstream)))["qwen3:8b"]
    assert model.capabilities == {}
    assert model.details.context_length is None


async def test_the_context_length_is_that_of_the_architecture_and_of_nothing_else(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    info = {"general.architecture": "qwen3", "clip.context_length": 77, "qwen3.context_length": 9}
    shown = {"capabilities": ["completion"], "model_info": info}
    upstream = await fake_upstream(ollama_answers(old=True) | {"/api/show": shown})
    assert (await models_of(ollama(upstream)))["qwen3:8b"].details.context_length == 9


async def test_a_show_is_asked_by_the_name_in_the_list(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    upstream = await fake_upstream(ollama_answers(old=True))
    models = await models_of(ollama(upstream))
    asked = {request.body for request in upstream.asked("/api/show")}
    assert asked == {f'{{"model":"{name}"}}'.encode() for name in models}
