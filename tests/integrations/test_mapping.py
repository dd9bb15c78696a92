"""``map``: any JSON over HTTP becomes a list of models, and only what is there is known."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.canonical import text
from service.core.model import Model, Source
from service.core.paths import followed, steps_of
from service.core.printing import model_document
from service.core.reasons import Reason
from service.integrations import BadAnswerError, OpenAICompatibleIntegration
from service.integrations.mapping import engine_from
from service.settings import FactName, OpenAICompatibleSettings
from tests.fakes import FakeUpstream, Status

HOUSE = {
    "result": {
        "items": [
            {
                "model_name": "house:7b",
                "title": "House 7B",
                "created_at": "2026-01-02T03:04:05Z",
                "limits": [{"ctx": "8192", "out": 1024}],
                "bytes": 5_000_000_000,
                "features": {"tool.use": True, "sees": False},
                "can": ["completion", "chat"],
            },
            {"model_name": "house:1b", "created_at": 1755671816.5, "limits": []},
            {"title": "of no name"},
        ]
    }
}
MAP: dict[FactName, str] = {
    "list": "result.items",
    "id": "model_name",
    "name": "title",
    "created": "created_at",
    "context_length": "limits.0.ctx",
    "max_output_tokens": "limits.0.out",
    "size": "bytes",
    "tools": r"features.tool\.use",
    "vision": "features.sees",
    "thinking": "features.thinks",
    "capabilities": "can",
}
Make = Callable[..., Awaitable[OpenAICompatibleIntegration]]


def read(document: Any, **said: str) -> list[Model]:
    """Read a document by a map; ``id_`` stands for ``id``."""
    paths: Any = {fact.removesuffix("_"): path for fact, path in said.items()}
    return list(engine_from(paths).read(document).models)


def refused(document: Any, **said: str) -> Reason:
    with pytest.raises(BadAnswerError) as caught:
        read(document, **said)
    return caught.value.reason


@pytest.fixture
async def upstream() -> AsyncIterator[FakeUpstream]:
    async with FakeUpstream({"/api/list": HOUSE}) as opened:
        yield opened


@pytest.fixture
async def configured(upstream: FakeUpstream) -> AsyncIterator[Make]:
    """Give a maker of integrations out of settings; all are closed at the end."""
    async with AsyncExitStack() as opened:

        async def make(path: str = "/api/list", **more: Any) -> OpenAICompatibleIntegration:
            given = {"name": "a", "type": "openai-compatible", "base_url": upstream.url + path}
            settings = OpenAICompatibleSettings.model_validate(given | {"map": MAP} | more)
            made = OpenAICompatibleIntegration.configured(settings, timeout=2.0)
            return await opened.enter_async_context(made)

        yield make


async def test_facts_are_found_where_the_map_says(configured: Make) -> None:
    refreshed = await (await configured()).refresh()
    first, second = refreshed.models
    assert refreshed.dropped == 1
    assert (first.id, first.extras.name, first.created) == ("house:7b", "House 7B", 1767323045)
    assert (first.details.size, first.details.context_length) == ("5GB", 8192)
    assert first.extras.max_output_tokens == 1024
    assert first.capabilities == {"completion": True, "tools": True, "vision": False}
    assert (second.id, second.created) == ("house:1b", 1755671816)
    assert second.details.context_length is None
    assert second.capabilities == {}
    assert second.extras.name is None


async def test_every_fact_is_declared_by_the_server(configured: Make) -> None:
    first, second = (await (await configured()).refresh()).models
    assert set(first.provenance.values()) == {Source.DECLARED}
    assert {"created", "details.size", "name", "capabilities.tools"} <= set(first.provenance)
    assert set(second.provenance) == {"created"}


@pytest.mark.parametrize("path", ["/api/list", "/api/list/", "/v1", "/"])
async def test_the_url_is_asked_as_it_stands_and_nothing_else_is(
    upstream: FakeUpstream, configured: Make, path: str
) -> None:
    upstream.answers = {path: HOUSE}
    await (await configured(path)).refresh()
    assert [(item.method, item.path) for item in upstream.requests] == [("GET", path)]


async def test_the_key_goes_with_it(
    upstream: FakeUpstream, configured: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSE_KEY", "hush")
    await (await configured(api_key_env="HOUSE_KEY")).refresh()
    assert upstream.requests[0].headers["authorization"] == "Bearer hush"


@pytest.mark.parametrize("status", [401, 403])
async def test_a_rejected_key_is_told_as_everywhere(
    upstream: FakeUpstream, configured: Make, status: int
) -> None:
    upstream.answers = {"/api/list": Status(status)}
    integration = await configured()
    with pytest.raises(BadAnswerError) as caught:
        await integration.refresh()
    assert caught.value.reason is Reason.UNAUTHORIZED


@pytest.mark.parametrize(
    "document",
    [{"data": [{"id": "a"}]}, {"models": [{"name": "a"}]}, [{"id": "a"}], ["a"], {"data": ["a"]}],
)
def test_without_list_and_id_they_are_looked_for_in_the_usual_places(document: Any) -> None:
    assert [model.id for model in read(document, created="at")] == ["a"]


@pytest.mark.parametrize("empty", [{"rows": []}, {"rows": None}])
def test_an_empty_list_is_one(empty: Any) -> None:
    assert read(empty, list="rows") == []


@pytest.mark.parametrize(
    "document",
    [
        *({}, {"row": []}, {"rows": {}}, {"rows": "a"}, {"rows": 3}, None, "rows", 3, []),
        *({"rows": [{}]}, {"rows": [{"id": 3}]}, {"rows": [None, [], 7]}, {"rows": ["\x00"]}),
    ],
    ids=str,
)
def test_a_list_that_is_not_where_it_should_be_is_bad_and_not_empty(document: Any) -> None:
    assert refused(document, list="rows") is Reason.BAD_BODY


def test_rows_may_be_lists_themselves() -> None:
    (model,) = read({"rows": [["a", 4096]]}, list="rows", id_="0", context_length="1")
    assert (model.id, model.details.context_length) == ("a", 4096)


@pytest.mark.parametrize(
    ("said", "known"),
    [
        *((8192, 8192), ("8192", 8192), (" 8192 ", 8192), (8192.0, 8192)),
        *((None, None), ("8k", None), (-1, None), (0, None), ("9" * 5000, None), ([], None)),
        *((float("nan"), None), (float("inf"), None), (1e400, None), (True, None)),
    ],
)
def test_a_number_is_one_or_unknown(said: object, known: int | None) -> None:
    (model,) = read([{"id": "a", "n": said}], context_length="n")
    assert model.details.context_length == known


@pytest.mark.parametrize(
    ("said", "known"),
    [
        (["tools", "chat"], {"tools": True}),
        ({"tools": False, "vision": "yes", "chat": True}, {"tools": False}),
        *(([], {}), ({}, {}), ("tools", {}), (None, {}), ([["tools"]], {}), ([{"tools": 1}], {})),
    ],
)
def test_what_a_list_of_capabilities_leaves_out_is_unknown(
    said: object, known: dict[str, bool]
) -> None:
    (model,) = read([{"id": "a", "can": said}], capabilities="can")
    assert model.capabilities == known


def test_one_capability_by_itself_is_more_than_the_list() -> None:
    entry = {"id": "a", "can": ["tools", "vision"], "calls": False}
    (model,) = read([entry], capabilities="can", tools="calls")
    assert model.capabilities == {"tools": False, "vision": True}


FAKE: dict[str, object] = {
    "created": 7,
    "context_length": 7,
    "max_output_tokens": 7,
    "size": 7_000_000_000,
    "digest": "0123456789ab",
    "capabilities": ["tools"],
    "input_modalities": ["text"],
    "output_modalities": ["text"],
    "deprecated_at": "2026-01-02T03:04:05Z",
    "shutdown_date": "2026-01-02",
    **dict.fromkeys(("completion", "tools", "vision", "thinking", "embedding", "insert"), True),
    **dict.fromkeys(("image", "audio"), True),
}


@pytest.mark.parametrize("fact", sorted(set(get_args(FactName)) - {"list", "id"}))
def test_every_fact_that_the_settings_take_has_an_effect(fact: FactName) -> None:
    entry = {"id": "a", "there": FAKE.get(fact, "words")}
    [plain], [mapped] = read([entry]), read([entry], **{fact: "there"})
    assert plain == Model(id="a")
    assert model_document(mapped, owned_by="x") != model_document(plain, owned_by="x")


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("a", ("a",)),
        ("a.b.0", ("a", "b", "0")),
        (r"a\.b.c", ("a.b", "c")),
        (r"a\\.b", ("a\\", "b")),
        ("a b.c-d/é", ("a b", "c-d/é")),
    ],
)
def test_a_path_is_taken_apart_at_its_dots(path: str, steps: tuple[str, ...]) -> None:
    assert steps_of(path) == steps


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", "\\", r"a\x", "a\\"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="no path"):
        steps_of(path)


@given(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=5))
def test_any_keys_can_be_written_as_a_path(keys: list[str]) -> None:
    path = ".".join(key.replace("\\", r"\\").replace(".", r"\.") for key in keys)
    assert steps_of(path) == tuple(keys)
    document: Any = 7
    for key in reversed(keys):
        document = {key: document}
    assert followed(document, steps_of(path)) == 7


JSON = st.recursive(
    st.one_of(
        *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4)),
        st.sampled_from(["tools", "2026-01-02", "8.4GB", 10**400, "\ud800", "a\u202eb"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["a", "b", "id", "name", "rows"]), inner, max_size=4),
    ),
    max_leaves=25,
)
PATHS = st.sampled_from(["a", "b", "a.b", "rows", "rows.0", "0", "a.0.b", "id", "name"])


@given(JSON, st.dictionaries(st.sampled_from(get_args(FactName)), PATHS, min_size=1))
def test_whatever_is_answered_is_read_strictly_or_refused(
    document: Any, said: dict[FactName, str]
) -> None:
    try:
        models = engine_from(said).read(document).models
    except BadAnswerError:
        return
    for model in models:
        printed = json.dumps(model_document(model, owned_by="x"), allow_nan=False)
        printed.encode()
        assert text(model.id, ceiling=256) == model.id
        assert isinstance(model.created, int)
        assert set(model.capabilities.values()) <= {True, False}
