"""The store of a replica that stands alone: this process's memory."""

import asyncio
from collections.abc import AsyncIterator
from typing import Self

from service.core.reading import Reading
from service.core.snapshot import Snapshot
from service.store.base_store import BaseStore


class MemoryStore(BaseStore):
    """Keeps the one current snapshot and wakes whoever watches it."""

    def __init__(self) -> None:
        self._snapshot = Snapshot()
        self._changed = asyncio.Condition()

    @property
    def current(self) -> Snapshot:
        """The latest snapshot."""
        return self._snapshot

    async def put(self, reading: Reading) -> None:
        """Put in or replace one reading; see ``BaseStore.put``."""
        await self._replace(self._snapshot.with_reading(reading))

    async def drop(self, name: str) -> None:
        """Forget one integration; see ``BaseStore.drop``."""
        await self._replace(self._snapshot.without(name))

    def watch(self) -> AsyncIterator[Snapshot]:
        """Iterate over snapshots; see ``BaseStore.watch``."""
        return _Watch(self)

    async def after(self, seen: Snapshot | None) -> Snapshot:
        """Wait until the current snapshot is another one than ``seen``, and give it."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._snapshot is not seen)
            return self._snapshot

    async def _replace(self, snapshot: Snapshot) -> None:
        if snapshot is self._snapshot:
            return
        self._snapshot = snapshot
        async with self._changed:
            self._changed.notify_all()


class _Watch(AsyncIterator[Snapshot]):
    """An iterator rather than a generator: a cancelled ``anext`` would end a generator for good."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._seen: Snapshot | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Snapshot:
        self._seen = await self._store.after(self._seen)
        return self._seen
