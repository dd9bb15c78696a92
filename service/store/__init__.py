"""Where readings rest between the poller that learns them and the publication that prints them."""

from service.store.base_store import BaseStore
from service.store.memory_store import MemoryStore

__all__ = ["BaseStore", "MemoryStore"]
