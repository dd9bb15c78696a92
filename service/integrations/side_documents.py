"""What a server tells beside its list: worth having, and never worth failing or waiting for."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from service.core.reasons import Reason
from service.integrations.errors import IntegrationError, StatusError
from service.integrations.http_integration import Document

_GONE: Final = frozenset({Reason.NOT_FOUND, Reason.UNAUTHORIZED, Reason.BAD_PROTOCOL})
"""What a status that refuses a path may say for it to be no hiccup."""


class SideDocuments:
    """Asks for them, and keeps the last of each: one lost request makes no fact unknown again.

    Args:
        ask: gives the document at a path.
    """

    def __init__(self, ask: Callable[[str], Awaitable[Document]]) -> None:
        self._ask = ask
        self._kept: dict[str, Document] = {}

    async def gather(
        self, paths: Sequence[tuple[str, ...]], *, ends: float
    ) -> Mapping[str, Document]:
        """Ask for all at once, until the loop's time is ``ends``.

        Each comes with the older names of its path, to be tried in turn, and is given by the first.
        """
        found = await asyncio.gather(*(self._one(names, ends) for names in paths))
        told = {
            names[0]: document
            for names, document in zip(paths, found, strict=True)
            if document is not None
        }
        self._kept = dict(told)
        return told

    def forget(self) -> None:
        """Drop what is kept: another server may answer now."""
        self._kept = {}

    async def _one(self, names: tuple[str, ...], ends: float) -> Document | None:
        for name in names:
            try:
                async with asyncio.timeout_at(ends):
                    return await self._ask(name)
            except (IntegrationError, TimeoutError) as error:
                if not isinstance(error, StatusError) or error.reason not in _GONE:
                    return self._kept.get(names[0])
        return None
