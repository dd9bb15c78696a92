"""A model as Rollcall knows it: facts, each with where it is known from.

Unknown is ``None`` and never ``False``. Nothing volatile lives in the facts that a list shows;
what a server holds in memory right now is kept apart in ``Loaded``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Final


@unique
class Source(StrEnum):
    """Where a fact is known from."""

    DECLARED = "declared"
    """The server says so itself."""
    TEMPLATE = "template"
    """Read from the prompt template or the weights' own metadata that the server shows."""
    HEURISTIC = "heuristic"
    """Guessed from the name."""
    OPERATOR = "operator"
    """Set in the configuration."""


CAPABILITIES: Final = ("completion", "tools", "vision", "thinking", "embedding", "insert")
"""Always listed, each ``True``, ``False`` or ``None``."""
RARE_CAPABILITIES: Final = ("image", "audio")
"""Listed only where they are known to be there: few servers speak of them at all."""
ALL_CAPABILITIES: Final = CAPABILITIES + RARE_CAPABILITIES

UNKNOWN_FAMILY: Final = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What a model is made of; ``None`` where nobody said.

    ``size`` is text for people (``8.4GB``); ``context_length`` is the trained maximum, in tokens.
    """

    size: str | None = None
    family: str = UNKNOWN_FAMILY
    parameter_size: str | None = None
    quantization_level: str | None = None
    format: str | None = None
    context_length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """How a server holds a model in memory now: bytes on the GPU, and the context it was given."""

    size_vram: int | None = None
    context_length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What few servers tell; each is shown under its own name, and only where it is known.

    ``name`` is for people; ``parent`` the base of a LoRA adapter; ``pricing`` US dollars a token,
    as decimal text by kind (``prompt``, ``completion``); dates are RFC 3339.
    """

    name: str | None = None
    parent: str | None = None
    max_output_tokens: int | None = None
    input_modalities: tuple[str, ...] | None = None
    output_modalities: tuple[str, ...] | None = None
    pricing: Mapping[str, str] | None = None
    deprecated_at: str | None = None
    shutdown_date: str | None = None


@unique
class Residence(StrEnum):
    """Where a server has a model right now."""

    LOADED = "loaded"
    LOADING = "loading"
    SLEEPING = "sleeping"
    UNLOADED = "unloaded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model on one integration.

    ``created`` is Unix seconds, 0 where unknown. ``capabilities`` holds only what is known.
    ``loaded`` is ``None`` where the server does not say, ``False`` where it says "not loaded";
    ``residence`` says it more finely, where the server does.
    """

    id: str
    created: int = 0
    capabilities: Mapping[str, bool] = field(default_factory=dict)
    details: Details = field(default_factory=Details)
    provenance: Mapping[str, Source] = field(default_factory=dict)
    digest: str | None = None
    loaded: Loaded | bool | None = None
    residence: Residence | None = None
    extras: Extras = field(default_factory=Extras)
