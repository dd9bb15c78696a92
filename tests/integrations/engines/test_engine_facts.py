"""What each engine tells of its models, and that nothing is claimed that it does not tell."""

from dataclasses import replace
from typing import Any

import pytest

from service.core.model import Details, Extras, Loaded, Model, Residence, Source
from service.core.reasons import Reason
from service.integrations import BadAnswerError, Refresh
from service.integrations.engines.gguf import parameter_size, quantization_level
from service.integrations.engines.openai_list import is_path, without_directories
from tests.fakes import Hang, InTurn, Status, fixture
from tests.integrations.engines.backends import BACKENDS, ROUTER, UNKNOWN_TO_LM_STUDIO, answers_of
from tests.integrations.engines.conftest import MakeCompatible, MakeWatched


@pytest.fixture
def models_of(upstream_of: MakeWatched, compatible: MakeCompatible) -> Any:
    async def ask(name: str, answers: dict[str, Any] | None = None) -> dict[str, Model]:
        upstream = await upstream_of(answers_of(name) if answers is None else answers)
        integration = compatible(upstream, BACKENDS[name].base, engine=name)
        return {model.id: model for model in (await integration.refresh()).models}

    return ask


async def test_vllm(models_of: Any) -> None:
    models = await models_of("vllm")
    base, adapter = models.values()
    assert (base.id, base.created) == ("meta-llama/Llama-3.1-8B-Instruct", 0)
    assert base.details.context_length == 131072
    assert (base.loaded, base.residence) == (Loaded(context_length=131072), Residence.LOADED)
    assert (base.extras, base.capabilities) == (Extras(), {})
    assert adapter.extras.parent == base.id
    assert adapter.loaded == Loaded()


async def test_vllm_serves_a_model_by_the_very_name_it_lists(models_of: Any) -> None:
    """Requests must say that name, so it stays; what else may be a path does not."""
    entry = {"id": "/models/llama", "owned_by": "vllm", "root": "/x", "parent": "/models/base"}
    (model,) = (await models_of("vllm", {"/v1/models": {"data": [entry]}})).values()
    assert (model.id, model.extras) == ("/models/llama", Extras())


async def test_sglang(models_of: Any) -> None:
    (model,) = (await models_of("sglang")).values()
    assert model.details.context_length == 40960
    assert model.loaded == Loaded(context_length=40960)
    assert model.capabilities == {"completion": True, "embedding": False, "vision": False}
    assert model.provenance["capabilities.completion"] is Source.DECLARED


@pytest.mark.parametrize(
    ("said", "can"),
    [
        ({"is_generation": False}, {"completion": False}),
        ({"has_image_understanding": True}, {"vision": True}),
        ({"has_audio_understanding": True, "is_generation": "yes"}, {"audio": True}),
        ([], {}),
    ],
)
async def test_sglang_tells_by_the_older_name_of_its_path_as_well(
    models_of: Any, said: Any, can: dict[str, bool]
) -> None:
    answers = {"/v1/models": fixture("sglang/models.json"), "/get_model_info": said}
    (model,) = (await models_of("sglang", answers)).values()
    assert model.capabilities == can


async def test_llama_cpp(models_of: Any) -> None:
    (model,) = (await models_of("llamacpp")).values()
    assert model == Model(
        id="tiny-accept",
        capabilities={"vision": False, "tools": True},
        details=Details(
            size="672KB",
            parameter_size="168K",
            quantization_level="F32",
            format="gguf",
            context_length=256,
        ),
        extras=Extras(input_modalities=("text",), output_modalities=("text",)),
        provenance={
            "capabilities.vision": Source.DECLARED,
            "capabilities.tools": Source.TEMPLATE,
            "details.size": Source.DECLARED,
            "details.parameter_size": Source.DECLARED,
            "details.quantization_level": Source.DECLARED,
            "details.format": Source.DECLARED,
            "details.context_length": Source.DECLARED,
            "input_modalities": Source.DECLARED,
            "output_modalities": Source.DECLARED,
        },
        loaded=Loaded(context_length=256),
        residence=Residence.LOADED,
    )


@pytest.mark.parametrize(
    ("props", "can"),
    [
        ({}, {"vision": False}),
        ({"modalities": {"vision": True, "audio": True}}, {"vision": True, "audio": True}),
        ({"chat_template_caps": {"supports_tools": False}}, {"vision": False, "tools": False}),
        (
            {"chat_template_caps": {"supports_tools": True, "supports_tool_calls": False}},
            {"vision": False, "tools": False},
        ),
        ({"chat_template_caps": {"supports_tools": "yes"}}, {"vision": False}),
        ([1], {"vision": False}),
    ],
)
async def test_llama_cpp_tells_by_its_props_what_a_model_can_do(
    models_of: Any, props: Any, can: dict[str, bool]
) -> None:
    (model,) = (await models_of("llamacpp", answers_of("llamacpp") | {"/props": props})).values()
    assert model.capabilities == can


async def test_llama_cpp_that_sleeps_says_so(models_of: Any) -> None:
    answers = answers_of("llamacpp")
    answers["/props"]["is_sleeping"] = True
    (model,) = (await models_of("llamacpp", answers)).values()
    assert (model.loaded, model.residence) == (False, Residence.SLEEPING)


async def test_a_router_of_llama_cpp_tells_where_each_model_is_and_is_asked_no_props(
    upstream_of: MakeWatched, compatible: MakeCompatible
) -> None:
    upstream = await upstream_of(ROUTER.answers)
    models = (await compatible(upstream).refresh()).models
    assert {model.id: (model.residence, bool(model.loaded)) for model in models} == {
        "ggml-org/gemma-3-4b-it-GGUF:Q4_K_M": (Residence.LOADED, True),
        "qwen3-8b": (Residence.UNLOADED, False),
        "granite-4": (Residence.SLEEPING, False),
        "phi-4": (Residence.LOADING, False),
        "olmo-3": (Residence.UNLOADED, False),
    }
    loaded, unloaded, silent, *_ = models
    assert loaded.loaded == Loaded(context_length=8192)
    assert loaded.details == replace(
        Details(size="2.5GB", parameter_size="3.9B", quantization_level="Q4_K_M", format="gguf"),
        family=loaded.details.family,
        context_length=131072,
    )
    assert (loaded.capabilities, unloaded.capabilities) == ({"vision": True}, {"vision": False})
    assert silent.capabilities == {}
    assert {request.path for request in upstream.requests} == {"/v1/models"}


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ({"id": "/srv/models/tiny.gguf"}, "tiny.gguf"),
        ({"id": "C:\\models\\tiny.gguf"}, "tiny.gguf"),
        ({"id": "models/7B/tiny.gguf"}, "tiny.gguf"),
        ({"id": "../tiny", "aliases": []}, "tiny"),
        ({"id": "/srv/tiny.gguf", "aliases": ["/srv/x", 3, "", "tiny"]}, "tiny"),
        ({"id": "ggml-org/gemma-3-4b-it-GGUF:Q4_K_M"}, "ggml-org/gemma-3-4b-it-GGUF:Q4_K_M"),
        ({"id": "tiny.gguf"}, "tiny.gguf"),
    ],
)
async def test_llama_cpp_may_call_a_model_by_its_file_and_we_by_its_name(
    models_of: Any, entry: dict[str, Any], name: str
) -> None:
    listed = {"data": [entry | {"owned_by": "llamacpp", "meta": {"n_ctx": 1}}]}
    assert list(await models_of("llamacpp", {"/v1/models": listed})) == [name]


@pytest.mark.parametrize(
    ("path", "kept"),
    [("/", ""), ("/a/", "a"), ("file:///a/b", "b"), ("~/m", "m"), (3, 3), (None, None)],
)
def test_of_a_path_stays_what_it_ends_in(path: object, kept: object) -> None:
    assert without_directories(path) == kept


@pytest.mark.parametrize("name", ["a", "a/b", "a/b:c", "a.gguf", "hf.co/a/b:Q4", "", 3])
def test_names_of_models_are_no_paths(name: object) -> None:
    assert not is_path(name)


@pytest.mark.parametrize(
    ("count", "written"),
    [
        (168_000, "168K"),
        (8_190_735_360, "8.2B"),
        (136_727_040, "137M"),
        (7_000_000_000, "7B"),
        (999_600, "1M"),
        (999_960_000_000, "1T"),
        (1_026_408_232_448, "1T"),
        (17, "17"),
        (8_190_735_360.0, "8.2B"),
        *((unfit, None) for unfit in (0, -1, True, "8B", None, 2**60, float("nan"))),
    ],
)
def test_a_count_of_parameters_is_written_as_people_read_it(count: object, written: object) -> None:
    assert parameter_size(count) == written


@pytest.mark.parametrize(
    ("ftype", "level"),
    [
        ("all F32", "F32"),
        ("Q4_K - Medium", "Q4_K_M"),
        ("Q3_K - Small", "Q3_K_S"),
        ("(guessed) Q8_0", "Q8_0"),
        ("mostly Q5_K - Large", "Q5_K_L"),
        ("IQ4_NL - 4.5 bpw", "IQ4_NL"),
        ("TQ1_0 - 1.69 bpw ternary", "TQ1_0"),
        ("MXFP4 MoE", "MXFP4"),
        ("BF16", "BF16"),
        *((unfit, None) for unfit in ("unknown, may not work", "", "/etc/passwd", 3, None, "Q")),
        ("Q4_0" + "x" * 100, None),
    ],
)
def test_a_file_type_is_read_as_others_write_it(ftype: object, level: object) -> None:
    assert quantization_level(ftype) == level


async def test_lm_studio_by_its_newest_list(models_of: Any) -> None:
    gpt, gemma, nomic = (await models_of("lmstudio")).values()
    assert gpt.id == "openai/gpt-oss-20b"
    assert gpt.extras.name == "GPT-OSS 20B"
    assert gpt.details == Details(
        size="12GB",
        family="gpt-oss",
        parameter_size="20B",
        quantization_level="MXFP4",
        format="gguf",
        context_length=131072,
    )
    assert gpt.capabilities == {
        "completion": True,
        "vision": False,
        "embedding": False,
        "tools": True,
        "thinking": True,
    }
    assert (gpt.loaded, gpt.residence) == (Loaded(context_length=8192), Residence.LOADED)
    assert gemma.capabilities["vision"] is True
    assert "thinking" not in gemma.capabilities
    assert (gemma.loaded, gemma.residence) == (False, Residence.UNLOADED)
    assert nomic.capabilities == {"completion": False, "vision": False, "embedding": True}


async def test_lm_studio_by_its_older_list(models_of: Any) -> None:
    answers = answers_of("lmstudio") | {"/api/v1/models": UNKNOWN_TO_LM_STUDIO}
    vlm, nomic = (await models_of("lmstudio", answers)).values()
    assert vlm.details == Details(
        family="qwen2_vl", quantization_level="4bit", format="mlx", context_length=32768
    )
    assert vlm.capabilities == {"completion": True, "vision": True, "embedding": False}
    assert (vlm.loaded, vlm.residence) == (False, Residence.UNLOADED)
    assert nomic.capabilities == {"completion": False, "vision": False, "embedding": True}
    assert (nomic.loaded, nomic.residence) == (Loaded(), Residence.LOADED)


@pytest.mark.parametrize(
    ("said", "tools"), [(["tool_use"], True), ([], False), (None, None), ("tool_use", None)]
)
async def test_lm_studio_may_say_nothing_of_tools(
    models_of: Any, said: object, tools: object
) -> None:
    entry = {"id": "a", "type": "llm", "state": "loaded", "capabilities": said}
    entry |= {"loaded_context_length": 4096}
    answers = {"/api/v0/models": {"data": [entry]}}
    (model,) = (await models_of("lmstudio", answers)).values()
    assert model.capabilities.get("tools") is tools
    assert model.loaded == Loaded(context_length=4096)


async def test_lm_studio_by_the_list_of_openai(models_of: Any) -> None:
    answers = {"/v1/models": fixture("lmstudio/models.json")}
    answers |= dict.fromkeys(("/api/v1/models", "/api/v0/models"), UNKNOWN_TO_LM_STUDIO)
    first, _ = (await models_of("lmstudio", answers)).values()
    assert (first.id, first.capabilities, first.loaded) == ("qwen2.5-7b-instruct", {}, None)


async def test_tgi(models_of: Any) -> None:
    (model,) = (await models_of("tgi")).values()
    assert (model.id, model.created) == ("bigscience/bloom-560m", 0)
    assert model.details.context_length == 2048
    assert model.loaded == Loaded(context_length=2048)
    assert model.capabilities == {"completion": True, "vision": False, "embedding": False}


@pytest.mark.parametrize(
    ("info", "context", "vision"),
    [
        ({"model_pipeline_tag": "image-text-to-text", "max_input_tokens": 7}, 7, True),
        ({"model_pipeline_tag": ["text-generation"]}, None, None),
        ({"model_pipeline_tag": "new-thing", "max_total_tokens": 0}, None, None),
        (["no info"], None, None),
    ],
)
async def test_tgi_tells_what_it_knows(
    models_of: Any, info: Any, context: object, vision: object
) -> None:
    (model,) = (await models_of("tgi", answers_of("tgi") | {"/info": info})).values()
    assert model.details.context_length == context
    assert model.capabilities.get("vision") is vision


async def test_tgi_may_be_given_a_folder(models_of: Any) -> None:
    listed = {"data": [{"id": "/data/bloom", "created": 0, "owned_by": "/data/bloom"}]}
    assert list(await models_of("tgi", {"/v1/models": listed})) == ["bloom"]


async def test_localai(models_of: Any) -> None:
    phi, whisper, diffusion = (await models_of("localai")).values()
    assert phi.capabilities == {"completion": True, "vision": True, "embedding": False}
    assert phi.extras.input_modalities == ("image", "text")
    assert whisper.capabilities["audio"] is True
    assert whisper.capabilities["completion"] is False
    assert diffusion.capabilities["image"] is True
    assert "tools" not in phi.capabilities
    assert phi.provenance["capabilities.vision"] is Source.DECLARED


@pytest.mark.parametrize(
    "told", [Status(404), {"data": {"phi-4": ["chat"]}}, {"data": [{"id": ["phi-4"]}]}, "x"]
)
async def test_localai_before_it_told_capabilities(models_of: Any, told: Any) -> None:
    answers = answers_of("localai") | {"/v1/models/capabilities": told}
    models = (await models_of("localai", answers)).values()
    assert [model.capabilities for model in models] == [{}, {}, {}]


async def test_litellm_gives_all_models_one_date_and_we_none(models_of: Any) -> None:
    models = await models_of("litellm")
    assert [(model.id, model.created) for model in models.values()] == [
        ("gpt-local", 0),
        ("claude-local", 0),
    ]


async def test_ollama_keeps_when_a_model_was_changed(models_of: Any) -> None:
    models = await models_of("ollama")
    assert models["qwen3:8b"].created == 1787154051
    assert models["qwen3:8b"].provenance["created"] is Source.DECLARED
    assert models["registry.internal.example/team_a/phi4.custom:14b-q8_0"].created == 0


@pytest.mark.parametrize("name", ["ollama", "generic", "vllm", "localai", "lmstudio"])
async def test_null_is_a_list_of_no_models(models_of: Any, name: str) -> None:
    assert await models_of(name, {"/v1/models": {"object": "list", "data": None}}) == {}


async def test_strangers_write_their_lists_as_they_like(models_of: Any) -> None:
    listed = [{"id": "a", "x": {"y": 1}}, {"name": "b"}, {"id": "", "name": "c"}, 3, {"id": 7}]
    models = await models_of("generic", {"/v1/models": listed})
    assert list(models) == ["a", "b", "c"]


class TestSideDocuments:
    """What is told beside the list is kept through hiccups, and gone where the server says so."""

    @pytest.mark.parametrize("hiccup", [Status(503), Hang(), b"<html>", Status(429)])
    async def test_a_hiccup_makes_nothing_unknown_again(
        self, upstream_of: MakeWatched, compatible: MakeCompatible, hiccup: Any
    ) -> None:
        upstream = await upstream_of(answers_of("tgi"))
        integration = compatible(upstream, engine="tgi", timeout=0.4)
        first = await integration.refresh()
        upstream.answers["/info"] = hiccup
        assert await integration.refresh() is first

    @pytest.mark.parametrize("gone", [Status(404), Status(401), Status(405)])
    async def test_what_is_no_longer_told_is_no_longer_known(
        self, upstream_of: MakeWatched, compatible: MakeCompatible, gone: Any
    ) -> None:
        upstream = await upstream_of(answers_of("tgi"))
        integration = compatible(upstream, engine="tgi")
        await integration.refresh()
        upstream.answers["/info"] = gone
        (model,) = (await integration.refresh()).models
        assert model.details.context_length is None

    async def test_a_better_list_that_stumbles_is_a_failure_and_no_loss_of_facts(
        self, upstream_of: MakeWatched, compatible: MakeCompatible
    ) -> None:
        answers = answers_of("lmstudio")
        answers["/api/v1/models"] = InTurn(answers["/api/v1/models"], Status(503))
        integration = compatible(await upstream_of(answers), engine="lmstudio")
        await integration.refresh()
        with pytest.raises(BadAnswerError) as caught:
            await integration.refresh()
        assert caught.value.reason is Reason.HTTP_5XX


class TestUnchanged:
    """The same bytes are not read again."""

    @pytest.mark.parametrize("name", BACKENDS)
    async def test_the_same_answers_give_the_very_same_refresh(
        self,
        upstream_of: MakeWatched,
        compatible: MakeCompatible,
        name: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        upstream = await upstream_of(answers_of(name))
        integration = compatible(upstream, BACKENDS[name].base)
        first = await integration.refresh()

        def read_again(*_: object) -> Any:
            raise AssertionError("nothing changed, and yet it was read again")

        assert integration.engine is not None
        same = replace(integration.engine, read=read_again, enrich=read_again)
        monkeypatch.setattr(integration, "engine", same)
        monkeypatch.setattr(Refresh, "__init__", read_again)
        for _ in range(3):
            assert await integration.refresh() is first

    async def test_a_changed_side_document_is_seen(
        self, upstream_of: MakeWatched, compatible: MakeCompatible
    ) -> None:
        upstream = await upstream_of(answers_of("llamacpp"))
        integration = compatible(upstream)
        first = await integration.refresh()
        upstream.answers["/props"]["is_sleeping"] = True
        second = await integration.refresh()
        assert second is not first
        assert second.models[0].residence is Residence.SLEEPING
