"""A background task is named, owned, and its death is heard."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

Death = Callable[[str, BaseException | None], None]
"""Told the task's name and what it died of; ``None`` when it just ended or was cancelled."""


def heard(task: asyncio.Task[Any], on_death: Death) -> None:
    """Have ``on_death`` told when ``task`` ends of itself, which a background task never should."""

    def ended(task: asyncio.Task[Any]) -> None:
        on_death(task.get_name(), None if task.cancelled() else task.exception())

    task.add_done_callback(ended)


@asynccontextmanager
async def supervised(
    work: Coroutine[Any, Any, None], *, name: str, on_death: Death
) -> AsyncIterator[asyncio.Task[None]]:
    """Run ``work`` in the background while the context is open."""
    stopping = False

    def ended(task: str, error: BaseException | None) -> None:
        if not stopping:
            on_death(task, error)

    task = asyncio.create_task(work, name=name)
    heard(task, ended)
    try:
        yield task
    finally:
        stopping = True
        task.cancel()
        # Awaiting the task itself would need its errors suppressed, and our own cancellation too.
        await asyncio.wait([task])
