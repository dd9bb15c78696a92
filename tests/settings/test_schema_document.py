"""The JSON Schema is current, strict and described, and the manual leaves nothing out."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from service.settings import (
    INTEGRATION_TYPES,
    DetailsOverride,
    IntegrationSettings,
    ModelOverride,
    PluginSettings,
    Settings,
    schema_document,
)

SCHEMA = schema_document()
SECTIONS = [SCHEMA, *(form for form in SCHEMA["$defs"].values() if "properties" in form)]
GOOD = [Path("config/rollcall.yaml"), *sorted(Path("config/examples").glob("*.yaml"))]


def all_settings() -> list[str]:
    plain = {title: type(section) for title, section in Settings() if title != "integrations"}
    plain |= {"overrides": ModelOverride, "details": DetailsOverride}
    kinds: list[type[IntegrationSettings]] = [*INTEGRATION_TYPES.values(), PluginSettings]
    listed = [*plain.items(), *(("integrations", kind) for kind in kinds)]
    return [f"{title}.{name}" for title, section in listed for name in section.model_fields]


def test_the_kept_schema_is_current() -> None:
    """To renew it: rollcall config schema > config/rollcall.schema.json."""
    assert json.loads(Path("config/rollcall.schema.json").read_text()) == SCHEMA


def test_it_is_a_schema_of_its_dialect() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_it_takes_good_files(path: Path) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(yaml.safe_load(path.read_text()))


@pytest.mark.parametrize("form", SECTIONS)
def test_every_section_is_closed_and_every_setting_described(form: dict[str, Any]) -> None:
    assert form["additionalProperties"] is False
    assert form["description"]
    for name, field in form["properties"].items():
        assert field["description"].endswith((".", ")")), name


@pytest.mark.parametrize("text", ["15s", "0.5s", "500ms", 15, 2.5])
def test_a_duration_is_text_or_a_number(text: object) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    assert validator.is_valid({"polling": {"interval": text}})


def test_defaults_of_durations_are_texts() -> None:
    polling = SCHEMA["$defs"]["PollingSettings"]["properties"]
    assert polling["interval"]["default"] == "15s"


@pytest.mark.parametrize("name", all_settings())
def test_a_setting_is_documented(name: str) -> None:
    assert f"`{name}`" in Path("docs/settings.md").read_text()


def test_the_manual_lists_no_setting_that_is_none() -> None:
    text = Path("docs/settings.md").read_text()
    listed = re.findall(r"^\| `([a-z_]+\.[a-z_]+)` ", text, re.MULTILINE)
    assert set(listed) == set(all_settings())
