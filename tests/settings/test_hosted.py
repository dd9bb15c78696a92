"""Where there is no file, keys in the environment register the services that they are for."""

from pathlib import Path

import pytest

from service.settings import (
    AnthropicSettings,
    OllamaSettings,
    OpenAISettings,
    SettingsError,
    load,
    shown,
)

OLLAMA = OllamaSettings(name="ollama", type="ollama")
OPENAI = OpenAISettings(name="openai", type="openai", api_key_env="OPENAI_API_KEY", interval=60.0)
ANTHROPIC = AnthropicSettings(
    name="anthropic", type="anthropic", api_key_env="ANTHROPIC_API_KEY", interval=60.0
)
KEYS = {"OPENAI_API_KEY": "sk-hush", "ANTHROPIC_API_KEY": "sk-ant-hush"}


def complaints(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(None, environ)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, (OLLAMA,)),
        ({"OPENAI_API_KEY": "", "ANTHROPIC_API_KEY": " "}, (OLLAMA,)),
        ({"OPENAI_BASE_URL": "http://proxy/v1", "ANTHROPIC_BASE_URL": "http://proxy"}, (OLLAMA,)),
        ({"OPENAI_API_KEY": "sk-hush"}, (OLLAMA, OPENAI)),
        ({"ANTHROPIC_API_KEY": "sk-ant-hush"}, (OLLAMA, ANTHROPIC)),
        (KEYS, (OLLAMA, OPENAI, ANTHROPIC)),
    ],
    ids=["none", "empty", "only urls", "openai", "anthropic", "both"],
)
def test_a_key_that_is_set_registers_its_service_beside_ollama(
    environ: dict[str, str], expected: tuple[object, ...]
) -> None:
    assert load(None, environ).integrations == expected


@pytest.mark.parametrize("text", ["", "log: {level: info}", "integrations: []"])
def test_a_file_says_for_itself_what_is_asked(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rollcall.yaml"
    path.write_text(text)
    assert load(path, KEYS) == load(path, {})


@pytest.mark.parametrize(
    ("variable", "url", "expected"),
    [
        ("OPENAI_BASE_URL", "http://proxy:4000", "http://proxy:4000"),
        ("OPENAI_BASE_URL", " https://eu.example/v1/ ", "https://eu.example/v1"),
        ("OPENAI_BASE_URL", "", "https://api.openai.com/v1"),
        ("ANTHROPIC_BASE_URL", "https://proxy.example", "https://proxy.example/v1"),
        ("ANTHROPIC_BASE_URL", "https://proxy.example/claude/", "https://proxy.example/claude/v1"),
        ("ANTHROPIC_BASE_URL", "https://proxy.example/v1", "https://proxy.example/v1"),
        ("ANTHROPIC_BASE_URL", "", "https://api.anthropic.com/v1"),
    ],
)
def test_a_key_goes_where_the_environment_says(variable: str, url: str, expected: str) -> None:
    key = variable.replace("BASE_URL", "API_KEY")
    made = load(None, {key: "sk-hush", variable: url}).integrations[1]
    assert isinstance(made, OpenAISettings | AnthropicSettings)
    assert made.base_url == expected


@pytest.mark.parametrize(
    "url", ["http://me:hush@proxy/v1", "proxy/hush@v1", "https://proxy/v1?key=hush", "proxy"]
)
def test_a_bad_url_is_complained_of_by_the_name_of_its_variable(url: str) -> None:
    (line,) = complaints(KEYS | {"OPENAI_BASE_URL": url})
    assert line.startswith("OPENAI_BASE_URL: ")
    assert "hush" not in line


@pytest.mark.parametrize(
    ("polling", "expected"),
    [
        ({"INTERVAL": "59s"}, 60.0),
        ({"INTERVAL": "60s"}, None),
        ({"INTERVAL": "5m", "TIMEOUT": "90s"}, None),
    ],
)
def test_a_hosted_service_is_asked_once_a_minute_at_most(
    polling: dict[str, str], expected: float | None
) -> None:
    environ = KEYS | {f"ROLLCALL_POLLING__{name}": value for name, value in polling.items()}
    assert [made.interval for made in load(None, environ).integrations[1:]] == [expected, expected]


def test_what_is_wrong_elsewhere_is_not_blamed_on_a_key() -> None:
    assert complaints(KEYS | {"ROLLCALL_POLLING__TIMEOUT": "70s"}) == [
        "ROLLCALL_POLLING__TIMEOUT: expected a duration below polling.interval (15s), found 70s"
    ]


def test_what_a_key_registers_is_shown_without_the_key(tmp_path: Path) -> None:
    made = load(None, KEYS)
    path = tmp_path / "shown.yaml"
    path.write_text(shown(made))
    assert "hush" not in path.read_text()
    assert load(path, {}) == made
