"""Reading a file that may be anything: only regular ones, bounded, and never waiting for a writer.

A pipe would block whoever opens it, so files are opened without blocking and looked at first.
"""

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from service.core.reasons import Reason
from service.integrations.errors import BadAnswerError, IntegrationError, UnreachableError

_FLAGS: Final = os.O_RDONLY | sum(
    # Not every system has them all.
    getattr(os, name, 0)
    for name in ("O_CLOEXEC", "O_NOCTTY", "O_NONBLOCK")
)
_CHUNK: Final = 1024 * 1024
_NOT_THERE: Final = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO, errno.ENODEV}
)
_OURS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""The fault of this process or machine, not of the file."""


@dataclass(frozen=True, slots=True)
class Found:
    """What stood in a file, and the Unix time at which it was last written."""

    content: bytes
    written: float


def found_in(path: Path, *, ceiling: int) -> Found:
    """Read a whole file of at most ``ceiling`` bytes; links are followed.

    Raises:
        IntegrationError: ``not_found`` (also where it is no regular file), ``unauthorized``,
            ``too_large``, ``refused`` where the disk fails, ``internal`` where we do.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except (OSError, ValueError) as error:
        raise _translated(error) from None
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise BadAnswerError(Reason.NOT_FOUND)
        return Found(_content(descriptor, ceiling), about.st_mtime)
    except OSError as error:
        raise _translated(error) from None
    finally:
        os.close(descriptor)


def signature_of(path: Path) -> tuple[int, ...]:
    """Give numbers that change when a file is written or replaced; never raises, never opens it."""
    try:
        about = os.stat(path)  # noqa: PTH116 -- beside the other calls of its kind
    except OSError as error:
        return (error.errno or 0,)
    except ValueError:
        return ()
    return (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)


def _content(descriptor: int, ceiling: int) -> bytes:
    """Read to the end: what a file says of its size may be wrong by now, or never was right."""
    content = bytearray()
    while chunk := os.read(descriptor, _CHUNK):
        content += chunk
        if len(content) > ceiling:
            raise BadAnswerError(Reason.TOO_LARGE)
    return bytes(content)


def _translated(error: OSError | ValueError) -> IntegrationError:
    """Give the error of our own: theirs hold the path."""
    if not isinstance(error, OSError) or error.errno in _NOT_THERE:
        return BadAnswerError(Reason.NOT_FOUND)
    if error.errno in (errno.EACCES, errno.EPERM):
        return BadAnswerError(Reason.UNAUTHORIZED)
    if error.errno in _OURS:
        return IntegrationError(Reason.INTERNAL)
    return UnreachableError(Reason.REFUSED)
