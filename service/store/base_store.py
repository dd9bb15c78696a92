"""The contract of a store: put a reading in, watch snapshots come out."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator

from service.core.reading import Reading
from service.core.snapshot import Snapshot


class BaseStore(ABC):
    """Holds the latest reading of every integration."""

    @property
    @abstractmethod
    def current(self) -> Snapshot:
        """The latest snapshot that is known here; never waits."""

    @abstractmethod
    async def put(self, reading: Reading) -> None:
        """Put in or replace one integration's reading."""

    @abstractmethod
    async def drop(self, name: str) -> None:
        """Forget one integration; nothing happens if it was not there."""

    @abstractmethod
    def watch(self) -> AsyncIterator[Snapshot]:
        """Iterate over snapshots: the latest at once, then the latest after each change.

        Changes that come quicker than they are taken are skipped over. Awaiting the next one may be
        cancelled and tried again; nothing is lost by it.
        """
