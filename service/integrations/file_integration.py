"""Models that are listed in a file, for what no server lists.

The file is read at every poll, which is cheap, and taken apart only when its content has changed:
what a file system tells of the time of a change is not to be relied on, least of all where a
mounted ConfigMap is swapped. What was just written may be half of it, so it must stand still for a
moment.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Final, Self

from service.core.printing import model_document
from service.core.reasons import Reason
from service.integrations.aside import Aside
from service.integrations.base_integration import BaseIntegration, Refresh
from service.integrations.errors import BadAnswerError, IntegrationError
from service.integrations.file_parsing import models_from_file
from service.integrations.plain_file import Found, found_in, signature_of
from service.settings import FileSettings

CEILING: Final = 4 * 1024 * 1024
YOUNG: Final = 1.0
"""Seconds since it was written within which a file may still be being written."""
SETTLING: Final = 0.1
"""Seconds for which a young file must stand still."""
_LOOKS: Final = 20


class FileIntegration(BaseIntegration):
    """The models that a file lists, in the form of our own list.

    Args:
        path: the file, YAML or JSON.
        timeout: seconds that one look may take.
        wall: gives Unix time.
    """

    kind: ClassVar[str] = "file"
    fills_in: ClassVar[tuple[tuple[str, str], ...]] = (
        ("everything that `/v1/models` lists", "the file, under the same names"),
    )

    def __init__(
        self,
        path: str | Path,
        timeout: float = 5.0,
        *,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._path = Path(path)
        self._timeout = timeout
        self._wall = wall
        self._look = Aside(self._looked)
        self._glance = Aside(self._glanced)
        self._signature: tuple[int, ...] = ()
        self._last: tuple[bytes, Refresh | Reason] | None = None

    @classmethod
    def configured(cls, settings: FileSettings, *, timeout: float) -> Self:
        """Make one from its part of the configuration."""
        return cls(settings.path, timeout)

    async def refresh(self) -> Refresh:
        """Look at the file once, within the timeout; see ``BaseIntegration.refresh``."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._look.done()
        except TimeoutError:
            raise BadAnswerError(Reason.TIMEOUT) from None

    async def get_models(self) -> list[dict[str, Any]]:
        """List the models in the OpenAI form, sizes and families made readable."""
        refreshed = await self.refresh()
        return [model_document(model, owned_by=self.kind) for model in refreshed.models]

    async def is_available(self) -> bool:
        """Say whether the file can be read and holds a list now."""
        try:
            await self.refresh()
        except IntegrationError:
            return False
        return True

    def mark(self) -> object:
        """Give what the file system last told of a change, and have it looked at once more.

        Nobody waits for that: what it tells is there at the next call.
        """
        _ = self._glance.begun()
        return ("file", *self._signature)

    def _glanced(self) -> None:
        """Look whether the file was written or replaced. Blocks; runs on its own thread."""
        self._signature = signature_of(self._path)

    def _looked(self) -> Refresh:
        """Read the file and, if it has changed, what it lists. Blocks; runs on its own thread."""
        self._glanced()
        found = found_in(self._path, ceiling=CEILING)
        if self._last is None or self._last[0] != _digest(found):
            found = self._settled(found)
            self._last = (_digest(found), self._taken_apart(found))
        refreshed = self._last[1]
        if isinstance(refreshed, Reason):
            raise BadAnswerError(refreshed)
        return refreshed

    def _taken_apart(self, found: Found) -> Refresh | Reason:
        """Give what the file lists, or why it is of no use; both are so while the file stays."""
        try:
            json_only = self._path.suffix.lower() == ".json"
            checked = models_from_file(found.content, json_only=json_only)
        except BadAnswerError as error:
            return error.reason
        return Refresh(
            models=checked.models,
            impaired=Reason.TRUNCATED if checked.truncated else None,
            dropped=checked.dropped,
        )

    def _settled(self, found: Found) -> Found:
        """Read again until two looks in a row find the same; what is old stands still already.

        Raises:
            BadAnswerError: ``bad_body``; it is being written without an end.
        """
        for _ in range(_LOOKS):
            if self._wall() - found.written >= YOUNG:
                return found
            time.sleep(SETTLING)
            again = found_in(self._path, ceiling=CEILING)
            if again.content == found.content:
                return again
            found = again
        raise BadAnswerError(Reason.BAD_BODY)


def _digest(found: Found) -> bytes:
    return hashlib.sha256(found.content).digest()
