"""``rollcall check URL...`` as typed: what is printed for people and programs, and exit codes."""

import asyncio
import json
from pathlib import Path

import pytest

from service.cli import main
from tests.cli.servers import UNAUTHORIZED, ollama, plain, vllm
from tests.conftest import MakeUpstream
from tests.fakes import FakeUpstream, Request, Status

KEY = "canary-31d7"


async def check(*arguments: str) -> int:
    """Run the command beside the test's own loop, which serves its upstreams."""
    return await asyncio.to_thread(main, ["check", *arguments])


async def test_several_servers_are_shown_in_80_columns(
    fake_upstream: MakeUpstream,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    first, second, third = [await fake_upstream(x) for x in (ollama(), vllm(), vllm())]
    assert await check(first.url, f"127.0.0.1:{second.port}", f"{third.url}/v1/") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["NAME", "ENGINE", "VERSION", "MODELS", "STATUS", "URL"]
    assert [line.split() for line in lines[1:4]] == [
        ["ollama", "ollama", "0.12.6", "13", "well", first.url],
        ["vllm", "vllm", "0.11.0", "2", "well", f"{second.url}/v1"],
        ["vllm-2", "vllm", "0.11.0", "2", "well", f"{third.url}/v1"],
    ]
    assert lines[5].split() == ["MODEL", "SIZE", "FAMILY", "CONTEXT", "CAN", "ON"]
    assert next(line for line in lines if line.startswith("sql-lora")).endswith("vllm,vllm-2")
    assert max(map(len, lines)) <= 80


async def test_one_that_fails_is_explained_and_the_others_are_shown(
    fake_upstream: MakeUpstream,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    well, picky = await fake_upstream(plain("a")), await fake_upstream({"/v1/models": UNAUTHORIZED})
    assert await check(well.url, picky.url) == 1
    out = capsys.readouterr().out
    assert f"{picky.url}: it wants a key (401)" in out
    assert ["-", "-", "-", "-", "key_missing", picky.url] in [x.split() for x in out.splitlines()]
    assert out.splitlines()[-1].split()[0] == "a"
    assert max(map(len, out.splitlines())) <= 80


async def test_programs_get_a_document(
    fake_upstream: MakeUpstream, capsys: pytest.CaptureFixture[str]
) -> None:
    well, wrong = await fake_upstream(vllm()), await fake_upstream(vllm())
    assert await check("--json", well.url, f"{wrong.url}/v1/v1") == 1
    found = json.loads(capsys.readouterr().out)
    first, second = found["servers"]
    assert found["ok"] is False
    assert [model["id"] for model in found["models"]] == [
        "meta-llama/Llama-3.1-8B-Instruct",
        "sql-lora",
    ]
    assert first.pop("latency_ms") >= 0
    base = f"{well.url}/v1"
    assert first == {
        "name": "vllm",
        "url": base,
        "engine": "vllm",
        "version": "0.11.0",
        "models": 2,
        "cause": None,
        "explanation": None,
        "use": None,
        "settings": {"type": "openai-compatible", "base_url": base, "engine": "vllm"},
    }
    assert (second["name"], second["engine"], second["settings"]) == (None, None, None)
    assert (second["cause"], second["use"]) == ("path_twice", f"{wrong.url}/v1")


class Locked(FakeUpstream):
    """Wants a key."""

    def _answer(self, request: Request) -> object:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return Status(401, {"error": "unauthorized"})
        return super()._answer(request)


@pytest.mark.parametrize("how", ["--api-key-env", "--api-key-file"])
async def test_a_key_is_taken_from_where_it_is_kept(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    monkeypatch.setenv("A_KEY", KEY)
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n")
    where = {"--api-key-env": "A_KEY", "--api-key-file": str(path)}[how]
    async with Locked(plain("a")) as upstream:
        assert await check(upstream.url) == 1
        assert await check(upstream.url, how, where) == 0
    assert KEY not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["http://u:p@h"], "a user name or password has no place in it; use headers instead"),
        (["h", "--api-key-env", "UNSET"], "UNSET: there is no key that could be sent"),
        (["h", "--api-key-file", "/nowhere"], "/nowhere: there is no key that could be sent"),
        (["a", "b", "--api-key-env", "X"], "a key goes to one server only"),
        (["--api-key-env", "X"], "a key goes to one server only"),
        (["a", "--api-key-env", "X", "--api-key-file", "y"], "exclude one another"),
        (["a", "--discover"], "URL, --discover and --config exclude one another"),
        (["a", "--config", "c.yaml"], "URL, --discover and --config exclude one another"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    """Nothing is asked of anybody then."""
    assert await check(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert complaint in captured.err
