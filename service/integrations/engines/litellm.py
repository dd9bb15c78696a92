"""LiteLLM's proxy (BerriAI/litellm, litellm/proxy).

``created`` is one constant for all models (``DEFAULT_MODEL_CREATED_AT_TIME`` in its constants.py),
so it is not read. ``/model/info`` would tell more, and is never asked: it can hold the keys and
addresses of what is behind the proxy. ``/health`` would send a completion to every one of those.
"""

from typing import Final

from service.core.canonical import described
from service.core.model import Model
from service.integrations.engines.engine import Engine, Signs
from service.integrations.engines.openai_list import Entry, mappings_in, read_with

_MADE_UP: Final = 1677610602
_ALSO_TRUE_OF: Final = "gpt-3.5-turbo"
"""The constant is when OpenAI made this one: alone in a list it tells nothing."""


def _model(entry: Entry) -> Model | None:
    return described(entry.get("id"))


def _recognise(signs: Signs) -> bool:
    if "x-litellm" in signs.server:
        return True
    listed = mappings_in(signs.listed)
    stamped = bool(listed) and all(entry.get("created") == _MADE_UP for entry in listed)
    return stamped and any(entry.get("id") != _ALSO_TRUE_OF for entry in listed)


LITELLM = Engine(
    name="litellm",
    read=read_with(_model),
    recognise=_recognise,
    fills_in=(("id", "`id`"),),
)
