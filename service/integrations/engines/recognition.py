"""Which engine answers: by its list and headers; where these don't tell, by a few harmless GETs."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from service.core.reasons import Reason
from service.integrations.engines import ENGINES, GENERIC, Engine, Signs
from service.integrations.engines.openai_list import entries_of, mappings_in
from service.integrations.errors import IntegrationError

_NO_ANSWER: Final = frozenset(
    {Reason.TIMEOUT, Reason.RESET, Reason.REFUSED, Reason.DNS, Reason.LOADING, Reason.RATE_LIMITED}
)
"""Reasons that say nothing about whether a server knows a path."""

Ask = Callable[[str], Awaitable[Any]]
"""GET a path at the server's root, decoded. Raises ``IntegrationError``."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """Who answers; ``surely`` is false where another look may find more."""

    engine: Engine
    surely: bool


def signs_of(listed: Any, server: str) -> Signs:
    """Gather what a list, and the headers that came with it, tell of who sent them.

    Raises:
        BadAnswerError: there is no list to go by.
    """
    entries_of(listed)
    entries = mappings_in(listed)
    return Signs(listed=listed, entry=entries[0] if entries else {}, server=server)


def has_moved(engine: Engine, signs: Signs) -> bool:
    """Say whether a list can no longer be one of ``engine``: another server took its place."""
    certain = _by_signs(signs)
    if certain is not None:
        return certain is not engine
    return engine is not GENERIC and engine.recognise(signs) is False


async def recognised(signs: Signs, ask: Ask, *, ends: float) -> Recognised:
    """Find out who answers, until the loop's time is ``ends``; nobody known is ``generic``."""
    certain = _by_signs(signs)
    if certain is not None:
        return Recognised(certain, surely=True)
    candidates = [engine for engine in ENGINES.values() if engine.recognise(signs) is None]
    paths = {path for engine in candidates for path, _ in engine.signs}
    answers = dict(zip(paths, await _answers(paths, ask, ends), strict=True))
    for engine in candidates:
        for path, holds in engine.signs:
            if answers[path].told and holds(answers[path].document):
                return Recognised(engine, surely=True)
    # An empty list tells too little of an unknown server to be done with it.
    surely = bool(signs.entry) and all(answer.surely for answer in answers.values())
    return Recognised(GENERIC, surely=surely)


def _by_signs(signs: Signs) -> Engine | None:
    return next((engine for engine in ENGINES.values() if engine.recognise(signs)), None)


@dataclass(frozen=True, slots=True)
class _Answer:
    document: Any = None
    told: bool = False
    surely: bool = True


async def _answers(paths: set[str], ask: Ask, ends: float) -> list[_Answer]:
    async def one(path: str) -> _Answer:
        try:
            async with asyncio.timeout_at(ends):
                return _Answer(await ask(path), told=True)
        except TimeoutError:
            return _Answer(surely=False)
        except IntegrationError as error:
            return _Answer(surely=error.reason not in _NO_ANSWER)

    return await asyncio.gather(*(one(path) for path in paths))
