"""What this process knows of itself: whether it drains, and whether it still learns anything.

Probes read it; the supervisor and the signal handlers write it. It says nothing of upstreams.
"""

from typing import Final

BEYOND_SAVING: Final = 60.0
"""Seconds of a stall after which only a restart will help."""


class Vitals:
    """The process's own state. Times are of the monotonic clock, in seconds."""

    def __init__(self) -> None:
        self.draining = False
        self._stalls: dict[str, float] = {}

    def stall(self, part: str, *, mono: float) -> None:
        """Note that ``part`` (a task's name) makes no progress since ``mono``, or has died."""
        self._stalls.setdefault(part, mono)

    def revive(self, part: str) -> None:
        """Note that ``part`` makes progress."""
        self._stalls.pop(part, None)

    @property
    def stalled(self) -> bool:
        """Whether any part makes no progress."""
        return bool(self._stalls)

    def alive(self, *, mono: float) -> bool:
        """Say whether this process can still make progress without a restart."""
        return all(mono - since < BEYOND_SAVING for since in self._stalls.values())
