"""A snapshot: all readings at one moment, immutable. A new reading makes a new snapshot."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from service.core.reading import Reading


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Readings by integration name, in the order in which the integrations were registered."""

    readings: Mapping[str, Reading] = field(default_factory=lambda: MappingProxyType({}))

    def with_reading(self, reading: Reading) -> "Snapshot":
        """Put in or replace one reading; the very same snapshot if nothing changed by it."""
        if self.readings.get(reading.name) == reading:
            return self
        return Snapshot(MappingProxyType({**self.readings, reading.name: reading}))

    def without(self, name: str) -> "Snapshot":
        """Take out one integration; the very same snapshot if it was not there."""
        if name not in self.readings:
            return self
        rest = {key: reading for key, reading in self.readings.items() if key != name}
        return Snapshot(MappingProxyType(rest))

    def by_priority(self) -> list[Reading]:
        """List the readings, lowest ``priority`` first, registration order within one."""
        return sorted(self.readings.values(), key=lambda reading: reading.policy.priority)

    def __iter__(self) -> Iterator[Reading]:
        return iter(self.readings.values())
