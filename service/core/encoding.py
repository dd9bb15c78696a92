"""Content codings made in advance: identity, and gzip, zstd and brotli where there is a library.

Levels are the ones at which a catalogue shrinks thirtyfold in under a millisecond; the slow top
levels gain little and hold the loop.
"""

import gzip
from collections.abc import Callable, Mapping
from typing import Final


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, 6, mtime=0)


def _find_zstd() -> Callable[[bytes], bytes] | None:
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 -- Python 3.14 on
    except ImportError:
        try:
            from backports import zstd  # noqa: PLC0415 -- the `compression` extra
        except ImportError:
            return None

    def compress(body: bytes) -> bytes:
        return bytes(zstd.compress(body, 3))

    return compress


def _find_brotli() -> Callable[[bytes], bytes] | None:
    try:
        import brotli  # noqa: PLC0415 -- the `compression` extra
    except ImportError:
        return None

    def compress(body: bytes) -> bytes:
        return bytes(brotli.compress(body, quality=4))

    return compress


def _find_codings() -> Mapping[str, Callable[[bytes], bytes]]:
    found = {"zstd": _find_zstd(), "br": _find_brotli(), "gzip": _gzip}
    return {name: compress for name, compress in found.items() if compress is not None}


CODINGS: Final = _find_codings()
"""Compressors by the name of their content coding, in our order of preference."""

IDENTITY: Final = "identity"
_WORTH_IT: Final = 512
"""Bytes below which a compressed form saves less than its headers cost."""


def encode(body: bytes) -> dict[str, bytes]:
    """Give every form of ``body``: identity always, others where they are smaller."""
    forms = {IDENTITY: body}
    if len(body) < _WORTH_IT:
        return forms
    for name, compress in CODINGS.items():
        packed = compress(body)
        if len(packed) < len(body):
            forms[name] = packed
    return forms
