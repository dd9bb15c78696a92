"""The command line as fallback: when it is used, what is read from it, and what it leaves."""

import asyncio
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from service.core.reasons import Reason
from service.integrations import BadAnswerError, IntegrationError, UnreachableError
from service.integrations.ollama_cli import OUTPUT_CEILING, ollama_list
from service.integrations.ollama_parsing import models_from_cli
from tests.conftest import MakeUpstream
from tests.fakes import FakeUpstream, Hang, Raw, Reset, Status, ollama_answers
from tests.integrations.conftest import MakeOllama

TABLE = """\
NAME                       ID              SIZE      MODIFIED      \n\
qwen3:8b                   e76141579f16    5.2 GB    3 days ago    \n\
nomic-embed-text:latest    db3038ead31e    274 MB    2 weeks ago   \n\
gpt-oss:120b-cloud         7d2a506094c5    -         Never         \n\
acme/support-bot:v3        sha256:abc12    1.0 KB    24 hours ago  \n\
"""
MakeScript = Callable[[str], str]


@pytest.fixture
def script(tmp_path: Path) -> MakeScript:
    """Give a maker of executables that stand in for ``ollama``."""

    def make(text: str) -> str:
        path = tmp_path / "ollama"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o700)
        return str(path)

    return make


@pytest.fixture
def prints(script: MakeScript, tmp_path: Path) -> str:
    """A command line that works, and notes each time that it was used."""
    (tmp_path / "table").write_text(TABLE)
    return script(f'echo used >> "{tmp_path}/used"; cat "{tmp_path}/table"')


@pytest.fixture
async def gone(fake_upstream: MakeUpstream) -> FakeUpstream:
    """An upstream whose port refuses connections."""
    upstream = await fake_upstream({})
    await upstream.stop()
    return upstream


def alive_in_session(leader: int) -> list[int]:
    """List the processes of the session that ``leader`` began, and the zombies that are ours.

    A dead grandchild is for PID 1 to reap.
    """
    found = []
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        orphan = fields[0] == "Z" and int(fields[1]) != os.getpid()
        if entry.name.isdigit() and int(fields[3]) == leader and not orphan:
            found.append(int(entry.name))
    return found


def running_from(folder: Path) -> list[str]:
    """List the processes that have something in ``folder`` on their command lines."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            arguments = (entry / "cmdline").read_text()
            found += [arguments] if str(folder) in arguments else []
    return found


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


async def none_left(pid_file: Path) -> bool:
    """Wait a moment for the kernel to end what was killed, and say whether all of it went."""
    leader = int(read(pid_file))
    for _ in range(100):
        if not alive_in_session(leader):
            return True
        await asyncio.sleep(0.01)
    return False


class TestWhenItIsUsed:
    async def test_a_refused_connection_is_answered_by_the_command_line(
        self, gone: FakeUpstream, ollama: MakeOllama, prints: str
    ) -> None:
        refreshed = await ollama(gone, cli_fallback=prints).refresh()
        assert [(model.id, model.details.size) for model in refreshed.models] == [
            ("qwen3:8b", "5.2GB"),
            ("nomic-embed-text:latest", "274MB"),
            ("gpt-oss:120b-cloud", None),
            ("acme/support-bot:v3", "1.0KB"),
        ]
        assert refreshed.impaired is Reason.CLI
        assert refreshed.models[0].details.family == "qwen3"
        assert refreshed.models[0].capabilities == {}

    async def test_it_counts_as_available(
        self, gone: FakeUpstream, ollama: MakeOllama, prints: str
    ) -> None:
        assert await ollama(gone, cli_fallback=prints).is_available()

    @pytest.mark.parametrize(
        "answer",
        [
            *(Status(401), Status(403), Status(404), Status(429), Status(500), Status(302)),
            *(b"<html>", {"models": 3}, Raw(b"junk\r\n\r\n"), Reset(), Hang()),
        ],
        ids=str,
    )
    async def test_a_server_that_can_be_connected_to_is_not_second_guessed(
        self,
        fake_upstream: MakeUpstream,
        ollama: MakeOllama,
        prints: str,
        tmp_path: Path,
        answer: Any,
    ) -> None:
        upstream = await fake_upstream({"/api/tags": answer})
        with pytest.raises(BadAnswerError):
            await ollama(upstream, cli_fallback=prints, timeout=0.4).refresh()
        assert not (tmp_path / "used").exists()

    async def test_while_the_api_answers_it_is_not_used(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama, prints: str, tmp_path: Path
    ) -> None:
        upstream = await fake_upstream(ollama_answers())
        assert len((await ollama(upstream, cli_fallback=prints).refresh()).models) == 13
        assert not (tmp_path / "used").exists()

    async def test_what_was_known_stays_known_where_the_digest_is_the_same(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama, prints: str
    ) -> None:
        upstream = await fake_upstream(ollama_answers())
        integration = ollama(upstream, cli_fallback=prints)
        before = {model.id: model for model in (await integration.refresh()).models}
        await upstream.stop()
        after = {model.id: model for model in (await integration.refresh()).models}
        assert after["qwen3:8b"].capabilities == before["qwen3:8b"].capabilities
        assert after["qwen3:8b"].digest == before["qwen3:8b"].digest
        assert after["qwen3:8b"].loaded is None
        assert after["gpt-oss:120b-cloud"].details.context_length == 131072
        # Its digest in the table is another one: it was pulled anew.
        assert after["acme/support-bot:v3"].details.parameter_size is None

    @pytest.mark.parametrize("choice", ["off", "auto"])
    async def test_switched_off_or_in_a_container_it_is_not_looked_for(
        self,
        gone: FakeUpstream,
        ollama: MakeOllama,
        prints: str,
        monkeypatch: pytest.MonkeyPatch,
        choice: str,
    ) -> None:
        monkeypatch.setenv("PATH", str(Path(prints).parent), prepend=":")
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
        with pytest.raises(UnreachableError) as caught:
            await ollama(gone, cli_fallback=choice).refresh()
        assert caught.value.reason is Reason.REFUSED
        assert not Path(prints).with_name("used").exists()

    async def test_on_a_host_it_is_found_on_the_path(
        self,
        gone: FakeUpstream,
        ollama: MakeOllama,
        prints: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("PATH", str(Path(prints).parent), prepend=":")
        monkeypatch.setattr(
            "service.integrations.ollama_integration.in_container", lambda **_: False
        )
        assert (await ollama(gone, cli_fallback="auto").refresh()).impaired is Reason.CLI

    def test_a_path_that_is_not_absolute_is_refused(self, ollama: MakeOllama) -> None:
        """It would be looked up in whatever folder we were started in."""
        with pytest.raises(ValueError, match="absolute"):
            ollama("localhost", cli_fallback="bin/ollama")


class TestHowItIsRun:
    async def test_its_environment_holds_three_variables_and_its_arguments_one_word(
        self, script: MakeScript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOME_API_KEY", "hunter2")
        monkeypatch.setenv("LD_PRELOAD", "")
        seen = tmp_path / "seen"
        path = script(f'exec /usr/bin/env python3 -c "$(cat {tmp_path}/tell)" "$@"')
        path = script(
            f'tr "\\0" "\\n" < /proc/$$/environ > "{seen}"; echo "$#:$*" >> "{seen}";'
            f' readlink /proc/$$/fd/0 >> "{seen}"'
        )
        await ollama_list(path, host="http://h:1/$(id)", timeout=2)
        *environ, arguments, stdin = seen.read_text().splitlines()
        assert {line.partition("=")[0] for line in environ} == {"OLLAMA_HOST", "HOME", "LANG"}
        assert "OLLAMA_HOST=http://h:1/$(id)" in environ
        assert arguments == "1:list"
        assert stdin == "/dev/null"

    async def test_no_shell_ever_reads_the_path_or_the_host(self, tmp_path: Path) -> None:
        bait = tmp_path / "bait"
        for path in (f"/bin/true; touch {bait}", f"$(touch {bait})", f"/bin/sh -c 'touch {bait}'"):
            with pytest.raises(IntegrationError) as caught:
                await ollama_list(path, host=f"; touch {bait}", timeout=1)
            assert caught.value.reason is Reason.CLI
        await ollama_list("/bin/true", host=f"'; touch {bait} #", timeout=1)
        assert not bait.exists()

    @pytest.mark.parametrize("kind", ["missing", "not executable", "folder", "no program"])
    async def test_what_cannot_be_run_is_a_failure_of_the_command_line(
        self, tmp_path: Path, kind: str
    ) -> None:
        path = tmp_path / "ollama"
        if kind == "folder":
            path.mkdir()
        elif kind != "missing":
            path.write_bytes(b"\x00\x01")
            path.chmod(0o700 if kind == "no program" else 0o600)
        with pytest.raises(IntegrationError) as caught:
            await ollama_list(str(path), host="h", timeout=1)
        assert caught.value.reason is Reason.CLI

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("echo 'Error: could not connect' >&2; exit 1", id="exit 1"),
            pytest.param("kill -9 $$", id="killed"),
            pytest.param("sleep 60", id="hangs"),
            pytest.param("trap '' TERM INT HUP; while :; do sleep 1; done", id="ignores TERM"),
            pytest.param("sleep 60 & exit 0", id="grandchild holds the pipe"),
            pytest.param("sleep 60 & sleep 60 & wait", id="grandchildren"),
            pytest.param("exec yes", id="floods stdout"),
            pytest.param("exec yes >&2", id="floods stderr"),
            pytest.param("yes >&2 & exec yes", id="floods both"),
        ],
    )
    async def test_whatever_it_does_it_ends_in_time_and_leaves_no_process(
        self, script: MakeScript, tmp_path: Path, text: str
    ) -> None:
        pid = tmp_path / "pid"
        started = time.monotonic()
        with pytest.raises(IntegrationError) as caught:
            await ollama_list(script(f'echo $$ > "{pid}"\n{text}'), host="h", timeout=0.3)
        assert caught.value.reason is Reason.CLI
        assert time.monotonic() - started < 1.2
        assert await none_left(pid)

    async def test_a_grandchild_that_left_the_group_cannot_hold_us(
        self, script: MakeScript, tmp_path: Path
    ) -> None:
        pid, escaped = tmp_path / "pid", tmp_path / "escaped"
        path = script(
            f'echo $$ > "{pid}"\nsetsid sh -c \'echo $$ > "{escaped}"; exec sleep 20\' &\nsleep 0.1'
        )
        started = time.monotonic()
        try:
            with pytest.raises(IntegrationError):
                await ollama_list(path, host="h", timeout=0.3)
            assert time.monotonic() - started < 2
            assert await none_left(pid)
        finally:
            os.kill(int(escaped.read_text()), 9)

    async def test_being_cancelled_ends_it_as_well(
        self, script: MakeScript, tmp_path: Path
    ) -> None:
        pid = tmp_path / "pid"
        path = script(f'echo $$ > "{pid}"\nsleep 60 & sleep 60')
        task = asyncio.create_task(ollama_list(path, host="h", timeout=10))
        while not read(pid):
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await none_left(pid)

    @pytest.mark.parametrize("ticks", range(12))
    async def test_being_cancelled_at_any_tick_of_its_start_ends_it_as_well(
        self, script: MakeScript, tmp_path: Path, ticks: int
    ) -> None:
        (tmp_path / "sleeper").symlink_to("/bin/sleep")
        path = script(f"{tmp_path}/sleeper 20 & {tmp_path}/sleeper 20")
        task = asyncio.create_task(ollama_list(path, host="h", timeout=10))
        for _ in range(ticks):
            await asyncio.sleep(0)
        time.sleep(0.05)  # noqa: ASYNC251 -- the shell goes on, and we stand still at this tick
        task.cancel()
        async with asyncio.timeout(2):
            with pytest.raises(asyncio.CancelledError):
                await task
        for _ in range(100):
            if not running_from(tmp_path):
                return
            await asyncio.sleep(0.01)
        assert running_from(tmp_path) == []

    async def test_output_just_within_the_limit_is_taken(
        self, script: MakeScript, tmp_path: Path
    ) -> None:
        (tmp_path / "much").write_text("x" * OUTPUT_CEILING)
        path = script(f'cat "{tmp_path}/much"; cat "{tmp_path}/much" >&2')
        assert len(await ollama_list(path, host="h", timeout=5)) == OUTPUT_CEILING

    @pytest.mark.parametrize(
        "text",
        ["exit 1", "sleep 60", "echo nothing of use", "trap '' TERM; sleep 60 & sleep 60"],
    )
    async def test_if_it_fails_too_what_the_api_said_stays_the_cause_and_the_deadline_holds(
        self, gone: FakeUpstream, ollama: MakeOllama, script: MakeScript, text: str
    ) -> None:
        integration = ollama(gone, cli_fallback=script(text), timeout=0.6)
        started = time.monotonic()
        with pytest.raises(IntegrationError) as caught:
            await integration.refresh()
        assert caught.value.reason is Reason.REFUSED
        assert time.monotonic() - started < 1


class TestItsTable:
    def test_the_columns_are_told_apart_by_two_spaces(self) -> None:
        models = models_from_cli(TABLE, known={})
        assert [(model.id, model.digest) for model in models] == [
            ("qwen3:8b", "e76141579f16"),
            ("nomic-embed-text:latest", "db3038ead31e"),
            ("gpt-oss:120b-cloud", "7d2a506094c5"),
            ("acme/support-bot:v3", None),
        ]

    def test_a_header_alone_is_an_empty_list(self) -> None:
        assert models_from_cli("NAME    ID    SIZE    MODIFIED    \n", known={}) == ()

    @pytest.mark.parametrize(
        "printed",
        [
            "",
            "\n\n",
            "Error: something\n",
            "NOM    ID    TAILLE    MODIFIÉ\n",
            "NAME    SIZE    ID\nqwen3:8b    5 GB    e76141579f16\n",
            "qwen3:8b    e76141579f16    5.2 GB    3 days ago\n",
            "NAME ID SIZE MODIFIED\nqwen3:8b e76141579f16 5.2 GB 3 days ago\n",
            "\x1b[1mNAME    ID    SIZE    MODIFIED\x1b[0m\nqwen3:8b    e7    5 GB    now\n",
            json.dumps({"models": [{"name": "qwen3:8b"}]}),
        ],
    )
    def test_what_is_no_such_table_is_refused(self, printed: str) -> None:
        with pytest.raises(BadAnswerError) as caught:
            models_from_cli(printed, known={})
        assert caught.value.reason is Reason.BAD_BODY

    def test_a_bad_row_costs_no_good_one(self) -> None:
        head = "NAME    ID    SIZE    MODIFIED\n"
        bad = "\x1b[31mred:1b\x1b[0m    aa    1 GB    now\nb\x00d    aa    1 GB    now\nshort\n"
        models = models_from_cli(f"{head}{bad}good:1b    e76141579f16    ?    now\n", known={})
        assert [(model.id, model.details.size) for model in models] == [("good:1b", None)]

    async def test_bytes_that_are_no_text_cost_only_their_row(
        self, script: MakeScript, tmp_path: Path, gone: FakeUpstream, ollama: MakeOllama
    ) -> None:
        rows = b"\xff\xfe\x1b[0m    aa    1 GB    now\nok    bb    1 GB    x\n"
        (tmp_path / "table").write_bytes(b"NAME    ID    SIZE    MODIFIED\n" + rows)
        integration = ollama(gone, cli_fallback=script(f'cat "{tmp_path}/table"'))
        assert [model.id for model in (await integration.refresh()).models] == ["ok"]
