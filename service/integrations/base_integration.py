"""The contract that every integration fulfils, and sensible defaults for most of it.

A subclass that gives only ``get_models`` and ``is_available`` works everywhere. One that knows
more (version, what is loaded, why it failed) overrides ``refresh``, which is what is polled.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Self

from service.core.canonical import canonical_list, model_from
from service.core.model import Model
from service.core.reasons import Reason
from service.integrations.errors import BadAnswerError, UnreachableError

ModelLike = Model | Mapping[str, Any]
"""A model in the OpenAI form (a dictionary with at least ``id``), or as a ``Model``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """What one look at an integration brought.

    ``impaired`` says why the models may not be the whole truth; ``dropped`` counts entries that
    were no models.
    """

    models: tuple[Model, ...]
    version: str | None = None
    impaired: Reason | None = None
    dropped: int = 0


class BaseIntegration(ABC):
    """One external service that knows models, and nothing else.

    Nothing here may load a model, spend a token, wake a sleeper or touch a keep-alive. Use it as
    an async context manager, or call ``close`` when done.
    """

    kind: ClassVar[str] = "custom"
    fills_in: ClassVar[tuple[tuple[str, str], ...]] = ()
    """The facts that it can tell, and where from, for the documentation."""
    backoff_cap: ClassVar[float] = 30.0
    """Seconds between trials at the most while the service is down; more for hosted ones."""

    @classmethod
    def configured(cls, settings: Any, *, timeout: float) -> Self:  # noqa: ARG003 -- for subclasses
        """Make one from its part of the configuration.

        Raises:
            TypeError: this kind of integration is made by programs only.
        """
        raise TypeError(f"{cls.__name__} can't be made from {settings.name!r} in a configuration")

    @abstractmethod
    async def get_models(self) -> Sequence[ModelLike]:
        """List the models, in the OpenAI form.

        Raises:
            Exception: the list can't be had; an ``IntegrationError`` says why.
        """

    @abstractmethod
    async def is_available(self) -> bool:
        """Say whether the service can be reached now. Never raises for a service that is away."""

    async def get_version(self) -> str | None:
        """Give the version of the service, or ``None`` where it tells none."""
        return None

    async def health_check(self) -> dict[str, Any]:
        """Give ``available``, ``version`` and ``status``, which is ``healthy`` or ``unhealthy``."""
        available = await self.is_available()
        version = await self.get_version() if available else None
        return {
            "available": available,
            "version": version,
            "status": "healthy" if available else "unhealthy",
        }

    async def refresh(self) -> Refresh:
        """Look once at everything a poll wants to know.

        Raises:
            IntegrationError: the service is away, or its list is of no use.
        """
        if not await self.is_available():
            raise UnreachableError(Reason.REFUSED)
        listed = await self.get_models()
        checked = canonical_list(model_from(entry) for entry in listed)
        if checked.dropped and not checked.models:
            raise BadAnswerError(Reason.BAD_BODY)
        return Refresh(
            models=checked.models,
            version=await self.get_version(),
            impaired=Reason.TRUNCATED if checked.truncated else None,
            dropped=checked.dropped,
        )

    def mark(self) -> object:
        """Give a mark of what is kept outside of the configuration, such as a key in a file.

        Whenever it changes, the integration is asked at once. ``None``: there is no such thing.
        """
        return None

    async def close(self) -> None:
        """Let go of connections and files. Safe to call more than once."""
        return

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
