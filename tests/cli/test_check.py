"""``rollcall check``: one poll, a table for people, JSON for programs, and an exit code."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.cli import main
from service.cli.advice import ADVICE
from service.cli.table import table
from service.core.reasons import Reason
from tests.conftest import MakeUpstream
from tests.fakes import Status, ollama_answers


def config(folder: Path, *hosts: str, **more: Any) -> str:
    """Write a configuration that names one Ollama for each host."""
    path = folder / "rollcall.yaml"
    integrations = [
        {
            "name": f"ollama-{number}",
            "type": "ollama",
            "host": host,
            "cli_fallback": "off",
            "priority": number,
            **more,
        }
        for number, host in enumerate(hosts)
    ]
    path.write_text(yaml.safe_dump({"integrations": integrations}))
    return str(path)


async def check(*arguments: str) -> int:
    """Run the command beside the test's own loop, which serves its upstreams."""
    return await asyncio.to_thread(main, ["check", *arguments])


async def test_people_get_a_table_that_fits_80_columns(
    tmp_path: Path,
    fake_upstream: MakeUpstream,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    upstream = await fake_upstream(ollama_answers())
    assert await check("--config", config(tmp_path, upstream.url)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["INTEGRATION", "STATUS", "VERSION", "MODELS", "LATENCY"]
    assert lines[1].split()[:4] == ["ollama-0", "healthy", "0.12.6", "13"]
    assert lines[3].split() == ["MODEL", "SIZE", "FAMILY", "CONTEXT", "CAN"]
    assert len(lines) == 4 + 13
    qwen = next(line for line in lines if line.startswith("qwen3:8b"))
    assert qwen.split()[1:4] == ["5.2GB", "qwen3", "40960"]
    assert max(map(len, lines)) <= 80


async def test_programs_get_json(
    tmp_path: Path, fake_upstream: MakeUpstream, capsys: pytest.CaptureFixture[str]
) -> None:
    upstream = await fake_upstream(ollama_answers())
    assert await check("--json", "--config", config(tmp_path, upstream.url)) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is True
    assert found["integrations"]["ollama-0"]["status"] == "healthy"
    assert len(found["models"]) == 13


async def test_one_that_is_away_makes_the_exit_code_1_and_is_explained(
    tmp_path: Path, fake_upstream: MakeUpstream, capsys: pytest.CaptureFixture[str]
) -> None:
    well, away = await fake_upstream(ollama_answers()), await fake_upstream({})
    await away.stop()
    assert await check("--config", config(tmp_path, well.url, away.url)) == 1
    out = capsys.readouterr().out
    assert "ollama-1: nothing listens there: is it running, and is the address right?" in out
    assert "qwen3:8b" in out
    assert f":{away.port}" not in out


async def test_one_that_may_be_away_does_not_count(
    tmp_path: Path, fake_upstream: MakeUpstream, capsys: pytest.CaptureFixture[str]
) -> None:
    away = await fake_upstream({})
    await away.stop()
    assert await check("--config", config(tmp_path, away.url, optional=True)) == 0
    assert "the default model deepcoder:14b is served" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "it rejected the request: a key, or the Host header, is not accepted"),
        (403, "it rejected the request: a key, or the Host header, is not accepted"),
        (404, "it answers, but not at this path: is the address right?"),
        (429, "it asks to be called less often"),
        (500, "it answered with a server error"),
        (302, "it redirects, which is not followed: give the final address"),
    ],
)
async def test_what_a_status_means_is_said_in_words(
    tmp_path: Path,
    fake_upstream: MakeUpstream,
    capsys: pytest.CaptureFixture[str],
    status: int,
    advice: str,
) -> None:
    upstream = await fake_upstream({"/api/tags": Status(status)})
    await check("--config", config(tmp_path, upstream.url))
    assert f"ollama-0: {advice}" in capsys.readouterr().out


async def test_a_server_without_models_is_well(
    tmp_path: Path, fake_upstream: MakeUpstream, capsys: pytest.CaptureFixture[str]
) -> None:
    upstream = await fake_upstream({"/api/tags": {"models": []}})
    assert await check("--config", config(tmp_path, upstream.url)) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "There are no models."


async def test_a_host_that_is_none_is_an_error_that_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await check("--config", config(tmp_path, "http://localhost:0")) == 2
    assert capsys.readouterr().err.startswith("integrations.ollama-0.host: expected a host")


def test_every_cause_has_its_advice() -> None:
    assert set(ADVICE) == {str(reason) for reason in Reason}


def test_a_narrow_terminal_shortens_the_widest_column() -> None:
    printed = table(("NAME", "N"), [("a-very-long-name-indeed", "1"), ("b", "22")], width=16)
    assert printed.splitlines() == ["NAME          N", "a-very-long…  1", "b             22"]
