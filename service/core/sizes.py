"""Sizes as people read them: decimal, no space, in the very figures of ``ollama list``."""

import re
from typing import Final

_UNITS: Final = ("B", "KB", "MB", "GB", "TB", "PB")
_STEP: Final = 1000
_WHOLE_FROM: Final = 10
_TEXT: Final = re.compile(r"(\d{1,6}(?:\.\d{1,3})?) ?([KMGTP]?B)", re.ASCII)


def human_size(size: int) -> str | None:
    """Write bytes as ``8.4GB`` or ``274MB``; nothing for a size that is no size.

    From 10 of a unit on, whole figures, cut off rather than rounded: the rule of Ollama's own
    command line (its format/bytes.go), so that both show the same.
    """
    if size <= 0:
        return None
    unit = 0
    while size >= _STEP ** (unit + 1) and unit < len(_UNITS) - 1:
        unit += 1
    value = size / _STEP**unit
    whole = value >= _WHOLE_FROM or value == int(value)
    return f"{int(value)}{_UNITS[unit]}" if whole else f"{value:.1f}{_UNITS[unit]}"


def size_from_text(text: str) -> str | None:
    """Take a printed size (``4.7 GB``, ``274 MB``) into our form; ``None`` for ``-`` and others."""
    found = _TEXT.fullmatch(text.strip())
    return f"{found[1]}{found[2]}" if found else None
