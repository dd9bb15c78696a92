"""YAML as plain values: what the library reads, less what only does harm."""

import time
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from service.integrations.plain_yaml import DEEPEST, MOST_VALUES, plain_values

PLAIN = st.recursive(
    st.one_of(
        *(st.none(), st.booleans(), st.integers(), st.text(max_size=6)),
        st.floats(allow_nan=False),
        st.sampled_from(["~", "<<", "=", "1:30", "0x1f", "2026-01-02", "off", "*a", "- b"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(PLAIN, st.sampled_from([True, False, None]))
def test_what_the_library_writes_is_read_back(value: Any, style: bool | None) -> None:
    assert plain_values(yaml.safe_dump(value, default_flow_style=style)) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "# nothing", "---", "a", "'a'", "|\n a\n b", "[a, 1, 0o7, 0x1f, 1_000, 1e3, .5, ~]"),
        *("{yes: off, 'no': 1, 3: x}", "- .inf\n- 1:30\n- ''\n", "a: 1\na: 2"),
        "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}",
        "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b]}\nd: {y: 7, <<: *b, z: *a}",
        "- &a [1]\n- *a\n- &b 2\n- *b",
    ],
)
def test_it_reads_what_the_library_reads(text: str) -> None:
    assert plain_values(text) == yaml.safe_load(text)


def test_times_stay_text() -> None:
    text = "[2026-01-02, 2026-01-02T03:04:05Z, 2026-13-45]"
    assert plain_values(text) == ["2026-01-02", "2026-01-02T03:04:05Z", "2026-13-45"]


LAUGHS = "\n".join(
    ["- &a0 {k0: 1}"]
    + [f"- &a{n} {{k{n}: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 12)]
)
WIDE = ", ".join(f"k{n}: 1" for n in range(1000))
MERGED_LAUGHS = f"- &a {{{WIDE}}}\n- {{<<: [{', '.join(['*a'] * 1000)}]}}"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "[",
            "{",
            "a: b: c",
            "\t- a",
            "- a\nb",
            "'",
            "a\x00b",
            "a\x07b",
            "- @a",
            "%YAML 9\n--- a",
        ),
        *("--- a\n--- b", "- *a", "- &a [*a]", "- &a {b: *a}", "{<<: 3}", "{<<: [3]}", "{[a]: 1}"),
        *("{{a: 1}: 1}", "? *a\n: 1", "- " + "9" * 5000, "- 0b_", "- 0x_"),
        *("!!python/object/apply:os.system [a]", "!!binary aGk=", "!!set {a}", "- !a b", "!!str 3"),
        "[" * (DEEPEST + 2) + "]" * (DEEPEST + 2),
        "[" * 100_000,
        "- " * 100_000,
        "- a\n" * (MOST_VALUES + 1),
        MERGED_LAUGHS,
    ],
    ids=lambda text: f"{text[:24]!r}",
)
def test_what_is_no_plain_yaml_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        plain_values(text)
    assert type(caught.value) is ValueError


def test_a_billion_laughs_cost_what_their_text_costs() -> None:
    started = time.monotonic()
    assert len(plain_values(LAUGHS)) == 12
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("depth", [1, DEEPEST])
def test_it_may_be_as_deep_as_that(depth: int) -> None:
    assert plain_values("[" * depth + "]" * depth) is not None
