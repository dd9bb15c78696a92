"""Discovery: which model servers run on this machine, by the ports that they usually listen on.

Loopback only, all ports at once, and nothing but harmless GETs. Who answers as Rollcall is left
out: a service that polls itself would go in circles.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from service.core.catalogue import SERVICE_NAME
from service.integrations.engines import GENERIC
from service.integrations.first_contact import Contact, first_contact

_CONNECT: Final = 0.2
"""Seconds for a connection; on loopback it is made or refused at once."""
_LOOPBACK: Final = ("127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class WellKnown:
    """A port, what usually listens on it, and the path of its API where that is not ``/v1``."""

    port: int
    usually: str
    path: str = ""


WELL_KNOWN: tuple[WellKnown, ...] = (
    WellKnown(11434, "Ollama"),
    WellKnown(8000, "vLLM, mlx-openai-server"),
    WellKnown(8080, "llama.cpp, LocalAI, mlx-lm"),
    WellKnown(9931, "llama.cpp, newer"),
    WellKnown(1234, "LM Studio"),
    WellKnown(30000, "SGLang"),
    WellKnown(4000, "LiteLLM"),
    WellKnown(3000, "TGI"),
    WellKnown(5000, "text-generation-webui, TabbyAPI"),
    WellKnown(5001, "KoboldCpp"),
    WellKnown(1337, "Jan"),
    WellKnown(2242, "Aphrodite"),
    WellKnown(4891, "GPT4All"),
    WellKnown(9997, "Xinference"),
    WellKnown(12434, "Docker Model Runner", "/engines/v1"),
    WellKnown(23333, "LMDeploy"),
)
"""Where model servers listen unless they are told otherwise."""


async def discover(
    *,
    ports: Iterable[WellKnown] | None = None,
    skip: Iterable[int] = (),
    within: float = 2.0,
) -> list[Contact]:
    """Find the model servers on this machine, in the order of the table.

    Args:
        ports: where to look; ``WELL_KNOWN`` where none are given.
        skip: ports to leave alone.
        within: seconds after which what has not answered counts as not there.

    Returns:
        Those that give their list, and those that surely are model servers but want a key or
        still load; these have a ``finding``.
    """
    left_alone = frozenset(skip)
    wanted = [item for item in ports or WELL_KNOWN if item.port not in left_alone]
    met = await asyncio.gather(*(_meet(item, within) for item in wanted))
    return [contact for contact in met if contact is not None]


def configuration(
    contacts: Sequence[Contact], *, taken: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """Give the ``integrations`` of a configuration for what was found.

    Each is named after its engine, the second one with ``-2`` and so on; ``taken`` are names that
    can't be used any more.
    """
    names = set(taken)
    listed = []
    for contact in contacts:
        wish = contact.engine or ""
        if not wish or wish == GENERIC.name:
            wish = f"server-{contact.port}"
        name, number = wish, 1
        while name in names:
            number += 1
            name = f"{wish}-{number}"
        names.add(name)
        listed.append({"name": name, **contact.settings})
    return listed


async def _meet(item: WellKnown, within: float) -> Contact | None:
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            host = await _listening(item.port)
            if host is None:
                return None
            address = f"http://{host}:{item.port}{item.path}"
            contact = await first_contact(address, within=within, thorough=False)
            if contact.engine == SERVICE_NAME or not (contact.well or contact.finding):
                return None
            return contact
    return None


async def _listening(port: int) -> str | None:
    """Give the loopback address on which something listens, as it stands in a URL."""
    for host in _LOOPBACK:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_CONNECT):
                _, writer = await asyncio.open_connection(host, port)
            writer.close()
            return f"[{host}]" if ":" in host else host
    return None
