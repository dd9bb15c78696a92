"""Logs: one event a line, as JSON for machines or in columns for people.

Events are named ``noun.verb``. Exceptions are shown by class and place, never by their text, which
may hold a host, a URL or a key.
"""

import logging
import re
import sys
import traceback
from types import TracebackType
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_LIBRARIES: Final = ("aiohttp", "asyncio")
_FRAMES: Final = 8
_TEXT_CEILING: Final = 1024


def configure(*, level: str, form: str, stream: TextIO | None = None) -> None:
    """Set up logging for the process.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        form: ``json``, ``console``, or ``auto``: console where a person watches, else JSON.
        stream: where lines go; standard error by default.
    """
    stream = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    console = form == "console" or (form == "auto" and stream.isatty())
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_exception_text,
        _in_reading_order,
    ]
    last: Processor = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty())
        if console
        else structlog.processors.JSONRenderer(default=str)
    )
    structlog.configure(
        processors=[*common, last],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    _route_libraries(number)


def _route_libraries(number: int) -> None:
    """Send what aiohttp and asyncio log the same way, without their exceptions' text."""
    handler = _ToStructlog()
    for name in _LIBRARIES:
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(max(number, logging.WARNING))


class _ToStructlog(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        log.log(
            min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL),
            "library.logged",
            library=record.name,
            said=_template(record),
            exc_info=record.exc_info,
        )


def _template(record: logging.LogRecord) -> str:
    """Give what was said without the values: they may hold addresses, keys, what clients sent.

    Arguments are left out. asyncio writes some values into the template itself: callbacks and tasks
    with the ``repr`` of what they were given and of what they raised, in brackets or on lines of
    their own.
    """
    first_line, *_ = str(record.msg).splitlines() or [""]
    return re.split(r"[(<]", first_line, maxsplit=1)[0].strip()[:_TEXT_CEILING]


def _in_reading_order(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Put first what is read first: when, how bad, what."""
    first = {name: event.pop(name) for name in ("timestamp", "level", "event") if name in event}
    return {**first, **event}


def without_exception_text(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace an exception by its class and the places it came through."""
    said: Any = event.pop("exc_info", None)
    if said is True:
        said = sys.exc_info()
    if isinstance(said, tuple):
        said = said[1]
    if isinstance(said, BaseException):
        event["error"] = type(said).__name__
        event["at"] = _places(said.__traceback__)
    for name, value in event.items():
        if isinstance(value, BaseException):
            event[name] = type(value).__name__
    return event


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-_FRAMES:]
    return [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames]
