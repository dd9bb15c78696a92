"""What ``rollcall serve --greet`` tells the person who started it: where, what, and what to try."""

import asyncio
from contextlib import suppress
from typing import Final

from service.cli.advice import ADVICE
from service.core.edition import Edition
from service.core.reading import Freshness
from service.publication import Publication

_EVERYWHERE: Final = frozenset({"0.0.0.0", "::", "127.0.0.1", "::1"})  # noqa: S104 -- shown, not bound


_PATIENCE: Final = 2.0
"""Seconds for those that answer later than the first."""
_GLANCE: Final = 0.05


async def greet(host: str, port: int, publication: Publication) -> None:
    """Print the greeting once it is known what there is."""
    await publication.warmed.wait()
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            while not _all_asked(publication.current):  # noqa: ASYNC110 -- only the first has an event
                await asyncio.sleep(_GLANCE)
    shown = "localhost" if host in _EVERYWHERE else f"[{host}]" if ":" in host else host
    print(greeting(f"http://{shown}:{port}", publication.current), flush=True)


def _all_asked(edition: Edition) -> bool:
    return all(standing.reading.probes for standing in edition.standings.values())


def greeting(url: str, edition: Edition) -> str:
    """Write the greeting for what is served at ``url``."""
    lines = [f"Rollcall serves on {url}", ""]
    for standing in edition.standings.values():
        reading = standing.reading
        if reading.last_ok is not None:
            version = f" {reading.version}" if reading.version else ""
            lines.append(f"  {reading.name}{version}: {_count(len(reading.models))}")
        elif not reading.policy.optional:
            reason = ADVICE.get(str(reading.health.reason), "it has not answered yet")
            lines.append(f"  {reading.name}: not there; {reason}")
    if edition.freshness is Freshness.DEFAULT:
        [default] = edition.printed
        lines += [
            "",
            f"No backend answers, so the default model {default} is listed, marked as such.",
            "Set OLLAMA_HOST to where Ollama is; it is also found as soon as it comes up.",
        ]
    return "\n".join([*lines, "", "Try:", f"  curl {url}/v1/models", ""])


def _count(models: int) -> str:
    return "1 model" if models == 1 else f"{models} models"
