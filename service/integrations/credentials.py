"""Keys for upstreams: read where they are kept, each time they are needed, and shown to nobody."""

import hashlib
import os
from pathlib import Path
from typing import Final

from service.core.reasons import Reason
from service.integrations.errors import BadAnswerError

_CEILING: Final = 4096


class Credential:
    """A key that is kept in an environment variable or in a file.

    It is read anew for every poll, so a key that was rotated on disk is used at once.
    """

    def __init__(self, *, env: str | None = None, file: Path | None = None) -> None:
        self._env = env
        self._file = file

    @classmethod
    def named(cls, env: str | None, file: str | None) -> "Credential | None":
        """Make one from the settings' ``api_key_env`` and ``api_key_file``; none from neither."""
        if env is None and file is None:
            return None
        return cls(env=env, file=None if file is None else Path(file))

    def read(self) -> str:
        """Give the key.

        Raises:
            BadAnswerError: ``unauthorized``; there is none, or it is nothing to put in a header.
        """
        key = self._raw().strip()
        if not key or not key.isascii() or not key.isprintable():
            raise BadAnswerError(Reason.UNAUTHORIZED)
        return key

    def mark(self) -> str:
        """Give a mark that changes with the key and tells nothing of it."""
        return hashlib.sha256(self._raw().encode("utf-8", errors="replace")).hexdigest()

    def _raw(self) -> str:
        if self._file is None:
            return os.environ.get(self._env or "", "")
        try:
            with self._file.open(encoding="utf-8") as stream:
                return stream.read(_CEILING)
        except (OSError, ValueError):
            return ""

    def __repr__(self) -> str:
        return "Credential(***)"
