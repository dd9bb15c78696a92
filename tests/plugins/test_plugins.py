"""Types of integration out of installed packages: found when they are asked for, and kept apart."""

import asyncio
import importlib.metadata
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from service.app import build_manager
from service.cli import main
from service.core.reasons import Reason
from service.integrations import INTEGRATIONS, OllamaIntegration
from service.settings import PluginSettings, Settings, SettingsError, load, schema_document, shown
from service.settings.plugin import installed_types
from tests.plugins.packages import HEADER, install

OURS = "one of ollama, openai, anthropic, openai-compatible"


def settings(folder: Path, *integrations: dict[str, Any]) -> Settings:
    return load(written(folder, *integrations), {})


def written(folder: Path, *integrations: dict[str, Any]) -> Path:
    path = folder / "rollcall.yaml"
    path.write_text(yaml.safe_dump({"integrations": list(integrations)}))
    return path


def strange(**more: Any) -> dict[str, Any]:
    return {"name": "odd", "type": "strange", **more}


def listed(folder: Path, *models: str) -> dict[str, Any]:
    """Give the settings of a file of models, which are always there."""
    path = folder / "models.yaml"
    path.write_text(json.dumps(models))
    return {"name": "file", "type": "file", "path": str(path)}


async def test_a_class_of_a_package_is_an_integration_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, HEADER, offers="Plain")
    async with build_manager(settings(tmp_path, strange(prefix="x/"))) as manager:
        health, models = await manager.check()
    assert health["odd"]["status"] == "healthy"
    assert [(model["id"], model["owned_by"]) for model in models] == [("x/strange:1b", "odd")]


async def test_its_settings_come_to_it_with_what_is_common(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = f"""{HEADER}
class Offered(Plain):
    @classmethod
    def configured(cls, settings, *, timeout):
        made = cls()
        made.given = (settings.options, settings.headers, settings.api_key_env, timeout)
        return made
"""
    install(tmp_path, monkeypatch, source)
    options = {"deep": [{"a": 1}], "when": None}
    entry = strange(options=options, headers={"X-A": "b"}, api_key_env="KEY", timeout="2s")
    made = build_manager(settings(tmp_path, entry)).registrations["odd"].integration
    assert vars(made)["given"] == (options, {"X-A": "b"}, "KEY", 2.0)


BROKEN = {
    "raises when imported": ("raise RuntimeError('hush')", "can't be imported (RuntimeError)"),
    "leaves when imported": ("raise SystemExit('hush')", "can't be imported (SystemExit)"),
    "is no Python": ("hush hush", "can't be imported (SyntaxError)"),
    "has no such name": ("", "can't be imported (AttributeError)"),
    "needs what is missing": (
        "import not_there_at_all",
        "needs the module 'not_there_at_all', which is",
    ),
    "offers a number": ("Offered = 3", "is no subclass of BaseIntegration"),
    "offers another class": ("class Offered: pass", "is no subclass of BaseIntegration"),
    "offers an object": (f"{HEADER}\nOffered = Plain()", "is no subclass of BaseIntegration"),
}
UNFIT = {
    "has no way to be made": ("class Offered(BaseIntegration): pass", "(TypeError)"),
    "raises when made": (
        "class Offered(Plain):\n  configured = lambda *_, **__: hush",
        "NameError",
    ),
    "leaves when made": (
        "class Offered(Plain):\n  configured = lambda *_, **__: exit()",
        "SystemE",
    ),
    "makes something else": (
        "class Offered(Plain):\n  configured = lambda *_, **__: 3",
        "what its class makes is no BaseIntegration",
    ),
}
ALL_BROKEN = BROKEN | {name: (HEADER + source, said) for name, (source, said) in UNFIT.items()}


@pytest.mark.parametrize(("source", "said"), ALL_BROKEN.values(), ids=ALL_BROKEN)
def test_a_package_that_is_broken_is_told_of_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    source: str,
    said: str,
) -> None:
    install(tmp_path, monkeypatch, source)
    path = written(tmp_path, strange(options={"url": "hush"}))
    assert main(["check", "--config", str(path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert line.startswith("integrations.odd.type: 'strange': ")
    assert said in line
    assert "hush" not in line
    assert ("package strange-package" in line) is (source in dict(BROKEN.values()))


def test_options_that_are_no_use_are_told_of_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = f"""{HEADER}
class Offered(Plain):
    @classmethod
    def configured(cls, settings, *, timeout):
        raise OptionsError("url: expected\\na URL\\x1b[2J" + "." * 1000)
"""
    install(tmp_path, monkeypatch, source)
    assert main(["check", "--config", str(written(tmp_path, strange()))]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("integrations.odd.options: url: expected a URL [2J...")
    assert len(line) < 300


def test_a_type_that_two_packages_offer_is_nobodys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("one-package", "other-package"):
        install(tmp_path, monkeypatch, HEADER, offers="Plain", package=package)
    with pytest.raises(ValueError, match="packages one-package and other-package offer it"):
        build_manager(settings(tmp_path, strange()))


def test_a_type_that_nobody_offers_is_answered_with_those_that_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, strange())
    assert str(caught.value) == f"integrations[0].type: expected {OURS} or file, found 'strange'"
    install(tmp_path, monkeypatch, HEADER, names=("odder", "oddest"))
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, strange(type="odest"))
    assert str(caught.value) == (
        f"integrations[0].type: expected {OURS}, file, odder or oddest, found 'odest';"
        " did you mean 'oddest'?"
    )


def test_no_package_takes_the_name_of_a_type_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "raise RuntimeError", names=("ollama", "a b", "x" * 99, "good"))
    assert installed_types() == ("good", "ollama")
    manager = build_manager(settings(tmp_path, {"name": "a", "type": "ollama"}))
    assert isinstance(manager.registrations["a"].integration, OllamaIntegration)


def test_packages_are_looked_through_only_for_a_type_that_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: Any) -> Any:
        raise AssertionError("every installed package was looked through")

    monkeypatch.setattr(importlib.metadata, "entry_points", fail)
    build_manager(settings(tmp_path, *({"name": "a", "type": "ollama"}, listed(tmp_path))))
    with pytest.raises(AssertionError):
        settings(tmp_path, strange())


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"option": {}}, "integrations[0].option: unknown setting; did you mean 'options'?"),
        ({"options": [1]}, "integrations[0].options: expected a mapping, found a list"),
        ({"api_key": "hush"}, "integrations[0].api_key: a key in plain text is refused"),
        ({"interval": "1"}, "integrations[0].interval: expected a duration"),
    ],
)
def test_its_common_settings_are_as_strict_as_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], said: str
) -> None:
    install(tmp_path, monkeypatch, HEADER, offers="Plain")
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, strange(**more))
    assert str(caught.value).startswith(said)
    validator = jsonschema.Draft202012Validator(schema_document())
    assert not validator.is_valid({"integrations": [strange(**more)]})


def test_its_options_are_masked_and_load_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, HEADER, offers="Plain")
    options = {"url": "http://user:hush@shelf", "key": "hush", "deep": {"a": ["hush"]}}
    before = settings(tmp_path, strange(options=options))
    assert "hush" not in shown(before) + repr(before)
    (tmp_path / "again.yaml").write_text(shown(before))
    (again,) = load(tmp_path / "again.yaml", {}).integrations
    assert isinstance(again, PluginSettings)
    assert again.options == dict.fromkeys(options, "***")


def test_the_schema_takes_any_type_that_is_not_ours_with_options() -> None:
    validator = jsonschema.Draft202012Validator(schema_document())
    validator.validate({"integrations": [strange(options={"deep": [{"a": 1}]})]})
    for name in INTEGRATIONS:
        assert not validator.is_valid({"integrations": [strange(type=name, options={})]})


CRASHES = {
    "raises": "raise RuntimeError('hush')",
    "leaves": "raise SystemExit('hush')",
    "is cancelled": "import asyncio; raise asyncio.CancelledError",
    "gives nothing": "return None",
    "gives numbers": "return 7",
    "gives itself": "return self",
    "gives an iterator that breaks": "return (1 / 0 for _ in '1')",
}


@pytest.mark.parametrize("body", CRASHES.values(), ids=CRASHES)
async def test_one_that_crashes_costs_no_other_integration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    source = f"{HEADER}\nclass Offered(Plain):\n  async def get_models(self):\n    {body}\n"
    install(tmp_path, monkeypatch, source)
    made = settings(tmp_path, strange(), listed(tmp_path, "steady:1b"))
    async with build_manager(made) as manager:
        health, models = await manager.check()
    assert health["odd"]["reason"] == Reason.INTERNAL
    assert health["file"]["status"] == "healthy"
    assert [model["id"] for model in models] == ["steady:1b"]
    assert "hush" not in json.dumps([health, models])


async def test_one_that_hangs_costs_no_other_integration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hang = "import asyncio; await asyncio.Event().wait()"
    source = f"{HEADER}\nclass Offered(Plain):\n  async def get_models(self):\n    {hang}\n"
    install(tmp_path, monkeypatch, source)
    made = settings(tmp_path, strange(timeout="0.2s"), listed(tmp_path, "steady:1b"))
    async with build_manager(made) as manager, asyncio.timeout(3):
        health, models = await manager.check()
    assert health["odd"]["reason"] == Reason.TIMEOUT
    assert [model["id"] for model in models] == ["steady:1b"]
