"""The process as a server: listening, signals, and leaving without losing a request.

``web.run_app`` would close the listener first and answer afterwards. Here it is the other way
round: readiness turns first, requests go on being served while load balancers notice, then the
listener closes.
"""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from aiohttp import web

from service.vitals import Vitals

_log = structlog.get_logger()
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where to listen and how to leave; times in seconds."""

    host: str
    port: int
    drain_delay: float
    shutdown_timeout: float
    keepalive_timeout: float


class StopSignal:
    """Set by the first SIGTERM or SIGINT; a second one means "at once"."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hurried = asyncio.Event()

    def receive(self) -> None:
        """Take one signal."""
        (self.hurried if self.asked.is_set() else self.asked).set()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Receive the process's signals while the context is open."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.receive)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)


async def serve(
    app: web.Application,
    *,
    listening: Listening,
    vitals: Vitals,
    stop: StopSignal,
    on_listening: Callable[[str, int], None],
) -> None:
    """Serve ``app`` until ``stop`` is set, then drain and leave.

    Args:
        app: the application; its clean-up contexts run around all of this.
        listening: where to listen and how to leave.
        vitals: told that the process drains.
        stop: when to leave.
        on_listening: told the host and the real port once connections are accepted.

    Raises:
        OSError: the address can't be listened on.
    """
    runner = web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=listening.shutdown_timeout,
        keepalive_timeout=listening.keepalive_timeout,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, listening.host, listening.port, backlog=1024)
        await site.start()
        host, port = runner.addresses[0][:2]
        on_listening(host, port)
        await stop.asked.wait()
        vitals.draining = True
        _log.info("server.draining", seconds=listening.drain_delay)
        await _wait(stop.hurried, listening.drain_delay)
    finally:
        cleaning = asyncio.create_task(runner.cleanup(), name="clean-up")
        await _first_of(cleaning, stop.hurried)
    _log.info("server.stopped")


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass


async def _first_of(cleaning: asyncio.Task[None], hurried: asyncio.Event) -> None:
    """Wait for the clean-up, but no longer once somebody is in a hurry."""
    hurry = asyncio.create_task(hurried.wait(), name="hurry")
    await asyncio.wait({cleaning, hurry}, return_when=asyncio.FIRST_COMPLETED)
    hurry.cancel()
    if cleaning.done():
        cleaning.result()
    else:
        cleaning.cancel()
