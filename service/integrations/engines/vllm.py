"""vLLM (vllm-project/vllm, entrypoints/openai).

``created`` is the time of the request and ``permission[].id`` random, so neither is read; ``root``
may be a path on its disk. ``id`` stays as it is, whatever it looks like: requests must name the
model by it. ``/health`` never shows a rejected key, as the key guards ``/v1`` alone: the list does.
"""

from service.integrations.engines.engine import Engine, Signs, always
from service.integrations.engines.openai_list import read_with, served_model


def _recognise(signs: Signs) -> bool:
    return signs.entry.get("owned_by") == "vllm"


VLLM = Engine(
    name="vllm",
    read=read_with(served_model),
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
