"""Guesses from names: silent where a name settles nothing, and right where the truth is known."""

import pytest

from service.core.guesses import guessed_capabilities
from service.core.model import ALL_CAPABILITIES
from service.integrations.ollama_parsing import models_from_tags
from tests.docs.integrations_page import precision
from tests.fakes import fixture

RECORDED = [model.id for model in models_from_tags(fixture("ollama/tags.json")).models]


def test_guesses_are_right_where_the_truth_is_known() -> None:
    """Wrong guesses cost more than missing ones: at least 95 of 100 must be right."""
    made, right = precision()
    assert made >= 25
    assert right / made >= 0.95


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("nomic-embed-text:latest", {"embedding": True, "completion": False, "tools": False}),
        ("BAAI/bge-m3", {"embedding": True, "completion": False}),
        ("whisper-1", {"completion": False}),
        ("gpt-4o-mini", {"tools": True, "vision": True}),
        ("o3", {"thinking": True, "tools": True}),
        ("meta-llama/Llama-3.1-8B-Instruct", {"tools": True, "completion": True}),
        ("deepseek-r1:latest", {"thinking": True}),
        ("llava:7b", {"vision": True}),
        ("claude-opus-4-5-20251101", {"tools": True, "vision": True}),
    ],
)
def test_a_name_that_settles_something_is_heeded(name: str, facts: dict[str, bool]) -> None:
    assert facts.items() <= guessed_capabilities(name).items()


@pytest.mark.parametrize("name", ["acme/support-bot:v3", "x", "llama/x", "model-1", "", "a/b/c:d"])
def test_a_name_that_settles_nothing_is_left_alone(name: str) -> None:
    assert guessed_capabilities(name) == {}


def test_only_known_capabilities_are_guessed() -> None:
    for name in RECORDED:
        assert set(guessed_capabilities(name)) <= set(ALL_CAPABILITIES)
