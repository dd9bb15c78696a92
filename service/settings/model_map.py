"""The kind of value that says where in a strange answer the facts about models stand."""

from typing import Annotated, Final, Literal

from service.core.paths import PATTERN
from service.settings.fields import OneOf, Text

FactName = Literal[
    "list",
    "id",
    "created",
    "name",
    "context_length",
    "max_output_tokens",
    "size",
    "family",
    "parameter_size",
    "quantization_level",
    "format",
    "digest",
    "parent",
    "capabilities",
    "completion",
    "tools",
    "vision",
    "thinking",
    "embedding",
    "insert",
    "image",
    "audio",
    "input_modalities",
    "output_modalities",
    "deprecated_at",
    "shutdown_date",
]
"""What can be told of a model; ``list`` is where in the answer the models are."""

_PATH: Final = Text("a path into the answer such as result.items", longest=256, pattern=PATTERN)

ModelMap = dict[Annotated[FactName, OneOf()], Annotated[str, _PATH]]
