"""A point in time, on the two clocks that a long-running process needs."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant: ``mono`` for every schedule and age, ``wall`` only for what people read.

    Both are seconds. ``mono`` has an arbitrary origin; ``wall`` is Unix time and may jump.
    """

    mono: float
    wall: float


def rfc3339(wall: float | None) -> str | None:
    """Write Unix seconds as ``2026-11-22T07:00:00Z``, or ``None`` where there was no such time."""
    if wall is None:
        return None
    return datetime.fromtimestamp(int(wall), tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
