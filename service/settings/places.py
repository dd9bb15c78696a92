"""Where a setting is, and what was found there, in words that are fit to be printed and logged."""

import re
from collections.abc import Sequence
from typing import Any, Final

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_SECRET: Final = re.compile(r"header|key|token|passw|secret|auth|credential", re.IGNORECASE)
_LONGEST: Final = 48
_LARGEST: Final = 10**20
_IN_YAML: Final = {"None": "null", "True": "true", "False": "false", "inf": ".inf", "nan": ".nan"}


def place(steps: Sequence[object]) -> str:
    """Write a path such as ``integrations[1].name`` or ``catalogue.aliases['qwen3:8b']``."""
    written = ""
    for step in steps:
        if isinstance(step, str) and _PLAIN.fullmatch(step) and len(step) <= _LONGEST:
            written += f".{step}" if written else step
        else:
            written += f"[{quoted(step) if isinstance(step, str) else step}]"
    return written


def found(value: Any, steps: Sequence[object]) -> str:
    """Say what stands at a path; of a value that may be a secret, only that there is one."""
    if isinstance(value, dict | list):
        kind = "mapping" if isinstance(value, dict) else "list"
        return f"a {kind}" if value else f"an empty {kind}"
    if value is not None and is_secret(steps):
        return "a value that is not shown"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, int) and abs(value) > _LARGEST:
        return "a number with too many digits"
    return _IN_YAML.get(repr(value), str(value)[:_LONGEST])


def is_secret(steps: Sequence[object]) -> bool:
    """Say whether a value at this path may be a secret, going by the names on the way."""
    return any(isinstance(step, str) and _SECRET.search(step) for step in steps)


def quoted(text: str) -> str:
    """Write text in quotes, cut short, with nothing in it that a terminal or a log would obey."""
    short = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return ascii(short).replace("\\u2026", "…") if not short.isprintable() else repr(short)


def choice(names: Sequence[str]) -> str:
    """Write ``one of a, b or c``; a choice of one is that one."""
    *most, last = names
    return f"one of {', '.join(most)} or {last}" if most else last
