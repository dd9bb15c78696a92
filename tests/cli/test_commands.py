"""The command line's other commands, and what all of them share."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from service import __version__
from service.cli import main
from service.cli.greeting import greeting
from service.core.catalogue import Rules
from service.core.edition import Edition, print_edition
from service.core.model import Model
from service.core.moment import Moment
from service.core.reading import Answer, Failure, Policy, Reading, advance
from service.core.reasons import Reason
from service.core.snapshot import Snapshot
from service.integrations.ollama_parsing import models_from_tags
from service.settings import schema_document
from tests.conftest import MakeUpstream
from tests.fakes import FakeUpstream, Status, ollama_answers

NOW = Moment(1000.0, 1_795_000_000.0)


def edition_of(reading: Reading) -> Edition:
    return print_edition(
        Snapshot().with_reading(reading), rules=Rules(), now=NOW, warm=True, before=Edition()
    )


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["--version"])
    assert exited.value.code == 0
    assert capsys.readouterr().out == f"rollcall {__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["config"], ["serve", "--nothing"]])
def test_a_command_that_is_none_is_explained(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        main(arguments)
    assert exited.value.code == 2
    assert "usage: rollcall" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["serve", "check", "config", "healthcheck"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main([command, "--help"])
    assert exited.value.code == 0
    assert f"usage: rollcall {command}" in capsys.readouterr().out


def test_validate_says_that_all_is_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "good.yaml"
    path.write_text("polling: {interval: 30s}\n")
    assert main(["config", "validate", str(path)]) == 0
    assert capsys.readouterr().out == "The configuration is valid: 1 integration.\n"


@pytest.mark.parametrize(
    "command", [["config", "validate"], ["config", "show"], ["serve"], ["check"]]
)
def test_every_command_refuses_a_bad_file_with_2_and_names_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("polling: {intervall: 30s}\nserver: {port: eighty}\n")
    assert main([*command, "--config", str(path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "server.port: expected a whole number from 0 to 65535, found 'eighty'",
        "polling.intervall: unknown setting; did you mean 'interval'?",
    ]


def test_show_prints_what_is_in_effect_with_secrets_masked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLCALL_SERVER__PORT", "9000")
    path = tmp_path / "good.yaml"
    path.write_text(
        "integrations: [{name: o, type: ollama, host: 'h', headers: {X-Team: canary}}]\n"
    )
    assert main(["config", "show", str(path)]) == 0
    out = capsys.readouterr().out
    assert "port: 9000" in out
    assert "canary" not in out


def test_schema_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "schema"]) == 0
    assert json.loads(capsys.readouterr().out) == schema_document()


async def test_healthcheck_passes_and_fails_as_the_service_does(
    fake_upstream: MakeUpstream, capsys: pytest.CaptureFixture[str]
) -> None:
    service = await fake_upstream({"/readyz": b"ok", "/livez": Status(503)})

    async def healthcheck(*arguments: str) -> int:
        return await asyncio.to_thread(main, ["healthcheck", *arguments])

    assert await healthcheck("--port", str(service.port)) == 0
    assert await healthcheck("--port", str(service.port), "--path", "/livez") == 1
    await service.stop()
    assert await healthcheck("--port", str(service.port)) == 1
    assert capsys.readouterr().out.splitlines() == [
        "ready",
        "not ready: HTTP 503",
        f"not ready: no answer on port {service.port}",
    ]


async def test_healthcheck_finds_the_port_in_the_configuration(
    fake_upstream: MakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    service: FakeUpstream = await fake_upstream({"/readyz": b"ok"})
    monkeypatch.setenv("ROLLCALL_SERVER__PORT", str(service.port))
    assert await asyncio.to_thread(main, ["healthcheck"]) == 0


def test_a_health_check_does_not_load_the_server() -> None:
    """It runs every few seconds in a container: it must not import what it does not need."""
    script = (
        "import sys; from service.cli import main; main(['healthcheck', '--port', '1']);"
        "print([m for m in ('aiohttp', 'pydantic', 'yaml', 'orjson') if m in sys.modules])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert printed.splitlines()[-1] == "[]"


def test_the_greeting_tells_where_what_and_what_to_try() -> None:
    answer = Answer(models=ollama_models(), latency=0.1, version="0.12.6")
    reading = advance(Reading(name="ollama"), answer, now=NOW)
    assert greeting("http://localhost:8080", edition_of(reading)) == (
        "Rollcall serves on http://localhost:8080\n"
        "\n"
        "  ollama 0.12.6: 13 models\n"
        "\n"
        "Try:\n"
        "  curl http://localhost:8080/v1/models\n"
    )


def test_the_greeting_says_plainly_that_nothing_was_found() -> None:
    reading = advance(Reading(name="ollama"), Failure(reason=Reason.REFUSED), now=NOW)
    said = greeting("http://localhost:8080", edition_of(reading))
    assert "ollama: not there; nothing listens there" in said
    assert "No backend answers, so the default model deepcoder:14b is listed" in said


def ollama_models() -> tuple[Model, ...]:
    return models_from_tags(ollama_answers()["/api/tags"]).models


def test_the_greeting_leaves_out_what_may_be_away() -> None:
    reading = Reading(name="ollama", policy=Policy(optional=True))
    reading = advance(reading, Failure(reason=Reason.REFUSED), now=NOW)
    assert "ollama: not there" not in greeting("http://localhost:8080", edition_of(reading))
