"""What llama.cpp says of the weights in a GGUF file, in the words that others use for it."""

import re
from typing import Final

from service.core.canonical import integer, text

_STEP: Final = 1000
_UNITS: Final = ("", "K", "M", "B", "T")
_WITH_FRACTION: Final = frozenset({"B", "T"})
_FTYPE: Final = re.compile(
    r"(?:\(guessed\) )?(?:all |mostly )?"
    r"((?:I?Q|TQ)\d+_[A-Z0-9_]{1,8}|B?F(?:16|32)|MXFP4|NVFP4)"
    r"(?: - (Small|Medium|Large))?(?: .{0,48})?",
    re.ASCII,
)
"""``Q4_K - Medium``, ``all F32``, ``MXFP4 MoE``, ``IQ4_NL - 4.5 bpw`` (src/llama-model-loader.cpp,
``llama_model_ftype_name``)."""


def parameter_size(count: object) -> str | None:
    """Write a count of parameters as ``8.2B``, ``137M`` or ``168K``."""
    number = integer(count, floor=1)
    if number is None:
        return None
    value, unit = float(number), 0
    while round(value, _digits(unit)) >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    written = f"{value:.{_digits(unit)}f}"
    return f"{written.removesuffix('.0')}{_UNITS[unit]}"


def _digits(unit: int) -> int:
    return 1 if _UNITS[unit] in _WITH_FRACTION else 0


def quantization_level(ftype: object) -> str | None:
    """Read the file type as ``Q4_K_M``, ``F16`` or ``MXFP4``; ``None`` where it names none."""
    found = _FTYPE.fullmatch(text(ftype) or "")
    if found is None:
        return None
    return f"{found[1]}_{found[2][0]}" if found[2] else found[1]
