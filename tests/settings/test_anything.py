"""Whatever a file holds, it loads or is complained of, one printable line a complaint."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.settings import INTEGRATION_TYPES, DetailsOverride, ModelOverride, Settings, load
from service.settings.errors import SettingsError

NAMES = sorted(
    {
        "qwen3:8b",
        *Settings.model_fields,
        *(name for kind in INTEGRATION_TYPES.values() for name in kind.model_fields),
        *ModelOverride.model_fields,
        *DetailsOverride.model_fields,
        *(
            name
            for _, section in Settings()
            if section
            for name in getattr(section, "__dict__", ())
        ),
    }
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.dates(),
    st.binary(max_size=3),
    st.sampled_from(["5s", "ollama", "health", "*", "none", "50%", 10**400]),
)
TREES = st.recursive(
    VALUES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(NAMES), VALUES), inner, max_size=4),
    ),
    max_leaves=12,
)
INTEGRATION = st.one_of(
    *(
        st.fixed_dictionaries(
            {"type": st.just(title), "name": st.one_of(st.just("a"), VALUES)},
            optional={name: TREES for name in kind.model_fields if name not in ("type", "name")},
        )
        for title, kind in INTEGRATION_TYPES.items()
    )
)
FILES = st.fixed_dictionaries(
    {},
    optional={
        **{
            title: st.one_of(
                TREES,
                st.fixed_dictionaries(
                    {}, optional=dict.fromkeys(type(section).model_fields, TREES)
                ),
            )
            for title, section in Settings()
            if title != "integrations"
        },
        "integrations": st.one_of(TREES, st.lists(st.one_of(INTEGRATION, TREES), max_size=3)),
    },
)
WORDS = st.sampled_from(
    [
        *("server", "port", "polling", "interval", "integrations", "name", "type", "ollama"),
        *("catalogue", "overrides", "aliases", "details", "5s", "<<", "=", "&a", "*a", "!!set"),
        *(
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            " ",
            "\n",
            "  ",
            "'",
            "0x_",
            "1:60",
            "2024-02-30",
            "~",
            "?",
        ),
        *("-", "\0", "\t", "#", "---", "%", "|", ">", '"', "9" * 5000, "\u2028", "\x85"),
    ]
)

quick = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rollcall.yaml"


def complaints(path: Path) -> list[str]:
    try:
        load(path, {})
    except SettingsError as error:
        return str(error).splitlines()
    return []


def check(lines: list[str]) -> None:
    for line in lines:
        assert line.isprintable()
        assert len(line) < 1000
        assert "pydantic" not in line
        assert "not a value for this setting" not in line  # the words of last resort


@given(st.lists(WORDS, max_size=30).map("".join))
@quick
def test_words_of_yaml_in_any_order(path: Path, text: str) -> None:
    path.write_text(text)
    check(complaints(path))


@given(FILES)
@quick
def test_known_names_with_any_values(path: Path, document: dict[str, Any]) -> None:
    text = yaml.safe_dump(document, allow_unicode=True).replace("!!binary", "")
    path.write_text(text)
    check(complaints(path))


@given(st.binary(max_size=200))
@quick
def test_any_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    check(complaints(path))
