from dataclasses import fields
from pathlib import Path

import pytest

from service.core.catalogue import Collisions, Rules
from service.core.health import Thresholds
from service.core.model import ALL_CAPABILITIES
from service.core.reading import Policy
from service.settings import ModelOverride, Settings, load, policy, rules
from service.settings.json_schema import document

FULL = """\
polling: {interval: 30s, timeout: 4s}
health: {rise: 1, fall: 5}
catalogue:
  default_model: null
  collisions: first
  stale_if_error: 2h
  max_stale: 2d
  aliases: {small: "qwen3:4b"}
  overrides: {"qwen3:8b": {supports_tools: true, details: {context_length: 8192}}}
integrations:
  - {name: a, type: ollama}
  - name: b
    type: ollama
    interval: 1m
    timeout: 6s
    priority: -1
    optional: true
    enabled: false
    include: ["a*"]
    exclude: ["*b"]
    prefix: b/
"""


@pytest.fixture
def full(tmp_path: Path) -> Settings:
    path = tmp_path / "rollcall.yaml"
    path.write_text(FULL)
    return load(path, {})


def test_the_defaults_of_both_rooms_are_the_same() -> None:
    settings = Settings()
    assert rules(settings) == Rules()
    assert policy(settings, settings.integrations[0]) == Policy()


def test_rules_hold_all_that_the_catalogue_says(full: Settings) -> None:
    made = rules(full)
    assert (made.default_model, made.collisions) == (None, Collisions.FIRST)
    assert (made.stale_if_error, made.max_stale) == (7200.0, 172800.0)
    assert made.aliases == {"small": "qwen3:4b"}
    override = made.overrides["qwen3:8b"]
    assert override["supports_tools"] is True
    assert override["details"] == {"context_length": 8192}
    assert "created" not in override


def test_a_policy_inherits_from_polling(full: Settings) -> None:
    made = policy(full, full.integrations[0], backoff_cap=300.0)
    assert made == Policy(
        interval=30.0, deadline=4.0, backoff_cap=300.0, thresholds=Thresholds(rise=1, fall=5)
    )


def test_an_integration_has_its_own_way(full: Settings) -> None:
    made = policy(full, full.integrations[1])
    assert made == Policy(
        interval=60.0,
        deadline=6.0,
        thresholds=Thresholds(rise=1, fall=5),
        priority=-1,
        optional=True,
        enabled=False,
        include=("a*",),
        exclude=("*b",),
        prefix="b/",
    )
    unset = {item.name for item in fields(Policy) if getattr(made, item.name) == item.default}
    assert unset == {"backoff_cap"}


def test_every_capability_that_the_core_knows_can_be_overridden() -> None:
    form = document()["$defs"][ModelOverride.__name__]["properties"]["capabilities"]
    assert form["propertyNames"]["enum"] == list(ALL_CAPABILITIES)
