"""``Retry-After``, as a server sends it: seconds, or a date, or junk."""

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

_CEILING: Final = 86400.0


def parse_retry_after(value: str | None, *, wall: float) -> float | None:
    """Read the header into seconds from ``wall`` (Unix time), clamped to 0 to a day.

    ``None`` where there is no header or it is junk, which is treated as if nothing had been asked.
    """
    if value is None or len(value) > 64:  # noqa: PLR2004 -- longer than any date
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(float(value), _CEILING)
    try:
        date = parsedate_to_datetime(value)
        # One without a zone is meant in UTC; Python would take it for the time where we run.
        asked = date.replace(tzinfo=date.tzinfo or UTC).timestamp() - wall
    except (ValueError, OverflowError, TypeError):
        return None
    return min(max(asked, 0.0), _CEILING)
