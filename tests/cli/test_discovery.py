"""Discovery: what runs on this machine is found by its port, and served without configuration."""

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from service.cli import main
from service.cli.discovered import with_discovered
from service.integrations import discovery
from service.integrations.discovery import WELL_KNOWN, WellKnown, configuration, discover
from service.integrations.first_contact import Cause, Contact, Finding
from service.settings import Settings, load
from tests.cli.servers import LOADING, UNAUTHORIZED, ollama, plain, vllm
from tests.conftest import MakeUpstream
from tests.fakes import FakeUpstream, Hang, Raw, Status

LOADS = Finding(cause=Cause.LOADING, text="it loads")
WANTS_KEY = Finding(cause=Cause.KEY_MISSING, text="it wants a key")


def table(*upstreams: FakeUpstream) -> tuple[WellKnown, ...]:
    return tuple(WellKnown(upstream.port, "a test") for upstream in upstreams)


def contact(url: str, engine: str | None = "vllm", finding: Finding | None = None) -> Contact:
    settings = {"type": "openai-compatible", "base_url": url}
    if engine == "ollama":
        settings = {"type": "ollama", "host": url}
    return Contact(url=url, engine=engine, finding=finding, settings=settings)


def integrations(settings: Settings) -> list[tuple[str, str, bool]]:
    return [(item.name, item.type, item.optional) for item in settings.integrations]


@pytest.fixture
def defaults() -> Settings:
    return load(None, {})


async def test_what_runs_here_is_found_in_the_order_of_the_table(
    fake_upstream: MakeUpstream,
) -> None:
    first, second = await fake_upstream(vllm()), await fake_upstream(ollama())
    found = await discover(ports=table(first, second))
    assert [item.engine for item in found] == ["vllm", "ollama"]


async def test_what_is_no_model_server_is_left_out(fake_upstream: MakeUpstream) -> None:
    page = Status(200, b"<html>", {"Content-Type": "text/html"})
    away = await fake_upstream({})
    await away.stop()
    others = [
        await fake_upstream(answers)
        for answers in (
            {},
            {"/v1/models": page, "/": page},
            {"/v1/models": Raw(b"SSH-2.0\r\n"), "/": Raw(b"SSH-2.0\r\n")},
            {"/v1/models": Status(401)},
            {"/v1/models": {"hello": "world"}},
        )
    ]
    assert await discover(ports=table(away, *others)) == []


async def test_rollcall_is_no_upstream_of_its_own(fake_upstream: MakeUpstream) -> None:
    own = {"Server": "rollcall"}
    served = await fake_upstream({"/v1/models": Status(200, plain("a")["/v1/models"], own)})
    starting = await fake_upstream({"/v1/models": Status(503, {"error": {}}, own)})
    skipped = await fake_upstream(plain("a"))
    assert await discover(ports=table(served, starting, skipped), skip=[skipped.port]) == []
    assert skipped.connections == 0


async def test_one_that_loads_or_wants_a_key_is_shown_with_its_cause(
    fake_upstream: MakeUpstream,
) -> None:
    loads = await fake_upstream({"/v1/models": LOADING})
    locked = await fake_upstream({"/v1/models": UNAUTHORIZED})
    found = await discover(ports=table(loads, locked))
    causes = [item.finding.cause for item in found if item.finding is not None]
    assert causes == [Cause.LOADING, Cause.KEY_MISSING]


async def test_what_hangs_delays_nobody(fake_upstream: MakeUpstream) -> None:
    hangs = [await fake_upstream(dict.fromkeys(("/", "/v1/models"), Hang())) for _ in range(5)]
    well = await fake_upstream(vllm())
    started = time.monotonic()
    found = await discover(ports=table(*hangs, well), within=0.4)
    assert [item.engine for item in found] == ["vllm"]
    assert time.monotonic() - started < 1.5


async def test_a_path_of_its_own_is_asked(fake_upstream: MakeUpstream) -> None:
    upstream = await fake_upstream({"/engines/v1/models": plain("a")["/v1/models"]})
    [found] = await discover(ports=[WellKnown(upstream.port, "a test", "/engines/v1")])
    assert found.url == f"{upstream.url}/engines/v1"


async def test_discovery_does_nothing_but_look(fake_upstream: MakeUpstream) -> None:
    upstreams = [await fake_upstream(answers) for answers in ({}, vllm(), ollama())]
    await discover(ports=table(*upstreams))
    asked = [request for upstream in upstreams for request in upstream.requests]
    assert {request.method for request in asked} == {"GET"}
    assert not [request for request in asked if "health" in request.path]


def test_names_are_unique_and_tell_the_engine() -> None:
    found = [
        contact("http://127.0.0.1:1"),
        contact("http://127.0.0.1:2"),
        contact("http://h:7", "generic"),
    ]
    names = [entry["name"] for entry in configuration(found, taken=["vllm"])]
    assert names == ["vllm-2", "vllm-3", "server-7"]


async def test_what_is_found_is_printed_with_a_configuration_to_paste(
    fake_upstream: MakeUpstream,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    upstreams = [
        await fake_upstream(answers)
        for answers in (ollama(), vllm(), plain("a"), {"/v1/models": UNAUTHORIZED})
    ]
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(discovery, "WELL_KNOWN", table(*upstreams))
    assert await asyncio.to_thread(main, ["check", "--discover"]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert f"{upstreams[3].url}: it wants a key (401)" in out
    path = tmp_path / "pasted.yaml"
    path.write_text(out[out.index("integrations:") :])
    assert integrations(load(path, {})) == [
        ("ollama", "ollama", False),
        ("vllm", "openai-compatible", False),
        (f"server-{upstreams[2].port}", "openai-compatible", False),
    ]


async def test_nothing_found_is_said_and_gives_1(
    fake_upstream: MakeUpstream,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upstream = await fake_upstream({})
    monkeypatch.setattr(discovery, "WELL_KNOWN", table(upstream))
    assert await asyncio.to_thread(main, ["check", "--discover"]) == 1
    assert "No model server answers on this machine" in capsys.readouterr().out
    assert await asyncio.to_thread(main, ["check", "--discover", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"ok": False, "servers": [], "models": []}


def test_what_was_found_is_polled_beside_ollama(defaults: Settings) -> None:
    found = [contact("http://127.0.0.1:11434", "ollama"), contact("http://127.0.0.1:8000/v1")]
    assert integrations(with_discovered(defaults, found)) == [
        ("ollama", "ollama", False),
        ("vllm", "openai-compatible", False),
    ]


def test_an_ollama_that_nobody_named_may_be_away_where_others_are_there(
    defaults: Settings,
) -> None:
    assert integrations(with_discovered(defaults, [contact("http://127.0.0.1:8000/v1")])) == [
        ("ollama", "ollama", True),
        ("vllm", "openai-compatible", False),
    ]
    assert integrations(with_discovered(defaults, [])) == [("ollama", "ollama", False)]


def test_an_ollama_that_was_named_must_be_there(
    defaults: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "gpu-1")
    found = [contact("http://127.0.0.1:8000/v1"), contact("http://127.0.0.1:11434", "ollama")]
    assert integrations(with_discovered(defaults, found)) == [
        ("ollama", "ollama", False),
        ("vllm", "openai-compatible", False),
        ("ollama-2", "ollama", False),
    ]


def test_one_that_loads_is_polled_and_one_that_wants_a_key_is_not(defaults: Settings) -> None:
    found = [
        contact("http://127.0.0.1:8080/v1", None, LOADS),
        contact("http://127.0.0.1:4000/v1", None, WANTS_KEY),
    ]
    assert [name for name, *_ in integrations(with_discovered(defaults, found))] == [
        "ollama",
        "server-8080",
    ]


@pytest.mark.parametrize("with_file", [False, True])
async def test_serve_greets_with_what_it_found_unless_a_file_says_what_to_ask(
    fake_upstream: MakeUpstream, tmp_path: Path, with_file: bool
) -> None:
    first, second = await fake_upstream(ollama()), await fake_upstream(vllm())
    script = (
        "import sys; from service.cli import main; from service.integrations import discovery;"
        f"discovery.WELL_KNOWN = [discovery.WellKnown({second.port}, 'a test')];"
        "sys.exit(main(['serve', '--discover', '--greet']))"
    )
    environ = {
        "PATH": os.environ["PATH"],
        "OLLAMA_HOST": first.url,
        "ROLLCALL_SERVER__PORT": "0",
        "ROLLCALL_SERVER__HOST": "127.0.0.1",
        "ROLLCALL_SERVER__DRAIN_DELAY": "0s",
    }
    if with_file:
        path = tmp_path / "rollcall.yaml"
        path.write_text(yaml.safe_dump({"integrations": [{"name": "mine", "type": "ollama"}]}))
        environ["ROLLCALL_CONFIG"] = str(path)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, env=environ,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(15):
            said = (await process.stdout.readuntil(b"Try:")).decode()
    finally:
        process.terminate()
        await process.wait()
    listed = [line.strip() for line in said.splitlines() if line.startswith("  ")]
    assert listed == (
        ["mine 0.12.6: 13 models"]
        if with_file
        else ["ollama 0.12.6: 13 models", "vllm 0.11.0: 2 models"]
    )


@pytest.mark.parametrize("known", WELL_KNOWN, ids=lambda known: str(known.port))
def test_every_port_is_documented(known: WellKnown) -> None:
    text = (Path(__file__).parents[2] / "docs/first-contact.md").read_text()
    assert f"| {known.port} | {known.usually} |" in text


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_is_documented(cause: Cause) -> None:
    text = (Path(__file__).parents[2] / "docs/first-contact.md").read_text()
    assert f"| `{cause}` |" in text
