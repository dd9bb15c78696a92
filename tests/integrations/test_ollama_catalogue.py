"""The recorded answers of an Ollama, replayed: what becomes of each model and each oddity."""

from collections.abc import Callable
from typing import Any

import pytest

from service.core.model import Loaded, Model, Source
from service.core.reasons import Reason
from service.integrations import BadAnswerError, IntegrationManager
from tests.conftest import MakeUpstream
from tests.fakes import Hang, InTurn, Slow, Status, fixture, ollama_answers
from tests.integrations.conftest import MakeOllama

GGUF = "gguf"
# id: (size, family, parameters, quantisation, format, context length, created, what it can do)
EXPECTED: dict[str, tuple[str | None, str, str, str | None, str | None, int | None, int, str]] = {
    "gpt-oss:120b-cloud": (
        *(None, "gptoss", "116.8B", "MXFP4", None, 131072, 1787296442),
        "completion tools thinking",
    ),
    "qwen3:8b": (
        *("5.2GB", "qwen3", "8.2B", "Q4_K_M", GGUF, 40960, 1787154051),
        "completion tools thinking",
    ),
    "gpt-oss:20b": (
        *("13GB", "gptoss", "20.9B", "MXFP4", GGUF, 131072, 1787032931),
        "completion tools thinking",
    ),
    "gemma3:4b": (
        *("3.3GB", "gemma3", "4.3B", "Q4_K_M", GGUF, 131072, 1786486773),
        "completion vision",
    ),
    "qwen2.5-coder:7b": (
        *("4.7GB", "qwen2", "7.6B", "Q4_K_M", GGUF, 32768, 1785435753),
        "completion tools insert",
    ),
    "deepseek-r1:latest": (
        *("4.7GB", "qwen2", "7.6B", "Q4_K_M", GGUF, 131072, 1746889608),
        "completion thinking",
    ),
    "llama3.2:latest": (
        *("2.0GB", "llama", "3.2B", "Q4_K_M", GGUF, 131072, 1746405464),
        "completion tools",
    ),
    "llava:7b": (
        *("4.7GB", "llama", "7B", "Q4_0", GGUF, 32768, 1740909600),
        "completion vision",
    ),
    "hf.co/bartowski/Qwen2.5-7B-Instruct-GGUF:Q4_K_M": (
        *("4.7GB", "qwen2", "7.62B", None, GGUF, 32768, 1739514612),
        "completion tools",
    ),
    "nomic-embed-text:latest": (
        *("274MB", "nomic-bert", "137M", "F16", GGUF, 2048, 1730813820),
        "embedding",
    ),
    "acme/support-bot:v3": (
        *("4.1GB", "llama", "7.2B", "Q4_0", GGUF, None, 1727740800),
        "completion",
    ),
    "x/flux2-klein:4b": (
        *("5.7GB", "Flux2KleinPipeline", "4B", "FP8", "safetensors", None, 1725872949),
        "image",
    ),
    "registry.internal.example/team_a/phi4.custom:14b-q8_0": (
        *("15GB", "phi3", "14.7B", "Q8_0", GGUF, 16384, 0),
        "completion",
    ),
}


def facts(model: Model) -> tuple[Any, ...]:
    """Give a model as a line of ``EXPECTED``."""
    details = model.details
    can = " ".join(name for name, has in model.capabilities.items() if has)
    return (
        *(details.size, details.family, details.parameter_size, details.quantization_level),
        *(details.format, details.context_length, model.created),
        " ".join(sorted(can.split())),
    )


def expected(name: str) -> tuple[Any, ...]:
    *line, can = EXPECTED[name]
    return (*line, " ".join(sorted(can.split())))


async def test_all_recorded_models_are_listed_with_all_that_is_said_of_them(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    refreshed = await ollama(await fake_upstream(ollama_answers())).refresh()
    assert {model.id: facts(model) for model in refreshed.models} == {
        name: expected(name) for name in EXPECTED
    }
    assert (refreshed.version, refreshed.impaired, refreshed.dropped) == ("0.12.6", None, 0)


async def test_the_order_of_the_list_is_kept(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    refreshed = await ollama(await fake_upstream(ollama_answers())).refresh()
    assert [model.id for model in refreshed.models] == list(EXPECTED)


async def test_a_capability_that_is_not_listed_is_false_and_a_rare_one_is_left_out(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    refreshed = await ollama(await fake_upstream(ollama_answers())).refresh()
    by_id = {model.id: model for model in refreshed.models}
    assert by_id["gemma3:4b"].capabilities == {
        "completion": True,
        "tools": False,
        "vision": True,
        "thinking": False,
        "embedding": False,
        "insert": False,
    }
    assert by_id["x/flux2-klein:4b"].capabilities["image"] is True


async def test_a_list_that_tells_capabilities_needs_no_show(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    upstream = await fake_upstream(ollama_answers())
    await ollama(upstream).refresh()
    assert sorted(request.path for request in upstream.requests) == [
        *("/api/ps", "/api/tags", "/api/version")
    ]


async def test_get_models_gives_the_openai_form(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    models = await ollama(await fake_upstream(ollama_answers())).get_models()
    assert {model["id"]: model for model in models}["qwen3:8b"] == {
        "id": "qwen3:8b",
        "object": "model",
        "created": 1787154051,
        "owned_by": "ollama",
        "supports_agent": True,
        "supports_tools": True,
        "capabilities": {
            "completion": True,
            "tools": True,
            "vision": False,
            "thinking": True,
            "embedding": False,
            "insert": False,
        },
        "details": {
            "size": "5.2GB",
            "family": "qwen3",
            "parameter_size": "8.2B",
            "quantization_level": "Q4_K_M",
            "format": "gguf",
            "context_length": 40960,
        },
        "digest": "e76141579f1637021f7911e41a0b9ec3d6d667eef8445526a07986ad89495347",
    }


async def test_what_is_in_memory_is_told_with_its_share_on_the_gpu_and_its_context(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    refreshed = await ollama(await fake_upstream(ollama_answers())).refresh()
    loaded = {model.id: model.loaded for model in refreshed.models if model.loaded}
    assert loaded == {
        "qwen3:8b": Loaded(size_vram=10797371392, context_length=40960),
        "gpt-oss:20b": Loaded(size_vram=9126805504, context_length=8192),
        "acme/support-bot:v3": Loaded(size_vram=0, context_length=4096),
    }
    assert {model.loaded for model in refreshed.models if not model.loaded} == {False}


async def test_without_a_list_of_what_is_loaded_nothing_is_claimed_of_it(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    upstream = await fake_upstream(ollama_answers() | {"/api/ps": Status(404)})
    refreshed = await ollama(upstream).refresh()
    assert {model.loaded for model in refreshed.models} == {None}


async def test_when_a_model_will_be_unloaded_changes_nothing(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    upstream = await fake_upstream(ollama_answers())
    integration = ollama(upstream)
    first = await integration.refresh()
    later = fixture("ollama/ps.json")
    later["models"][0]["expires_at"] = "2027-01-01T00:00:00Z"
    upstream.answers["/api/ps"] = later
    assert await integration.refresh() is first


async def test_a_cloud_model_has_no_size_but_all_its_other_facts(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    refreshed = await ollama(await fake_upstream(ollama_answers())).refresh()
    cloud = refreshed.models[0]
    assert cloud.id == "gpt-oss:120b-cloud"
    assert cloud.details.size is None
    assert "details.size" not in cloud.provenance
    assert cloud.provenance["details.context_length"] is Source.DECLARED


@pytest.mark.parametrize("listed", [[], None])
async def test_an_empty_list_is_an_answer(
    fake_upstream: MakeUpstream, ollama: MakeOllama, listed: object
) -> None:
    upstream = await fake_upstream(ollama_answers() | {"/api/tags": {"models": listed}})
    refreshed = await ollama(upstream).refresh()
    assert (refreshed.models, refreshed.version) == ((), "0.12.6")


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "models",
        3,
        None,
        {"error": "out of memory"},
        {"models": {}},
        {"models": "qwen3:8b"},
        {"models": ["qwen3:8b"]},
        {"models": [{}]},
        {"models": [{"name": ""}, {"name": 7}, None]},
        {"data": [{"id": "qwen3:8b"}]},
    ],
)
async def test_what_is_no_list_of_models_is_a_bad_body(
    fake_upstream: MakeUpstream, ollama: MakeOllama, body: object
) -> None:
    upstream = await fake_upstream(ollama_answers() | {"/api/tags": body})
    with pytest.raises(BadAnswerError) as caught:
        await ollama(upstream).refresh()
    assert caught.value.reason is Reason.BAD_BODY


async def test_entries_that_are_no_models_are_dropped_and_counted(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    good = {"name": "good:1b", "details": {"family": 3, "context_length": "8k"}, "size": -1}
    bad: list[Any] = [
        None,
        3,
        "text",
        [],
        {},
        {"name": None},
        {"name": "a\u202eb"},
        {"name": "x" * 257},
    ]
    upstream = await fake_upstream(ollama_answers() | {"/api/tags": {"models": [*bad, good]}})
    refreshed = await ollama(upstream).refresh()
    assert [model.id for model in refreshed.models] == ["good:1b"]
    assert refreshed.dropped == len(bad)
    assert refreshed.models[0].details.size is None
    assert refreshed.models[0].details.context_length is None


async def test_of_two_entries_with_one_name_the_last_wins(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    entries = [{"name": "a", "size": 1000}, {"name": "b"}, {"name": "a", "size": 2_000_000}]
    upstream = await fake_upstream(ollama_answers() | {"/api/tags": {"models": entries}})
    refreshed = await ollama(upstream).refresh()
    assert [(model.id, model.details.size) for model in refreshed.models] == [
        ("a", "2MB"),
        ("b", None),
    ]
    assert refreshed.dropped == 1


async def test_more_models_than_the_limit_are_cut_off_and_said_to_be(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    entries = [{"name": f"m{number}", "capabilities": ["completion"]} for number in range(10_001)]
    upstream = await fake_upstream(ollama_answers() | {"/api/tags": {"models": entries}})
    refreshed = await ollama(upstream).refresh()
    assert len(refreshed.models) == 10_000
    assert refreshed.impaired is Reason.TRUNCATED


async def test_null_families_and_no_details_leave_the_family_to_the_name(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    entries = [
        {"name": "mixtral:8x7b", "details": {"family": "", "families": None}},
        {"name": "mistral:7b", "details": None},
        {"name": "something-else"},
    ]
    upstream = await fake_upstream(ollama_answers() | {"/api/tags": {"models": entries}})
    models = (await ollama(upstream).refresh()).models
    assert [model.details.family for model in models] == ["mixtral", "mistral", "unknown"]
    assert models[0].provenance["details.family"] is Source.HEURISTIC
    assert "details.family" not in models[2].provenance


async def test_the_zero_time_is_no_time(fake_upstream: MakeUpstream, ollama: MakeOllama) -> None:
    refreshed = await ollama(await fake_upstream(ollama_answers())).refresh()
    zero = next(model for model in refreshed.models if model.id.startswith("registry."))
    assert zero.created == 0
    assert "created" not in zero.provenance


async def test_a_look_alike_that_stamps_now_and_prefixes_digests_is_understood(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    """LocalAI answers so; a time that is new at every call is no fact."""
    now = 1_790_000_000.0
    digest = "e76141579f1637021f7911e41a0b9ec3d6d667eef8445526a07986ad89495347"
    entry = {
        "name": "phi-4",
        "model": "phi-4",
        "modified_at": "2026-09-21T14:13:20.5Z",
        "size": 0,
        "digest": f"sha256:{digest}",
        "details": {"parent_model": "", "format": "", "family": "", "families": None},
    }
    upstream = await fake_upstream({"/api/tags": {"models": [entry]}, "/api/show": Status(404)})
    async with IntegrationManager(wall=lambda: now) as manager:
        manager.add_integration("localai", ollama(upstream))
        (model,) = await manager.get_models_from("localai")
    assert (model["id"], model["created"], model["digest"]) == ("phi-4", 0, digest)
    assert model["details"]["family"] == "phi"
    assert model["details"]["size"] is None
    assert set(model["capabilities"].values()) == {None}


async def test_a_list_that_did_not_change_gives_the_very_same_refresh(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    integration = ollama(await fake_upstream(ollama_answers()))
    first = await integration.refresh()
    assert await integration.refresh() is first


async def test_a_list_that_changed_is_read_again(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    upstream = await fake_upstream(ollama_answers())
    integration = ollama(upstream)
    await integration.refresh()
    upstream.answers["/api/tags"]["models"].pop()
    assert len((await integration.refresh()).models) == 12


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(Hang, id="hangs"),
        pytest.param(lambda: Status(500), id="500"),
        pytest.param(lambda: Status(404), id="404"),
        pytest.param(lambda: b"<html>", id="html"),
        pytest.param(list, id="list"),
        pytest.param(lambda: {"version": 7, "models": 7}, id="wrong types"),
    ],
)
@pytest.mark.parametrize("path", ["/api/version", "/api/ps", "/api/show"])
async def test_trouble_beside_the_list_does_not_lose_the_list(
    fake_upstream: MakeUpstream, ollama: MakeOllama, path: str, trouble: Callable[[], Any]
) -> None:
    upstream = await fake_upstream(ollama_answers(old=True) | {path: trouble()})
    refreshed = await ollama(upstream, timeout=0.5).refresh()
    assert [model.id for model in refreshed.models] == list(EXPECTED)
    assert {model.details.size for model in refreshed.models} > {"5.2GB", "274MB"}


async def test_a_slow_list_of_what_is_loaded_still_leaves_time_to_learn_capabilities(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    """A hanging request beside the list must not take the time that ``/api/show`` needs."""
    upstream = await fake_upstream(ollama_answers(old=True) | {"/api/ps": Hang()})
    refreshed = await ollama(upstream, timeout=1).refresh()
    assert {model.id: facts(model) for model in refreshed.models} == {
        name: expected(name) for name in EXPECTED
    }


async def test_a_list_that_is_only_slow_is_waited_for(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    answers = ollama_answers()
    upstream = await fake_upstream(answers | {"/api/tags": Slow(0.2, answers["/api/tags"])})
    assert len((await ollama(upstream, timeout=2).refresh()).models) == 13


async def test_after_an_outage_the_list_is_had_again(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    answers = ollama_answers()
    upstream = await fake_upstream(
        answers | {"/api/tags": InTurn(answers["/api/tags"], Status(503), answers["/api/tags"])}
    )
    integration = ollama(upstream)
    first = await integration.refresh()
    with pytest.raises(BadAnswerError):
        await integration.refresh()
    assert await integration.refresh() is first


async def test_the_version_is_given_and_none_where_it_cannot_be_had(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    upstream = await fake_upstream(ollama_answers())
    integration = ollama(upstream, timeout=0.3)
    assert await integration.get_version() == "0.12.6"
    useless: list[Any] = [{"version": 3}, {"version": "x" * 65}, [], b"0.12"]
    for answer in (Status(500), Hang(), *useless):
        upstream.answers["/api/version"] = answer
        assert await integration.get_version() is None
