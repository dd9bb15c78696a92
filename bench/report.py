"""What a benchmark found, as rows, and the page that is made of them."""

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure beside its reference; ``ratio`` and ``budget`` are ``None`` where none applies."""

    what: str
    reference: str
    ours: str
    theirs: str
    ratio: float | None
    budget: float | None

    @property
    def kept(self) -> str:
        """Say whether the budget is kept."""
        if self.ratio is None or self.budget is None:
            return ""
        return "yes" if self.ratio <= self.budget else "**no**"


def ratio(ours: float, theirs: float) -> float:
    """Compare."""
    return round(ours / theirs, 2)


def table(rows: Iterable[Row]) -> str:
    """Lay out rows as a Markdown table."""
    lines = [
        "| what | reference | ours | reference's | ratio | budget | kept |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.what} | {row.reference} | {row.ours} | {row.theirs} |"
        f" {'' if row.ratio is None else f'{row.ratio:.2f}'} |"
        f" {'' if row.budget is None else f'{row.budget:.2f}'} | {row.kept} |"
        for row in rows
    ]
    return "\n".join(lines)


def machine() -> str:
    """Name the machine and the versions."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("aiohttp", "uvloop", "pydantic"))
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.release()},"
        f" Python {platform.python_version()}, {libraries}; {datetime.now(tz=UTC):%Y-%m-%d}"
    )


def write(sections: list[tuple[str, str, str]]) -> None:
    """Write the page: for each section its title, what was done, and the table."""
    parts = [
        "# Benchmarks",
        (
            "Written by `make bench`; no figure here was typed by hand. Each is a ratio to a"
            " reference measured in the same run, interleaved A B A B, median over the rounds."
        ),
        f"Machine: {machine()}.",
    ]
    for title, text, body in sections:
        parts += [f"## {title}", text, body]
    PAGE.write_text("\n\n".join(parts) + "\n")
