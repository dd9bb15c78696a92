"""Durations as people write them: ``15s``, ``500ms``, ``1h``, or a number of seconds."""

import re
from decimal import Decimal
from typing import Final

PATTERN: Final = r"^[0-9]{1,12}(\.[0-9]{1,12})?(ms|s|m|h|d)$"
"""For the JSON Schema; ``seconds`` reads the very same texts."""
_TEXT: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)(ms|s|m|h|d)")
_UNITS: Final = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_MILLI: Final = Decimal("0.001")
_DIGITS: Final = 6
"""Decimals of a second that are kept: a microsecond, so that text and value never drift apart."""


def seconds(value: object) -> float | None:
    """Read a duration into seconds; ``None`` if it is none."""
    if isinstance(value, str):
        found = _TEXT.fullmatch(value)
        if found is None:
            return None
        unit = _MILLI if found[2] == "ms" else _UNITS[found[2]]
        return round(float(Decimal(found[1]) * unit), _DIGITS)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return round(float(value), _DIGITS)
    except OverflowError:  # an integer of some hundreds of digits
        return None


def written(value: float) -> str:
    """Write seconds in the largest unit that needs no decimals; ``seconds`` reads it back."""
    exact = Decimal(str(value))
    if not exact:
        return "0s"
    for unit, size in _UNITS.items():
        if not exact % size:
            return f"{int(exact / size)}{unit}"
    if exact < 1:
        return f"{(exact / _MILLI).normalize():f}ms"
    return f"{exact.normalize():f}s"
