"""Models out of a file: read anew when it changes, and believed only when it is whole."""

import asyncio
import errno
import json
import os
import socket
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.canonical import MODELS_CEILING, text
from service.core.model import Source
from service.core.moment import Moment
from service.core.printing import model_document
from service.core.reading import Answer, Failure, Reading, advance
from service.core.reasons import Reason
from service.integrations import BadAnswerError, FileIntegration, IntegrationError
from service.integrations.file_integration import CEILING
from service.integrations.file_parsing import models_from_file
from service.integrations.probe import probe
from service.settings import FileSettings

LONG_AGO = 1_600_000_000.0
YAML = """\
- &house
  id: house:7b
  name: House 7B
  created: 2026-01-02T03:04:05Z
  capabilities: [completion, tools]
  details: {size: 4.7GB, family: house, context_length: 8192}
- {<<: *house, id: house:1b, created: 2026-01-02}
- house:3b
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "models.yaml"


def old(path: Path, content: str | bytes) -> Path:
    """Write a file that has stood still for years."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def young(path: Path, content: str) -> Path:
    """Write a file that may still be being written, for all that is known of it."""
    path.write_text(content)
    return path


def removed(path: Path) -> None:
    if path.is_dir():
        path.rmdir()
    path.unlink(missing_ok=True)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def ids(integration: FileIntegration) -> list[str]:
    return [model.id for model in (await integration.refresh()).models]


async def refused(integration: FileIntegration) -> Reason:
    with pytest.raises(IntegrationError) as caught:
        await integration.refresh()
    return caught.value.reason


async def test_a_list_is_read_with_all_that_it_says(path: Path) -> None:
    seven, one, three = (await FileIntegration(old(path, YAML)).refresh()).models
    assert (seven.id, seven.created, seven.extras.name) == ("house:7b", 1767323045, "House 7B")
    assert (seven.details.size, seven.details.context_length) == ("4.7GB", 8192)
    assert seven.capabilities["tools"] is True
    assert set(seven.provenance.values()) == {Source.DECLARED}
    assert (one.id, one.created, one.details) == ("house:1b", 1767312000, seven.details)
    assert (three.id, three.capabilities) == ("house:3b", {})


async def test_the_settings_make_one(path: Path) -> None:
    settings = FileSettings(name="a", type="file", path=str(old(path, "[a]")))
    async with FileIntegration.configured(settings, timeout=1.0) as integration:
        assert await ids(integration) == ["a"]


@pytest.mark.parametrize(
    "content",
    [
        *(
            "- a\n- b",
            "[a, b]",
            '["a", "b"]',
            "models: [a, {id: b}]",
            '{"data": [{"id": "a"}, "b"]}',
        ),
        *(
            "\ufeff- a\n- b",
            '\ufeff["a", "b"]',
            " \n\n[\"a\", 'b']",
            "- a\n- b\n- 7\n- {id: 3}\n- ~",
        ),
        "# comment\n---\nmodels:\n- id: a\n- b\n...\n",
    ],
)
async def test_yaml_and_json_are_read_in_every_shape(path: Path, content: str) -> None:
    assert await ids(FileIntegration(old(path, content))) == ["a", "b"]


async def test_entries_that_are_no_models_are_counted(path: Path) -> None:
    refreshed = await FileIntegration(old(path, "[a, 7, {}, b, a]")).refresh()
    assert ([model.id for model in refreshed.models], refreshed.dropped) == (["a", "b"], 3)


async def test_an_empty_list_is_one_and_an_empty_file_is_none(path: Path) -> None:
    assert await ids(FileIntegration(old(path, "models: []"))) == []
    assert await refused(FileIntegration(old(path, ""))) is Reason.BAD_BODY


async def test_a_file_called_json_is_read_as_nothing_else(tmp_path: Path) -> None:
    assert await refused(FileIntegration(old(tmp_path / "a.json", "- a"))) is Reason.BAD_BODY
    assert await ids(FileIntegration(old(tmp_path / "b.JSON", '["a", "b\\ud800"]'))) == ["a"]


async def test_a_change_is_seen_even_if_the_file_system_tells_of_none(path: Path) -> None:
    integration = FileIntegration(old(path, "[a]"))
    first = await integration.refresh()
    old(path, "[b]")
    assert await ids(integration) == ["b"]
    old(path, "[a]")
    assert await integration.refresh() == first


async def test_what_has_not_changed_is_not_taken_apart_again(path: Path) -> None:
    integration = FileIntegration(old(path, YAML))
    first = await integration.refresh()
    young(path, YAML)
    assert await integration.refresh() is first


async def test_a_file_is_replaced(path: Path) -> None:
    integration = FileIntegration(old(path, "[a]"))
    assert await ids(integration) == ["a"]
    old(path.with_suffix(".new"), "[b]").replace(path)
    assert await ids(integration) == ["b"]


async def test_the_link_of_a_mounted_config_map_is_swapped(tmp_path: Path) -> None:
    for version, content in (("..1", "[a]"), ("..2", "[b]")):
        (tmp_path / version).mkdir()
        old(tmp_path / version / "models.yaml", content)
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "models.yaml").symlink_to("..data/models.yaml")
    integration = FileIntegration(tmp_path / "models.yaml")
    assert await ids(integration) == ["a"]
    (tmp_path / "..data_tmp").symlink_to("..2")
    (tmp_path / "..data_tmp").replace(tmp_path / "..data")
    assert await ids(integration) == ["b"]


async def test_a_file_that_is_being_written_is_read_when_it_stands_still(path: Path) -> None:
    """Half of a list is a good list: only that it still changes gives it away."""
    rest = iter(["- b\n", "- c\n"])

    def goes_on_writing() -> float:
        with path.open("a") as file:
            file.write(next(rest, ""))
        return time.time()

    young(path, "- a\n")
    assert await ids(FileIntegration(path, wall=goes_on_writing)) == ["a", "b", "c"]


async def test_a_file_that_is_written_without_an_end_is_of_no_use(path: Path) -> None:
    def goes_on_writing() -> float:
        with path.open("a") as file:
            file.write("- a\n")
        return time.time()

    young(path, "- a\n")
    assert await refused(FileIntegration(path, wall=goes_on_writing)) is Reason.BAD_BODY


async def test_a_file_out_of_the_future_is_read(path: Path) -> None:
    old(path, "[a]")
    os.utime(path, (time.time() + 86400,) * 2)
    assert await ids(FileIntegration(path)) == ["a"]


async def marked_anew(integration: FileIntegration, before: object) -> None:
    async with asyncio.timeout(5):
        while integration.mark() == before:
            await asyncio.sleep(0.01)


async def test_its_mark_changes_with_the_file_so_that_a_mended_one_is_not_waited_for(
    path: Path,
) -> None:
    integration = FileIntegration(old(path, "[a]"))
    await integration.refresh()
    for change in (lambda: old(path, "[b, c]"), lambda: removed(path), lambda: old(path, "[d]")):
        before = integration.mark()
        assert [integration.mark() for _ in range(3)] == [before] * 3
        change()
        await marked_anew(integration, before)
    assert await ids(integration) == ["d"]


async def test_looking_takes_no_longer_than_the_timeout(path: Path) -> None:
    assert await refused(FileIntegration(young(path, "[a]"), 0.01)) is Reason.TIMEOUT


def missing(path: Path) -> None:
    path.unlink()


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    path.unlink()
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


def link_to(target: str) -> Callable[[Path], None]:
    def link(path: Path) -> None:
        path.unlink()
        path.symlink_to(target)

    return link


def holds(content: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


FAULTS = {
    "missing": (missing, Reason.NOT_FOUND),
    "a link to nothing": (link_to("nothing"), Reason.NOT_FOUND),
    "a link to itself": (link_to("models.yaml"), Reason.NOT_FOUND),
    "a directory": (directory, Reason.NOT_FOUND),
    "a pipe": (pipe, Reason.NOT_FOUND),
    "a socket": (unix_socket, Reason.NOT_FOUND),
    "an endless device": (link_to("/dev/zero"), Reason.NOT_FOUND),
    "huge": (holds(b"- a\n" * (CEILING // 4 + 1)), Reason.TOO_LARGE),
    "emptied": (holds(b"# "), Reason.BAD_BODY),
    "cut in a word": (holds(YAML.encode()[:-20]), Reason.BAD_BODY),
    "cut after a key": (holds(b"models:\n"), Reason.BAD_BODY),
    "cut JSON": (holds(b'[{"id": "a"}, {"id": "b'), Reason.BAD_BODY),
    "NUL": (holds(b"- a\n\x00\n"), Reason.BAD_BODY),
    "only NULs": (holds(bytes(4096)), Reason.BAD_BODY),
    "not UTF-8": (holds(b"- a\n- \xff\xfe\n"), Reason.BAD_BODY),
    "UTF-16": (holds("- a\n".encode("utf-16")), Reason.BAD_BODY),
    "of another shape": (holds(b"a: 1\n"), Reason.BAD_BODY),
    "a list of no models": (holds(b"[1, {}, null]"), Reason.BAD_BODY),
    "a program": (holds(b"!!python/object/apply:os.system [touch /tmp/x]"), Reason.BAD_BODY),
    "nested": (holds(b"[" * 1_000_000), Reason.BAD_BODY),
    "nested as YAML": (holds(b"- " * 1_000_000), Reason.BAD_BODY),
}


@pytest.mark.parametrize(("breaks", "reason"), FAULTS.values(), ids=FAULTS)
async def test_whatever_becomes_of_the_file_the_last_good_list_stays(
    path: Path, breaks: Callable[[Path], Any], reason: Reason
) -> None:
    integration = FileIntegration(old(path, YAML))
    outcome = await probe(integration, deadline=5)
    assert isinstance(outcome, Answer)
    before = advance(Reading(name="a"), outcome, now=Moment(0.0, LONG_AGO))
    assert len(before.models) == 3

    breaks(path)
    started = time.monotonic()
    outcome = await probe(integration, deadline=5)
    assert time.monotonic() - started < 2
    assert isinstance(outcome, Failure)
    assert outcome.reason is reason
    after = advance(before, outcome, now=Moment(15.0, LONG_AGO + 15))
    assert after.models == before.models

    removed(path)
    old(path, "[fresh]")
    assert await ids(integration) == ["fresh"]


async def test_a_pipe_never_blocks_even_while_somebody_holds_it_open(path: Path) -> None:
    os.mkfifo(path)
    holding = os.open(path, os.O_RDWR)
    try:
        os.write(holding, b"- a\n")
        assert await refused(FileIntegration(path, 1.0)) is Reason.NOT_FOUND
    finally:
        os.close(holding)


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        *((errno.EACCES, Reason.UNAUTHORIZED), (errno.EPERM, Reason.UNAUTHORIZED)),
        *((errno.EMFILE, Reason.INTERNAL), (errno.ENFILE, Reason.INTERNAL)),
        *((errno.EIO, Reason.REFUSED), (errno.ESTALE, Reason.REFUSED)),
        *((errno.ENOTDIR, Reason.NOT_FOUND), (errno.ENAMETOOLONG, Reason.NOT_FOUND)),
    ],
    ids=lambda value: errno.errorcode.get(value, value) if isinstance(value, int) else str(value),
)
async def test_what_the_system_says_becomes_a_code_and_never_tells_the_path(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: Reason
) -> None:
    def fail(*_: Any) -> int:
        raise OSError(number, os.strerror(number), str(path))

    old(path, "[a]")
    for name in ("open", "read"):
        with monkeypatch.context() as patched:
            patched.setattr(os, name, fail)
            with pytest.raises(IntegrationError) as caught:
                await FileIntegration(path).refresh()
        assert caught.value.reason is reason
        printed = traceback.TracebackException.from_exception(caught.value, lookup_lines=False)
        assert str(path.parent) not in "".join(printed.format())


@pytest.mark.parametrize("name", ["a\x00b", "x" * 5000, "\ud800"])
async def test_a_path_that_can_be_none_is_not_found(tmp_path: Path, name: str) -> None:
    assert await refused(FileIntegration(tmp_path / name)) is Reason.NOT_FOUND


async def test_no_descriptor_is_left_open(path: Path) -> None:
    before = descriptors()
    for _ in range(5):
        await refused(FileIntegration(path.parent))
        await ids(FileIntegration(old(path.with_suffix(".other"), "[a]")))
    assert descriptors() == before


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
async def test_a_long_list_is_cut_at_the_limit_and_holds_nobody_up(path: Path, suffix: str) -> None:
    entry = json.dumps({"created": 7, "capabilities": ["tools"], "details": {"family": "x"}})[1:]
    lines = [f'{{"id": "m-{number}", {entry}' for number in range(MODELS_CEILING + 1)]
    content = f"[{','.join(lines)}]" if suffix == ".json" else "- " + "\n- ".join(lines)
    integration = FileIntegration(old(path.with_suffix(suffix), content), 20.0)
    asked = asyncio.create_task(integration.refresh())
    longest, before = 0.0, time.monotonic()
    while not asked.done():
        await asyncio.sleep(0.001)
        now = time.monotonic()
        longest, before = max(longest, now - before), now
    refreshed = await asked
    assert len(refreshed.models) == MODELS_CEILING
    assert refreshed.impaired is Reason.TRUNCATED
    assert longest < 0.5


JSON = st.recursive(
    st.one_of(
        *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
        st.sampled_from(["\ud800", "a\u202eb", "x" * 300, 10**400, 1e400]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["id", "models", "data", "created", "details", "capabilities", "name"]),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=25,
)


@given(st.one_of(JSON.map(json.dumps).map(str.encode), st.binary(), st.text()))
def test_whatever_the_file_holds_it_is_read_strictly_or_refused(content: Any) -> None:
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
    try:
        models = models_from_file(raw).models
    except BadAnswerError:
        return
    assert len({model.id for model in models}) == len(models)
    for model in models:
        json.dumps(model_document(model, owned_by="x"), allow_nan=False).encode()
        assert text(model.id, ceiling=256) == model.id
        assert model.created >= 0
