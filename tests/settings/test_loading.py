"""Good files, no file, and files that can't be read at all."""

from pathlib import Path

import pytest
import yaml

from service.core.verdict import FailOn, Share
from service.settings import OllamaSettings, Settings, SettingsError, config_path, load
from service.settings.yaml_file import LARGEST

DEFAULTS = Settings()
EXAMPLES = sorted(Path("config/examples").glob("*.yaml"))


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "rollcall.yaml"


def loaded(path: Path, text: str) -> Settings:
    path.write_text(text)
    return load(path, {})


def complaint(path: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        load(path, {})
    return str(caught.value)


def test_no_file_is_the_defaults_with_one_ollama() -> None:
    assert load(None, {}) == DEFAULTS
    assert DEFAULTS.integrations == (OllamaSettings(name="ollama", type="ollama"),)
    assert (DEFAULTS.server.port, DEFAULTS.polling.interval) == (8080, 15.0)


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n", "{}", "null", "\ufefflog: {}"])
def test_a_file_that_says_nothing_is_the_defaults(written: Path, text: str) -> None:
    assert loaded(written, text) == DEFAULTS


def test_the_commented_file_is_exactly_the_defaults() -> None:
    assert load(Path("config/rollcall.yaml"), {}) == DEFAULTS


def test_the_commented_file_holds_every_setting() -> None:
    said = yaml.safe_load(Path("config/rollcall.yaml").read_text())
    assert said.keys() == Settings.model_fields.keys()
    for title, section in DEFAULTS:
        if title != "integrations":
            assert list(said[title]) == list(type(section).model_fields)
    assert set(said["integrations"][0]) == set(OllamaSettings.model_fields)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_loads(path: Path) -> None:
    assert load(path, {}) != DEFAULTS


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 2


def test_an_empty_list_means_no_integrations(written: Path) -> None:
    assert loaded(written, "integrations: []").integrations == ()


def test_a_bare_off_is_off_though_yaml_reads_false(written: Path) -> None:
    text = "integrations: [{name: a, type: ollama, cli_fallback: off}]"
    (integration,) = loaded(written, text).integrations
    assert isinstance(integration, OllamaSettings)
    assert integration.cli_fallback == "off"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2", Share(amount=2, percent=False)),
        ("50%", Share(amount=50, percent=True)),
        ("null", None),
    ],
)
def test_min_healthy_is_a_number_or_a_share(
    written: Path, text: str, expected: Share | None
) -> None:
    assert loaded(written, f"health: {{min_healthy: {text}}}").health.minimum == expected


def test_fail_on_none_is_the_word(written: Path) -> None:
    assert loaded(written, "health: {fail_on: none}").health.fail_on is FailOn.NONE
    assert loaded(written, "health: {fail_on: stale}").health.fail_on is FailOn.STALE


@pytest.mark.parametrize(("text", "value"), [("true", True), ("all", "all"), ("off", False)])
def test_access_log_is_a_switch_with_a_third_position(
    written: Path, text: str, value: object
) -> None:
    assert loaded(written, f"server: {{access_log: {text}}}").server.access_log == value


def test_an_alias_and_a_merge_are_fine_within_bounds(written: Path) -> None:
    text = (
        "integrations:\n"
        "  - &gpu {name: gpu-1, type: ollama, interval: 30s}\n"
        "  - {<<: *gpu, name: gpu-2}\n"
    )
    first, second = loaded(written, text).integrations
    assert (first.name, second.name, second.interval) == ("gpu-1", "gpu-2", 30.0)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        DEFAULTS.server.port = 1  # type: ignore[misc]


def test_secrets_stay_out_of_a_printed_value(written: Path) -> None:
    text = "integrations: [{name: a, type: ollama, headers: {X-Key: hush}}]"
    assert "hush" not in repr(loaded(written, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.yaml"
    assert complaint(path) == f"{path}: no such file or directory"


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    assert complaint(tmp_path) == f"{tmp_path}: is a directory"


def test_a_file_may_be_a_mebibyte_and_no_more(written: Path) -> None:
    text = "server: {port: 1}\n#"
    assert loaded(written, text.ljust(LARGEST, "x")).server.port == 1
    written.write_text(text.ljust(LARGEST + 1, "x"))
    assert complaint(written) == f"{written}: expected at most 1 MiB, found more"


def test_there_may_be_200_integrations_and_no_more(written: Path) -> None:
    line = "  - {{name: a{}, type: ollama}}\n"
    text = "integrations:\n" + "".join(map(line.format, range(200)))
    assert len(loaded(written, text).integrations) == 200
    written.write_text(text + line.format(200))
    assert complaint(written) == "integrations: expected at most 200 of them, found more"


def test_a_flood_of_complaints_is_cut_short(written: Path) -> None:
    written.write_text("".join(f"x{number}: 1\n" for number in range(1000)))
    lines = complaint(written).splitlines()
    assert len(lines) == 51
    assert lines[-1] == "settings: 950 more complaints are not shown"


def test_a_name_in_a_complaint_cannot_forge_a_line(written: Path) -> None:
    written.write_text('"a\\nserver.port: fine\\e[2J": 1')
    assert complaint(written) == "['a\\nserver.port: fine\\x1b[2J']: unknown setting"


@pytest.mark.parametrize(
    ("argument", "environ", "expected"),
    [
        ("a.yaml", {"ROLLCALL_CONFIG": "b.yaml"}, Path("a.yaml")),
        (Path("a.yaml"), {}, Path("a.yaml")),
        (None, {"ROLLCALL_CONFIG": "b.yaml"}, Path("b.yaml")),
        (None, {"ROLLCALL_CONFIG": ""}, None),
        (None, {}, None),
    ],
)
def test_the_argument_names_the_file_before_the_variable(
    argument: str | Path | None, environ: dict[str, str], expected: Path | None
) -> None:
    assert config_path(argument, environ) == expected
