"""One probe: ask an integration once, under a deadline, and say what came of it.

Expected failures have names; everything else is caught here, in exactly one place, so that a bug
in one integration never touches its neighbours.
"""

import asyncio
from collections.abc import Callable

from service.core.canonical import text
from service.core.reading import Answer, Failure, Outcome
from service.core.reasons import Reason
from service.integrations.base_integration import BaseIntegration
from service.integrations.errors import IntegrationError

Crash = Callable[[BaseException], None]
"""Told of an exception that nobody expected: a bug of ours or of a plug-in's."""


async def probe(
    integration: BaseIntegration, *, deadline: float, on_crash: Crash | None = None
) -> Outcome:
    """Refresh ``integration`` within ``deadline`` seconds, body and all.

    Only a real cancellation of the calling task leaves here as an exception; a ``CancelledError``
    that an integration raises of itself is one more failure.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        async with asyncio.timeout(deadline):
            refreshed = await integration.refresh()
        return Answer(
            models=refreshed.models,
            latency=loop.time() - started,
            version=text(refreshed.version, ceiling=64),
            impaired=refreshed.impaired,
            dropped=refreshed.dropped,
        )
    except IntegrationError as error:
        return Failure(
            reason=error.reason, latency=loop.time() - started, retry_after=error.retry_after
        )
    except TimeoutError:
        return Failure(reason=Reason.TIMEOUT, latency=loop.time() - started)
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return _crashed(error, on_crash, loop.time() - started)
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- the neighbours keep polling
        return _crashed(error, on_crash, loop.time() - started)


def _crashed(error: BaseException, on_crash: Crash | None, latency: float) -> Failure:
    if on_crash is not None:
        on_crash(error)
    return Failure(reason=Reason.INTERNAL, latency=latency)
