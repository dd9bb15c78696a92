from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.settings import OllamaSettings, Settings, load, shown

FULL = """\
server: {port: 0, drain_delay: 500ms, access_log: all}
polling: {interval: 1.5s, timeout: 0.25}
health: {fail_on: all, min_healthy: 2}
catalogue:
  default_model: null
  collisions: prefix
  aliases: {gpt-local: "qwen3:8b", "on": "no"}
  overrides:
    "qwen3:8b": {supports_tools: false, details: {context_length: 32768}}
    llava: {capabilities: {vision: true}, created: 1755671816}
integrations:
  - name: gpu-1
    type: ollama
    host: https://gpu-1
    timeout: 1s
    headers: {X-Key: hush, X-Team: red}
    api_key_env: OLLAMA_KEY
    include: ["llama*", "*"]
    prefix: gpu-1/
    cli_fallback: off
  - {name: openai, type: openai, api_key_env: OPENAI_API_KEY, organization: acme, project: p1}
  - {name: claude, type: anthropic, api_key_file: /run/secrets/claude, interval: 60s}
  - name: own
    type: openai-compatible
    base_url: http://own/v1
    map: {list: result.items, id: name}
  - {name: static, type: file, path: models.yaml}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rollcall.yaml"


def again(path: Path, settings: Settings) -> Settings:
    path.write_text(shown(settings))
    return load(path, {})


def test_the_defaults_load_again(path: Path) -> None:
    assert again(path, Settings()) == Settings()


def test_every_setting_loads_again_but_masked_values(path: Path) -> None:
    path.write_text(FULL)
    before = load(path, {})
    text = shown(before)
    assert "hush" not in text
    assert yaml.safe_load(text)["integrations"][0]["headers"] == {"X-Key": "***", "X-Team": "***"}
    after = again(path, before)
    masked = before.integrations[0].model_copy(
        update={"headers": {"X-Key": "***", "X-Team": "***"}}
    )
    assert after == before.model_copy(update={"integrations": (masked, *before.integrations[1:])})


def test_durations_are_shown_as_text() -> None:
    polling = yaml.safe_load(shown(Settings()))["polling"]
    assert (polling["interval"], polling["timeout"]) == ("15s", "5s")


def test_an_override_shows_only_what_it_overrides(path: Path) -> None:
    path.write_text(FULL)
    overrides = yaml.safe_load(shown(load(path, {})))["catalogue"]["overrides"]
    assert overrides == {
        "qwen3:8b": {"supports_tools": False, "details": {"context_length": 32768}},
        "llava": {"capabilities": {"vision": True}, "created": 1755671816},
    }


@given(
    interval=st.floats(min_value=1, max_value=86400),
    share=st.integers(min_value=0, max_value=10**6),
    model=st.from_regex(r"[a-z0-9:/._-]{1,40}", fullmatch=True),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_anything_that_loads_loads_again(
    path: Path, interval: float, share: int, model: str
) -> None:
    made = Settings.model_validate(
        {
            "polling": {"interval": interval, "timeout": 0.5},
            "health": {"min_healthy": share},
            "catalogue": {"default_model": model},
            "integrations": [OllamaSettings(name="a", type="ollama").model_dump()],
        }
    )
    assert again(path, made) == made
