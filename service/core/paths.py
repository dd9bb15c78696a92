r"""Paths into a document that others made up: ``limits.ctx``, ``rows.0.name``, ``a\.key.inside``.

Steps are separated by dots; a backslash takes its meaning from the dot, or from the backslash, that
follows it. On a list a step is an index that counts from 0.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

_STEP: Final = r"(?:[^.\\]|\\[.\\])+"
PATTERN: Final = rf"^{_STEP}(?:\.{_STEP})*$"
"""What a path looks like, for Python, Rust and JavaScript alike."""
_ESCAPED: Final = re.compile(r"\\(.)")
_INDEX: Final = re.compile(r"[0-9]{1,6}")


def steps_of(path: str) -> tuple[str, ...]:
    """Take a path apart.

    Raises:
        ValueError: a step is empty, or a backslash stands before something else.
    """
    if not re.fullmatch(PATTERN, path):
        raise ValueError("no path")
    return tuple(_ESCAPED.sub(r"\1", step) for step in re.findall(_STEP, path))


def followed(document: Any, steps: tuple[str, ...]) -> Any:
    """Give what stands at the end of a path.

    Raises:
        LookupError: nothing does.
    """
    here = document
    for step in steps:
        if isinstance(here, Mapping):
            here = here[step]
        elif isinstance(here, list) and _INDEX.fullmatch(step):
            here = here[int(step)]
        else:
            raise LookupError
    return here
