"""Whatever a server sends: an error of ours or sound models, and what is printed is strict JSON."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.core.canonical import (
    ID_CEILING,
    MODELS_CEILING,
    TEXT_CEILING,
    Canonical,
    canonical_list,
    model_from,
)
from service.core.catalogue import Rules
from service.core.edition import Edition, print_edition
from service.core.model import Model
from service.core.moment import Moment
from service.core.reading import Answer, Reading, advance
from service.core.snapshot import Snapshot
from service.integrations import BadAnswerError, IntegrationError
from service.integrations.decoding import decoded
from service.integrations.engines import ENGINES, Engine
from service.integrations.engines.openai_list import ENTRIES_CEILING, entries_of
from service.integrations.engines.recognition import has_moved, signs_of
from service.integrations.ollama_parsing import (
    loaded_from_ps,
    models_from_tags,
    shown_from,
    with_shown,
)
from tests.core.building import NOW
from tests.integrations.engines.backends import BACKENDS, ROUTER

FORBIDDEN = {*map(chr, range(0x20)), *"\x7f\x85\u200b\u200e\u202a\u202e\u2066\u2069\ufeff"}
"""Some of the characters that none of our texts may hold."""

nasty = st.one_of(
    st.sampled_from(
        ["", " ", "\x00", "a\u202eb", "\ud800", "a\nb", "..", "/etc/passwd", "🙂", "é"]
    ),
    st.text(st.characters(exclude_categories=()), max_size=12),
    st.text(st.characters(), min_size=ID_CEILING - 1, max_size=ID_CEILING + 1),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    nasty,
    st.sampled_from(
        [-62135596800, 2**53, 2**63, 1e300, "2026-01-01T00:00:00Z", "0001-01-01T00:00Z"]
    ),
)
junk = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(nasty, inner, max_size=3)),
    max_leaves=8,
)


def names_in(value: Any) -> set[str]:
    """Collect the names that recorded answers use at any level: those that parsers look for."""
    if isinstance(value, list):
        return {name for item in value for name in names_in(item)}
    if not isinstance(value, dict):
        return set()
    return set(value) | {name for item in value.values() for name in names_in(item)}


RECORDED = [
    answer for backend in (*BACKENDS.values(), ROUTER) for answer in backend.answers.values()
]
NAMES = sorted({name for answer in RECORDED for name in names_in(answer)} | {"model", "digest"})
SAID = ["vllm", "llamacpp", "loaded", "sleeping", "llm", "vlm", "tool_use", "text", "image", "chat"]

likely = st.one_of(junk, st.sampled_from(SAID), st.lists(st.sampled_from(SAID), max_size=3))
entries = st.dictionaries(st.sampled_from(NAMES), likely, max_size=8)
nested = st.dictionaries(st.sampled_from(NAMES), st.one_of(likely, entries), max_size=8)
named = st.builds(
    lambda entry, name: {**entry, "id": name, "key": name, "name": name}, nested, nasty
)
lists = st.lists(st.one_of(junk, nested, named), max_size=6)
documents = st.one_of(
    junk,
    lists,
    nested,
    st.builds(lambda listed, more: {**more, "data": listed}, lists, entries),
    st.builds(lambda listed, more: {**more, "models": listed}, lists, entries),
)


def printed(checked: Canonical) -> list[dict[str, Any]]:
    """Print a catalogue of what was read, and give it as a strict reader takes it."""
    outcome = Answer(models=checked.models, latency=0.1, dropped=checked.dropped)
    reading = advance(Reading(name="hostile"), outcome, now=NOW)
    edition = print_edition(
        Snapshot().with_reading(reading),
        rules=Rules(),
        now=Moment(mono=NOW.mono + 1, wall=NOW.wall + 1),
        warm=True,
        before=Edition(),
    )
    for model_id in itertools.islice(edition.printed, 8):
        page = edition.detail(model_id)
        assert page is not None
        strict(page.identity.body)
    strict(edition.health.identity.body)
    return list(strict(edition.models.identity.body)["data"])


def strict(body: bytes) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(body.decode("utf-8", "strict"), parse_constant=refuse)


def texts_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(text for item in value.values() for text in texts_in(item))]
    if isinstance(value, list):
        return [text for item in value for text in texts_in(item)]
    return [value] if isinstance(value, str) else []


def assert_sound(checked: Canonical) -> None:
    """Hold what was read to all that is promised of what is printed."""
    assert len(checked.models) <= MODELS_CEILING
    listed = printed(checked)
    ids = [entry["id"] for entry in listed]
    assert sorted(ids) == sorted({model.id for model in checked.models})
    assert len(set(ids)) == len(ids)
    for entry in listed:
        assert type(entry["created"]) is int
        assert 0 <= entry["created"] < 2**53
        assert 0 < len(entry["id"]) <= ID_CEILING
        assert {type(has) for has in entry["capabilities"].values()} <= {bool, type(None)}
        for text in texts_in(entry):
            assert len(text) <= max(ID_CEILING, TEXT_CEILING)
            assert not FORBIDDEN & set(text)
            assert text.encode("utf-8")


Read = Callable[[Any, Any], Canonical]


def by_engine(engine: Engine) -> Read:
    """Do all that is done with the answers of a server of ``engine``."""

    def read(listed: Any, told: Any) -> Canonical:
        signs = signs_of(listed, "")
        for other in ENGINES.values():
            assert other.recognise(signs) in (True, False, None)
            assert all(holds(told) in (True, False) for _, holds in other.signs)
        assert has_moved(engine, signs) in (True, False)
        names = [names[0] for names in engine.beside(listed)]
        checked = engine.read(listed)
        if engine.next_page is not None:
            query = engine.next_page(listed)
            assert query is None or all(isinstance(value, str) for value in query.values())
        if engine.enrich is None:
            return checked
        models = engine.enrich(checked.models, dict.fromkeys(names, told))
        assert [model.id for model in models] == [model.id for model in checked.models]
        return Canonical(models=models, dropped=checked.dropped)

    return read


def by_ollama(listed: Any, told: Any) -> Canonical:
    checked = models_from_tags(listed)
    held = loaded_from_ps(told) or {}
    shown = shown_from(told, version="0.12.6")
    models = [with_shown(model, shown) for model in checked.models]
    assert all(isinstance(name, str) for name in held)
    return Canonical(models=tuple(models), dropped=checked.dropped)


def by_our_own_form(listed: Any, _: Any) -> Canonical:
    return canonical_list(model_from(entry) for entry in entries_of(listed))


READERS: dict[str, Read] = {
    **{name: by_engine(engine) for name, engine in ENGINES.items()},
    "ollama's own": by_ollama,
    "our own": by_our_own_form,
}


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(listed=documents, told=documents)
def test_whatever_is_listed_is_an_error_of_ours_or_sound(
    reader: str, listed: Any, told: Any
) -> None:
    try:
        checked = READERS[reader](listed, told)
    except IntegrationError:
        return
    assert_sound(checked)


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spoiled=named, told=documents, at=st.integers(0, 2))
def test_one_bad_entry_takes_nothing_good_with_it(
    reader: str, spoiled: Any, told: Any, at: int
) -> None:
    good = [{"id": f"good-{n}", "name": f"good-{n}", "key": f"good-{n}"} for n in range(2)]
    listed = [*good[:at], {**spoiled, "meta": {}}, *good[at:]]
    key = "models" if reader == "ollama's own" else "data"
    try:
        checked = READERS[reader]({key: listed}, told if isinstance(told, dict) else {})
    except IntegrationError as error:
        pytest.fail(f"all was lost: {error.reason}")
    assert {"good-0", "good-1"} <= {model.id for model in checked.models}


BYTES = {
    "no json": b"<html>",
    "nothing": b"",
    "a NaN": b'{"data": [{"id": "a", "created": NaN}, {"id": "b"}]}',
    "an infinity": b'{"data": [{"id": "a", "created": 1e400}, {"id": "b"}]}',
    "a number of 5000 digits": b'{"data": [{"id": "a", "created": ' + b"9" * 5000 + b"}]}",
    "nested 100,000 deep": b'{"data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "nested in an entry": b'{"data": [{"id": "a", "meta": ' + b"[" * 900 + b"]" * 900 + b"}]}",
    "a lone surrogate": b'{"data": [{"id": "\\ud800"}, {"id": "b", "owned_by": "\\udfff"}]}',
    "a NUL": b'{"data": [{"id": "a\\u0000"}, {"id": "b"}]}',
    "text that turns round": '{"data": [{"id": "a\u202ecod.exe"}, {"id": "b"}]}'.encode(),
    "duplicates": b'{"data": [{"id": "a", "created": 5}, {"id": "a", "created": 7}]}',
    "duplicate keys": b'{"data": [], "data": [{"id": "a"}]}',
    "bytes that are no UTF-8": b'{"data": [{"id": "\xff\xfe"}]}',
    "a mark of byte order": b'\xef\xbb\xbf{"data": [{"id": "a"}]}',
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("body", BYTES.values(), ids=BYTES)
def test_known_tricks_are_refused_or_made_harmless(body: bytes, engine: str) -> None:
    try:
        checked = ENGINES[engine].read(decoded(body))
    except BadAnswerError:
        return
    assert_sound(checked)
    assert not {"a\x00", "\ud800"} & {model.id for model in checked.models}


def of(engine: str, names: list[str]) -> dict[str, Any]:
    """Make a list of these; entries of Gemini have a ``name`` and no ``id``."""
    key = "name" if engine == "gemini" else "id"
    return {"data": [{key: name, "created": 5} for name in names]}


@pytest.mark.parametrize("engine", ENGINES)
def test_100_000_models_are_cut_off_at_the_limit(engine: str) -> None:
    checked = ENGINES[engine].read(of(engine, [f"model-{number}" for number in range(100_000)]))
    assert len(checked.models) == MODELS_CEILING
    assert checked.truncated


def test_as_many_as_that_can_be_printed() -> None:
    checked = ENGINES["generic"].read(of("generic", [f"m{number}" for number in range(100_000)]))
    assert len(printed(checked)) == MODELS_CEILING


@pytest.mark.parametrize("engine", ENGINES)
def test_100_000_times_the_same_is_one(engine: str) -> None:
    checked = ENGINES[engine].read(of(engine, ["same"] * 100_000))
    assert [model.id for model in checked.models] == ["same"]
    assert (checked.dropped, checked.truncated) == (ENTRIES_CEILING - 1, True)


@pytest.mark.parametrize("engine", ENGINES)
def test_one_more_of_the_same_is_dropped_and_counted_and_the_list_is_whole(engine: str) -> None:
    checked = ENGINES[engine].read(of(engine, ["same", "other", "same"]))
    assert [model.id for model in checked.models] == ["same", "other"]
    assert (checked.dropped, checked.truncated) == (1, False)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_id_of_a_megabyte_is_dropped_and_counted(engine: str) -> None:
    checked = ENGINES[engine].read(of(engine, ["x" * 1_000_000, "/" * 1_000_000, "good"]))
    assert [model.id for model in checked.models] == ["good"]
    assert checked.dropped == 2
    with pytest.raises(BadAnswerError):
        ENGINES[engine].read(of(engine, ["x" * 1_000_000]))


def test_ollama_s_own_list_has_the_same_limits() -> None:
    many = models_from_tags({"models": [{"name": f"m{number}"} for number in range(100_000)]})
    assert (len(many.models), many.truncated) == (MODELS_CEILING, True)
    long = models_from_tags({"models": [{"name": "x" * 1_000_000}, {"name": "good"}]})
    assert [model.id for model in long.models] == ["good"]


def test_these_tests_do_reach_sound_models() -> None:
    """Else nothing but errors might have been looked at."""
    for name, backend in BACKENDS.items():
        read = by_engine(ENGINES[name])
        told = list(backend.answers.values())[-1]
        checked = read(backend.answers[backend.listed], told)
        assert checked.models
        assert all(isinstance(model, Model) for model in checked.models)
        assert_sound(checked)
