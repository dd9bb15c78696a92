"""Names to addresses, on threads of our own.

The system's look-up can hang for many seconds and can't be called off. On the loop's own pool a
few hung ones would starve whatever else runs there, and the process could not leave until they end.
Here each has a daemon thread, there are never more than a few, and nobody waits for long.
"""

import asyncio
import socket
import threading
from typing import Any, Final

from aiohttp.abc import AbstractResolver, ResolveResult

from service.core.reasons import Reason
from service.integrations.errors import UnreachableError

LOOK_UP_TIMEOUT: Final = 2.0
_AT_ONCE: Final = 2
_NUMERIC: Final = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class DaemonResolver(AbstractResolver):
    """Asks the system's resolver, a few names at a time."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Look ``host`` up.

        Raises:
            OSError: there is no such name.
            UnreachableError: ``dns``; the answer did not come in time.
        """
        try:
            async with asyncio.timeout(LOOK_UP_TIMEOUT):
                await self._free.acquire()
                found = await self._look_up(host, port, family)
        except TimeoutError:
            raise UnreachableError(Reason.DNS) from None
        return [
            ResolveResult(
                hostname=host,
                host=_numeric(address),
                port=port,
                family=kind,
                proto=protocol,
                flags=_NUMERIC,
            )
            for kind, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        """Nothing is held: threads that still look up end by themselves."""

    async def _look_up(self, host: str, port: int, family: socket.AddressFamily) -> list[Any]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Any]] = loop.create_future()

        def arrived(found: list[Any] | None, error: Exception | None) -> None:
            self._free.release()
            if answer.done():
                return
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(found or [])

        def ask() -> None:
            found, failure = None, None
            try:
                found = socket.getaddrinfo(
                    host, port, type=socket.SOCK_STREAM, family=family, flags=socket.AI_ADDRCONFIG
                )
            except (OSError, UnicodeError) as error:
                # A name that can't be encoded is no name either.
                failure = error if isinstance(error, OSError) else socket.gaierror()
            if not loop.is_closed():
                loop.call_soon_threadsafe(arrived, found, failure)

        threading.Thread(target=ask, name="look-up", daemon=True).start()
        return await answer


def _numeric(address: tuple[Any, ...]) -> str:
    """Write an address; a link-local one of IPv6 needs its zone."""
    zone = address[3] if len(address) > 3 else 0  # noqa: PLR2004 -- host, port, flow, zone
    return f"{address[0]}%{zone}" if zone else str(address[0])
