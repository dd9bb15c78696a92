"""Requests beside the main one: worth having, and never worth waiting for too long."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from service.integrations.errors import IntegrationError

_Result = TypeVar("_Result")


async def unless_late(ask: Callable[[], Awaitable[_Result]], ends: float) -> _Result | None:
    """Await ``ask()`` until the loop's time is ``ends``; ``None`` if it fails or is late."""
    try:
        async with asyncio.timeout_at(ends):
            return await ask()
    except (IntegrationError, TimeoutError):
        return None
