"""vLLM (vllm-project/vllm, entrypoints/openai).

``created`` is the time of the request and ``permission[].id`` random, so neither is read; ``root``
may be a path on its disk. ``id`` stays as it is, whatever it looks like: requests must name the
model by it. ``/health`` never shows a rejected key, as the key guards ``/v1`` alone: the list does.
"""

from service.core.canonical import described, integer
from service.core.model import Loaded, Model, Residence
from service.integrations.engines.engine import Engine, Signs, always
from service.integrations.engines.openai_list import Entry, read_with, unless_path


def _model(entry: Entry) -> Model | None:
    context = integer(entry.get("max_model_len"), floor=1)
    return described(
        entry.get("id"),
        details={"context_length": context},
        extras={"parent": unless_path(entry.get("parent"))},
        # It serves what it lists, with this very context.
        loaded=Loaded(context_length=context),
        residence=Residence.LOADED,
    )


def _recognise(signs: Signs) -> bool:
    return signs.entry.get("owned_by") == "vllm"


VLLM = Engine(
    name="vllm",
    read=read_with(_model),
    recognise=_recognise,
    beside=always("version"),
    version=("version", "version"),
    fills_in=(
        ("details.context_length", "`max_model_len`"),
        ("parent", "`parent` of a LoRA adapter"),
        ("loaded", "listed is loaded, with `max_model_len`"),
        ("version", "`/version`"),
    ),
)
