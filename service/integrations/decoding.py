"""JSON from strangers: quick for what is sound, patient with what can be saved."""

import json
from typing import Any

import orjson

from service.core.reasons import Reason
from service.integrations.errors import BadAnswerError


def decoded(body: bytes) -> Any:
    """Decode a body.

    What the strict parser refuses is tried once more with the lenient one, so that one lone
    surrogate or a ``NaN`` in one entry does not cost the whole list; entries are checked later.

    Raises:
        BadAnswerError: ``bad_body``; it is no JSON, or nested too deeply.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise BadAnswerError(Reason.BAD_BODY) from None
