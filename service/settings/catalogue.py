"""The section ``catalogue``: what is shown, how long, and what the operator knows better."""

from typing import Annotated, Literal

from pydantic import Field

from service.core.canonical import TEXT_CEILING
from service.core.catalogue import Collisions
from service.core.model import ALL_CAPABILITIES
from service.settings.fields import Duration, Expected, ModelId, Switch, Text, Whole
from service.settings.sections import DAY, HOUR, Section

_YEAR = 365 * DAY
_LAST_INTEGER = 2**53 - 1

_Words = Annotated[str, Text(f"text of 1 to {TEXT_CEILING} printable characters")]
_Capability = Annotated[
    Literal["completion", "tools", "vision", "thinking", "embedding", "insert", "image", "audio"],
    Expected(f"one of {', '.join(ALL_CAPABILITIES[:-1])} or {ALL_CAPABILITIES[-1]}"),
]


class DetailsOverride(Section):
    """Details of a model that the operator knows better. What is not given stays as it is."""

    size: (
        Annotated[
            str,
            Text("a size such as 8.4GB", pattern=r"^[0-9]{1,6}(\.[0-9]{1,3})? ?[KMGTP]?B$"),
        ]
        | None
    ) = None
    """The size of the weights, decimal, such as 8.4GB."""
    family: _Words | None = None
    """The family of the model, such as qwen2."""
    parameter_size: _Words | None = None
    """The number of parameters, such as 14.8B."""
    quantization_level: _Words | None = None
    """The quantisation, such as Q4_K_M."""
    format: _Words | None = None
    """The format of the weights, such as gguf."""
    context_length: Annotated[int, Whole(1, _LAST_INTEGER)] | None = None
    """The longest context, in tokens."""


class ModelOverride(Section):
    """Facts about one model that the operator knows better, shown with the source operator."""

    supports_tools: Switch | None = None
    """Whether the model calls tools: short for capabilities.tools, so give only one of them."""
    capabilities: dict[_Capability, Switch] = Field(default_factory=dict)
    """What the model can do, each true or false: completion, tools, vision, thinking, embedding,
    insert, image, audio."""
    details: DetailsOverride = DetailsOverride()
    """Size, family and the like."""
    created: Annotated[int, Whole(1, _LAST_INTEGER)] | None = None
    """When the model was made, in Unix seconds."""


class CatalogueSettings(Section):
    """The one list over all integrations."""

    default_model: ModelId | None = "deepcoder:14b"
    """The id that is listed, as not available, when there is nothing else to show; null for an
    empty list. Default: deepcoder:14b."""
    collisions: Annotated[
        Collisions, Field(strict=False), Expected("one of merge, prefix or first")
    ] = Collisions.MERGE
    """What becomes of one id on several integrations: merge (one entry that names them all),
    prefix (integration/id for each) or first (by priority). Default: merge."""
    stale_if_error: Annotated[float, Duration(0, _YEAR)] = HOUR
    """How long after the last good answer a list counts as stale and not as expired. Default:
    1h."""
    max_stale: Annotated[float, Duration(0, _YEAR)] = DAY
    """How long the last good list is shown at all while its server is away; not below
    stale_if_error. Default: 24h."""
    aliases: dict[ModelId, ModelId] = Field(default_factory=dict)
    """More ids for models that are in the list: the new id, then the one it stands for. Default:
    none."""
    overrides: dict[ModelId, ModelOverride] = Field(default_factory=dict)
    """What the operator knows better about a model, by its id. Default: none."""
