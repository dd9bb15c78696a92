"""Lines for machines and for people, and nothing in them that somebody else's text may hold."""

import asyncio
import io
import json
import logging
import re
from collections.abc import Callable
from typing import Any, Final

import aiohttp
import pytest
import structlog

from service.observability.logs import configure

CANARY: Final = "sk-canary-9f8e7d"


class Terminal(io.StringIO):
    """Says that a person watches."""

    def isatty(self) -> bool:
        return True


def configured(
    level: str = "info", form: str = "json", stream: io.StringIO | None = None
) -> io.StringIO:
    stream = stream or io.StringIO()
    configure(level=level, form=form, stream=stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def leaks() -> None:
    try:
        int(CANARY)
    except ValueError as error:
        error.add_note(f"a note of {CANARY}")
        raise RuntimeError(f"while using {CANARY}") from error


def test_a_line_is_one_json_object_with_its_event_level_and_time() -> None:
    stream = configured()
    structlog.get_logger().warning("integration.status_changed", integration="a", models=3)
    (line,) = lines(stream)
    stamp = line.pop("timestamp")
    assert line == {
        "event": "integration.status_changed",
        "integration": "a",
        "models": 3,
        "level": "warning",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", stamp)


def test_context_that_was_bound_is_on_every_line() -> None:
    stream = configured()
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger().info("request.done")
    structlog.get_logger().info("request.done")
    assert [line.get("request_id") for line in lines(stream)] == ["r-1", None]


def test_what_is_no_json_still_makes_a_line() -> None:
    stream = configured()
    structlog.get_logger().info("odd.values", path=object, pattern=re.compile("x"))
    assert lines(stream)[0]["event"] == "odd.values"


def test_line_breaks_in_values_make_no_second_line() -> None:
    stream = configured()
    structlog.get_logger().info("request.done", path='/x\n{"event":"forged"}\r\x1b[2J')
    assert len(lines(stream)) == 1
    assert "\x1b" not in stream.getvalue()


def test_the_console_is_one_line_in_columns_for_people() -> None:
    stream = configured(form="console")
    structlog.get_logger().info("integration.registered", integration="a", type="ollama")
    assert len(stream.getvalue().splitlines()) == 1
    assert "integration.registered" in stream.getvalue()
    assert "integration=a" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize(("stream", "json_lines"), [(io.StringIO, True), (Terminal, False)])
def test_by_itself_it_speaks_columns_to_a_terminal_and_json_to_all_else(
    stream: Callable[[], io.StringIO], json_lines: bool
) -> None:
    out = configured(form="auto", stream=stream())
    structlog.get_logger().info("integration.registered")
    assert out.getvalue().startswith("{") is json_lines
    assert ("\x1b" in out.getvalue()) is not json_lines


LEVELS: Final = ("debug", "info", "warning", "error", "critical")


@pytest.mark.parametrize("level", LEVELS[:-1])
def test_only_what_is_grave_enough_is_written(level: str) -> None:
    stream = configured(level)
    log = structlog.get_logger()
    for each in LEVELS:
        getattr(log, each)("some.event")
    assert [line["level"] for line in lines(stream)] == list(LEVELS[LEVELS.index(level) :])


@pytest.mark.parametrize("level", LEVELS[:-1])
def test_libraries_are_heard_from_warnings_on_whatever_our_own_level(level: str) -> None:
    stream = configured(level)
    for name in ("aiohttp.access", "aiohttp.server", "asyncio"):
        for each in LEVELS:
            getattr(logging.getLogger(name), each)("said")
    expected = list(LEVELS[max(LEVELS.index(level), LEVELS.index("warning")) :])
    assert [line["level"] for line in lines(stream)] == expected * 3


def test_what_a_library_says_is_told_as_ours_and_once(caplog: pytest.LogCaptureFixture) -> None:
    stream = configured()
    configure(level="info", form="json", stream=stream)
    logging.getLogger("aiohttp.server").error("Error handling request from %s", "10.0.0.1")
    (line,) = lines(stream)
    assert line["event"] == "library.logged"
    assert line["library"] == "aiohttp.server"
    assert line["said"] == "Error handling request from %s"
    assert "10.0.0.1" not in stream.getvalue()
    assert not caplog.records


def test_a_library_that_talks_at_length_is_cut_short() -> None:
    stream = configured()
    logging.getLogger("aiohttp.server").error("x" * 100_000)
    assert len(stream.getvalue()) < 2000


def test_a_level_that_no_one_knows_is_written_too() -> None:
    stream = configured()
    logging.getLogger("aiohttp.server").log(35, "said")
    assert len(lines(stream)) == 1


FORMS: Final = ("json", "console")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [None, "aiohttp.server", "asyncio"])
def test_an_exception_is_told_by_class_and_place_never_by_its_text(
    form: str, name: str | None
) -> None:
    stream = configured(form=form)
    log = structlog.get_logger() if name is None else logging.getLogger(name)
    try:
        leaks()
    except RuntimeError as error:
        log.exception("it.broke")
        log.error("it.broke", exc_info=error)  # noqa: TRY400 -- one more way
        log.error("it.broke", exc_info=True)  # noqa: G201 -- each way to say it
        log.critical("it.broke", exc_info=(type(error), error, error.__traceback__))
    assert CANARY not in stream.getvalue()
    assert stream.getvalue().count("RuntimeError") == 4
    assert stream.getvalue().count("leaks") == 4
    assert "Traceback" not in stream.getvalue()


def test_an_exception_s_places_are_few_and_without_folders() -> None:
    def deep(levels: int) -> None:
        if levels:
            deep(levels - 1)
        leaks()

    stream = configured()
    try:
        deep(100)
    except RuntimeError as error:
        structlog.get_logger().error("it.broke", exc_info=error)
    (line,) = lines(stream)
    assert line["error"] == "RuntimeError"
    assert len(line["at"]) <= 8
    assert re.fullmatch(r"test_logs\.py:\d+ leaks", line["at"][-1])
    assert "/" not in "".join(line["at"])


def test_no_exception_where_none_is_meant() -> None:
    stream = configured()
    structlog.get_logger().critical("task.died", task="a", exc_info=None)
    logging.getLogger("asyncio").error("said", exc_info=(None, None, None))
    assert all("error" not in line and "exc_info" not in line for line in lines(stream))


@pytest.mark.parametrize("form", FORMS)
def test_an_exception_that_is_passed_as_a_plain_value_is_told_by_its_class(form: str) -> None:
    stream = configured(form=form)
    structlog.get_logger().error("it.broke", cause=ValueError(CANARY))
    assert CANARY not in stream.getvalue()
    assert "ValueError" in stream.getvalue()


def test_the_arguments_of_a_library_s_line_are_left_out() -> None:
    stream = configured()
    error = aiohttp.ClientConnectionError(CANARY)
    logging.getLogger("aiohttp.client").warning("Could not read .netrc file: %s", error)
    assert CANARY not in stream.getvalue()
    assert len(lines(stream)) == 1


async def fails() -> None:
    raise ValueError(CANARY)


def breaks(_: object) -> None:
    raise ValueError(CANARY)


async def never_retrieved() -> None:
    task = asyncio.create_task(fails())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task


async def in_a_callback() -> None:
    asyncio.get_running_loop().call_soon(breaks, ValueError(CANARY))
    await asyncio.sleep(0)


async def by_hand() -> None:
    asyncio.get_running_loop().call_exception_handler(
        {"message": "Something broke", "exception": ValueError(CANARY), "what": CANARY}
    )


@pytest.mark.parametrize("breakage", [never_retrieved, in_a_callback, by_hand])
async def test_what_asyncio_says_of_a_lost_exception_is_told_without_its_text(
    breakage: Callable[[], Any],
) -> None:
    """Asyncio puts the exception's text into the message itself, not into an argument."""
    stream = configured()
    asyncio.get_running_loop().set_exception_handler(None)
    await breakage()
    (line,) = lines(stream)
    assert line["library"] == "asyncio"
    assert line["error"] == "ValueError"
    assert CANARY not in stream.getvalue()
    assert line["said"].split()[0] in ("Task", "Exception", "Something")
