"""Every file in ``bad/`` is refused, with the very words of the ``.txt`` beside it."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from service.settings import SettingsError, load

HERE = Path(__file__).parent / "bad"
BAD = sorted(path.stem for path in HERE.glob("*.yaml"))

NOT_READABLE = {
    "alias_of_itself",
    "billion_laughs",
    "control_character",
    "date_that_is_none",
    "nested_too_deep",
    "not_utf8",
    "not_yaml",
    "nul_byte",
    "python_tag",
    "tab_for_indentation",
    "two_documents",
    "undefined_alias",
}
"""No values come out of these, or should not."""
BEYOND_A_SCHEMA = {
    "alias_of_an_alias": "compares two settings",
    "api_key_beside_an_authorization_header": "compares two settings",
    "api_key_beside_its_own_header": "compares two settings",
    "api_key_from_two_places": "compares two settings",
    "base_url_that_leads_nowhere": "is a range of texts",
    "duration_is_not_a_number": "JSON has no such number",
    "engine_beside_a_map": "compares two settings",
    "header_set_twice_in_two_cases": "compares two names",
    "host_with_a_password": "has many forms",
    "host_with_a_space": "has many forms",
    "integration_of_an_unknown_type": "is one if a package offers it",
    "interval_not_above_default_timeout": "compares two settings",
    "interval_of_integration_not_above_inherited_timeout": "compares two settings",
    "interval_too_long": "is a range of texts",
    "interval_too_short": "is a range of texts",
    "key_twice": "is gone once the file is read",
    "max_stale_below_stale_if_error": "compares two settings",
    "name_used_twice": "compares two settings",
    "override_says_tools_twice": "compares two settings",
    "port_is_a_fraction": "8080.0 is an integer to JSON Schema",
    "stale_if_error_above_default_max_stale": "compares two settings",
    "timeout_is_zero": "is a range of texts",
    "timeout_not_below_interval": "compares two settings",
    "timeout_of_integration_not_below_inherited_interval": "compares two settings",
    "timeout_of_integration_not_below_its_interval": "compares two settings",
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_in_these_words(name: str) -> None:
    path = HERE / f"{name}.yaml"
    with pytest.raises(SettingsError) as caught:
        load(path, {})
    said = str(caught.value).replace(str(path), path.name)
    assert said + "\n" == (HERE / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", BAD)
def test_no_complaint_shows_a_secret_or_the_words_of_a_library(name: str) -> None:
    said = (HERE / f"{name}.txt").read_text().lower()
    for leak in ("hush", "1234", "pydantic", "errors.pydantic.dev", "input should", "traceback"):
        assert leak not in said


def test_every_bad_file_has_its_words_and_there_are_many() -> None:
    assert sorted(path.stem for path in HERE.glob("*.txt")) == BAD
    assert len(BAD) > 100
    assert set(BAD) >= NOT_READABLE | set(BEYOND_A_SCHEMA)


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json.loads(Path("config/rollcall.schema.json").read_text())
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", [name for name in BAD if name not in NOT_READABLE])
def test_the_json_schema_refuses_what_it_can_express(name: str, validator: Any) -> None:
    document = yaml.safe_load((HERE / f"{name}.yaml").read_text())
    assert validator.is_valid(document) is (name in BEYOND_A_SCHEMA)
