"""Tables for a terminal: columns as wide as they must be, the whole as wide as the screen."""

from collections.abc import Sequence
from typing import Final

_GAP: Final = "  "
_SHORTEST: Final = 8


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, width: int) -> str:
    """Lay out ``rows`` under ``header``; the widest column gives way to a narrow ``width``."""
    lines = [list(header), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    while sum(widths) + len(_GAP) * (len(widths) - 1) > width and max(widths) > _SHORTEST:
        widths[widths.index(max(widths))] -= 1
    return "\n".join(
        _GAP.join(_fit(cell, size) for cell, size in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _fit(cell: str, width: int) -> str:
    return cell.ljust(width) if len(cell) <= width else cell[: width - 1] + "…"
