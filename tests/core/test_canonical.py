"""Nothing from upstream passes as it came: what any value at all is turned into."""

import json
import math
import unicodedata
from collections.abc import Mapping
from itertools import count
from typing import Any, Final

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.canonical import (
    ID_CEILING,
    MODELS_CEILING,
    TEXT_CEILING,
    canonical_list,
    details_from,
    digest,
    integer,
    model_from,
    text,
    unix_seconds,
)
from service.core.model import ALL_CAPABILITIES, Details, Model, Source
from service.core.printing import dump, model_document

BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
AWKWARD: Final = (
    *("\ud800", "a\udfffb", "\x00", "a\nb", "\u202egpj.exe", "\ufeffx", "  x  ", "", " "),
    *("declared", "sha256:" + "ab" * 32, "2025-08-20T06:36:56Z", "0001-01-01T00:00:00Z"),
    *("8.4 GB", "x" * 257, "true", "tools", "\u200bx"),
)

strings = st.text(st.characters(), max_size=300) | st.sampled_from(AWKWARD)
numbers = (
    st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from([math.nan, math.inf, -0.0, 1e400, 2**53, 2**53 - 1, 10**4000])
)
scalars = st.none() | st.booleans() | numbers | strings
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(strings, inner, max_size=4),
    max_leaves=12,
)
told: Mapping[str, st.SearchStrategy[Any]] = {
    "id": strings | anything,
    "created": anything,
    "digest": anything,
    "supports_tools": anything,
    "capabilities": anything
    | st.lists(st.sampled_from(ALL_CAPABILITIES) | anything, max_size=5)
    | st.dictionaries(st.sampled_from(ALL_CAPABILITIES), st.booleans() | anything),
    "details": anything
    | st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            (
                *("size", "family", "parameter_size", "quantization_level"),
                *("format", "context_length"),
            ),
            anything,
        ),
    ),
}
entries = st.fixed_dictionaries({}, optional=dict(told)) | anything


def is_clean(value: str) -> bool:
    """Say whether ``value`` holds nothing that hides, reorders or breaks text."""
    return not any(
        unicodedata.category(letter) in ("Cc", "Cs") or letter in BIDI for letter in value
    )


def check(model: Model) -> None:
    """Hold a model against everything that is promised of one."""
    printed = dump(model_document(model, owned_by="a"))
    document = json.loads(printed.decode("utf-8"), parse_constant=pytest.fail)
    assert document == orjson.loads(printed)
    assert 1 <= len(model.id) <= ID_CEILING
    assert type(model.created) is int
    assert 0 <= model.created < 2**53
    texts = [model.id, *(v for v in document["details"].values() if isinstance(v, str))]
    assert all(map(is_clean, texts)), texts
    assert all(len(value) <= ID_CEILING for value in texts)
    assert set(model.capabilities) <= set(ALL_CAPABILITIES)
    assert all(type(value) is bool for value in model.capabilities.values())
    length = model.details.context_length
    assert length is None or 1 <= length < 2**53
    assert all(isinstance(source, Source) for source in model.provenance.values())


@given(entries)
@settings(max_examples=200)
def test_any_entry_at_all_becomes_a_clean_model_or_none(entry: object) -> None:
    model = model_from(entry)
    if model is not None:
        check(model)


@given(st.lists(entries, max_size=12))
def test_any_list_at_all_becomes_one_of_unique_ids_with_every_loss_counted(
    listed: list[object],
) -> None:
    found = canonical_list(map(model_from, listed))
    kept = [model.id for model in found.models]
    assert len(kept) == len(set(kept))
    assert len(kept) + found.dropped == len(listed)
    assert not found.truncated
    orjson.dumps([model_document(model, owned_by="a") for model in found.models])


@given(anything)
def test_the_small_readers_never_raise_and_stay_in_range(value: object) -> None:
    said = text(value)
    assert said is None or (0 < len(said) <= TEXT_CEILING and is_clean(said))
    number = integer(value)
    assert number is None or (type(number) is int and 0 <= number < 2**53)
    assert 0 <= unix_seconds(value) < 2**53
    known = digest(value)
    assert known is None or set(known) <= set("0123456789abcdef")


@given(strings, anything)
def test_details_of_anything_are_known_by_name_or_not_at_all(name: str, said: object) -> None:
    details, sources = details_from(name, said)
    known = {
        f"details.{key}"
        for key in Details.__dataclass_fields__
        if getattr(details, key) not in (None, "unknown")
    }
    assert set(sources) == known


@given(st.text("0123456789TZ:+-. W,\u0664", max_size=40))
def test_no_text_in_the_form_of_a_time_raises(value: str) -> None:
    assert 0 <= unix_seconds(value) < 2**53


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2025-08-20T06:36:56Z", 1755671816),
        *((f"2025-08-20T06:36:56.{'987654321'[:digits]}Z", 1755671816) for digits in range(1, 10)),
        ("2025-08-20T06:36:56.123456789012Z", 1755671816),
        ("2025-08-20T08:36:56+02:00", 1755671816),
        ("2025-08-20T08:36:56.987654321+02:00", 1755671816),
        ("2025-08-19T23:06:56.1-07:30", 1755671816),
        ("2025-08-20T06:36:56+00:00", 1755671816),
        ("2025-08-20T06:36:56", 1755671816),
        ("1970-01-01T00:00:00Z", 0),
        ("0001-01-01T00:00:00Z", 0),
        ("0001-01-01T00:00:00+14:00", 0),
        ("9999-12-31T23:59:59-14:00", 253402351199),
        ("1969-12-31T23:59:59Z", 0),
        ("2025-08-20T25:36:56Z", 0),
        ("2025-13-20T06:36:56Z", 0),
        ("yesterday", 0),
        ("", 0),
        ("\ud800", 0),
        ("2025-08-20T06:36:56." + "1" * 5000 + "Z", 0),
        (1755671816, 1755671816),
        (1755671816.0, 1755671816),
        (1755671816.5, 0),
        (0, 0),
        (-62135596800, 0),
        (2**53, 0),
        (math.nan, 0),
        (True, 0),
        (None, 0),
        ([], 0),
    ],
)
def test_times_are_read_to_the_second(value: object, seconds: int) -> None:
    assert unix_seconds(value) == seconds


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0, 0),
        (8192, 8192),
        (8192.0, 8192),
        (2**53 - 1, 2**53 - 1),
        (2**53, None),
        (1e300, None),
        (-1, None),
        (8192.5, None),
        (True, None),
        (False, None),
        ("8192", None),
        (math.nan, None),
        (math.inf, None),
        (10**4000, None),
        (None, None),
    ],
)
def test_only_whole_numbers_in_range_are_integers(value: object, number: int | None) -> None:
    assert integer(value) == number


def test_a_number_below_its_floor_is_none() -> None:
    assert integer(0, floor=1) is None
    assert integer(1, floor=1) == 1


@pytest.mark.parametrize(
    ("value", "hexadecimal"),
    [
        ("ab" * 32, "ab" * 32),
        ("sha256:" + "AB" * 32, "ab" * 32),
        ("12bdda054d23", "12bdda054d23"),
        ("  12bdda054d23 ", "12bdda054d23"),
        ("", None),
        ("sha256:", None),
        ("1234567", None),
        ("ab" * 33, None),
        ("md5:" + "ab" * 16, None),
        ("xyzxyzxyz", None),
        (12345678, None),
        (None, None),
    ],
)
def test_digests_are_plain_lower_case_hex(value: object, hexadecimal: str | None) -> None:
    assert digest(value) == hexadecimal


@pytest.mark.parametrize("letter", ["\x00", "\n", "\x1b", "\x7f", "\x85", *sorted(BIDI)])
def test_a_letter_that_hides_or_reorders_text_is_refused_where_it_matters(letter: str) -> None:
    assert text(f"a{letter}b") is None
    assert model_from({"id": f"a{letter}b"}) is None


@pytest.mark.parametrize("point", [0xD800, 0xDFFF, 0xFFFE, 0xFEFF, 0x200B, 0x2028])
def test_a_letter_that_is_none_is_refused(point: int) -> None:
    letter = chr(point)
    assert text(f"a{letter}b") is None
    assert text(letter) is None


def test_letters_of_every_script_are_welcome() -> None:
    assert text("модель-模型-🦙:7b") == "модель-模型-🦙:7b"


def test_text_is_trimmed_and_bounded() -> None:
    assert text("  x ") == "x"
    assert text("x" * TEXT_CEILING) == "x" * TEXT_CEILING
    assert text("x" * (TEXT_CEILING + 1)) is None
    assert model_from({"id": "x" * ID_CEILING}) is not None
    assert model_from({"id": "x" * (ID_CEILING + 1)}) is None


@pytest.mark.parametrize("entry", [None, 1, "x", [], {}, {"id": 7}, {"id": ""}, {"name": "x"}])
def test_an_entry_without_a_usable_id_is_no_model(entry: object) -> None:
    assert model_from(entry) is None


def test_a_full_entry_is_read_with_the_source_of_every_fact() -> None:
    model = model_from(
        {
            "id": "deepcoder:14b",
            "created": 1755671816,
            "digest": "sha256:12bdda054d23",
            "capabilities": {"completion": True, "vision": False, "thinking": None},
            "supports_tools": True,
            "details": {
                "size": 8_988_124_069,
                "family": "qwen2",
                "parameter_size": "14.8B",
                "quantization_level": "Q4_K_M",
                "format": "gguf",
                "context_length": 131072,
            },
        }
    )
    assert model == Model(
        id="deepcoder:14b",
        created=1755671816,
        capabilities={"completion": True, "vision": False, "tools": True},
        details=Details(
            size="9.0GB",
            family="qwen2",
            parameter_size="14.8B",
            quantization_level="Q4_K_M",
            format="gguf",
            context_length=131072,
        ),
        provenance=dict.fromkeys(
            (
                *("created", "capabilities.completion", "capabilities.vision"),
                *("capabilities.tools", "details.size", "details.family"),
                *("details.parameter_size", "details.quantization_level"),
                *("details.format", "details.context_length"),
            ),
            Source.DECLARED,
        ),
        digest="12bdda054d23",
    )


def test_one_bad_field_takes_no_good_one_with_it() -> None:
    model = model_from(
        {
            "id": "x",
            "created": "never",
            "digest": 5,
            "capabilities": {"tools": "yes", "vision": True},
            "details": {"size": -1, "family": "a\x00b", "format": "gguf", "context_length": 0},
        }
    )
    assert model == Model(
        id="x",
        capabilities={"vision": True},
        details=Details(format="gguf"),
        provenance={
            "capabilities.vision": Source.DECLARED,
            "details.format": Source.DECLARED,
        },
    )


def test_a_list_of_capabilities_says_of_the_others_that_they_are_not_there() -> None:
    model = model_from({"id": "x", "capabilities": ["completion", "tools", "dancing"]})
    assert model is not None
    assert {name for name, has in model.capabilities.items() if has} == {"completion", "tools"}
    assert model.capabilities["vision"] is False


def test_what_nobody_said_of_capabilities_stays_unknown() -> None:
    model = model_from({"id": "x"})
    assert model is not None
    assert model.capabilities == {}


def test_a_capability_that_is_spelt_out_wins_over_the_old_flag() -> None:
    model = model_from({"id": "x", "supports_tools": True, "capabilities": {"tools": False}})
    assert model is not None
    assert model.capabilities == {"tools": False}


def test_a_guessed_family_is_marked_as_a_guess_and_a_declared_one_is_not() -> None:
    assert details_from("llama3:8b", None) == (
        Details(family="llama"),
        {"details.family": Source.HEURISTIC},
    )
    assert details_from("llama3:8b", {"family": "qwen2"}) == (
        Details(family="qwen2"),
        {"details.family": Source.DECLARED},
    )
    assert details_from("thing", {"family": "unknown"}) == (Details(), {})


def test_an_unknown_quantisation_is_nobody_saying() -> None:
    assert details_from("x", {"quantization_level": "unknown"}) == (Details(), {})


def test_a_printed_size_is_taken_as_well_as_bytes() -> None:
    assert details_from("x", {"size": "4.7 GB"})[0].size == "4.7GB"
    assert details_from("x", {"size": 4_661_224_676})[0].size == "4.7GB"


def test_a_model_of_a_plug_in_passes_by_its_id_alone() -> None:
    model = Model(id="x")
    assert model_from(model) is model
    assert model_from(Model(id="a\u202eb")) is None
    assert model_from(Model(id=" x ")) is None
    assert model_from(Model(id="")) is None


class TestLists:
    def test_of_duplicates_the_last_one_wins_and_each_loss_is_counted(self) -> None:
        first, last = Model(id="x", created=1), Model(id="x", created=2)
        found = canonical_list([first, Model(id="y"), None, last])
        assert found.models == (last, Model(id="y"))
        assert found.dropped == 2

    def test_ten_thousand_models_are_all_and_one_more_is_too_many(self) -> None:
        exactly = canonical_list(Model(id=str(n)) for n in range(MODELS_CEILING))
        assert (len(exactly.models), exactly.truncated) == (10_000, False)
        more = canonical_list(Model(id=str(n)) for n in range(MODELS_CEILING + 1))
        assert (len(more.models), more.truncated) == (10_000, True)

    def test_a_duplicate_in_a_full_list_truncates_nothing(self) -> None:
        names = [*map(str, range(MODELS_CEILING)), "0"]
        found = canonical_list(Model(id=name) for name in names)
        assert (found.dropped, found.truncated) == (1, False)

    def test_an_endless_list_is_left_at_the_limit(self) -> None:
        assert canonical_list(Model(id=str(number)) for number in count()).truncated

    def test_of_nothing_comes_an_empty_list(self) -> None:
        assert canonical_list([]).models == ()
        assert canonical_list([None, None]).dropped == 2
