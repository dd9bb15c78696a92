"""The process as a server: listening, signals, and leaving without losing a request.

``web.run_app`` would close the listener first and answer afterwards. Here it is the other way
round: readiness turns first, requests go on being served while load balancers notice, then the
listener closes.
"""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from aiohttp import web

from service.vitals import Vitals

_log = structlog.get_logger()
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


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
    runner: web.AppRunner,
    *,
    host: str,
    port: int,
    drain_delay: float,
    vitals: Vitals,
    stop: StopSignal,
    on_listening: Callable[[str, int], None],
) -> None:
    """Serve until ``stop`` is set, then drain and leave.

    Args:
        runner: the application and how it is run; its clean-up contexts run around all of this.
        host: the address to listen on.
        port: the port to listen on; 0 takes any free one.
        drain_delay: seconds to go on serving while load balancers notice.
        vitals: told that the process drains.
        stop: when to leave.
        on_listening: told the host and the real port once connections are accepted.

    Raises:
        OSError: the address can't be listened on.
    """
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=1024).start()
        host, port = runner.addresses[0][:2]
        on_listening(host, port)
        await stop.asked.wait()
        vitals.draining = True
        _log.info("server.draining", seconds=drain_delay)
        await _wait(stop.hurried, drain_delay)
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
