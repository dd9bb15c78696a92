"""What a refusal means: a key that is rejected and a model that is loading are no outages."""

from typing import Any

import pytest

from service.core.health import Health, State, Thresholds, observe
from service.core.reading import Failure
from service.core.reasons import Reason
from service.integrations.probe import probe
from service.integrations.refusals import reason_for
from tests.fakes import Status
from tests.integrations.engines.conftest import MakeCompatible, MakeWatched

VLLM = {"error": "Unauthorized"}
SGLANG = {"error": "Unauthorized"}
LLAMACPP = {
    "error": {"code": 401, "message": "Invalid API Key", "type": "authentication_error"},
}
LITELLM_NONE = {
    "error": {
        "message": "Authentication Error, No api key passed in.",
        "type": "auth_error",
        "param": "None",
        "code": "401",
    }
}
LITELLM_NOT_ITS_OWN = {
    "error": {
        "message": "Authentication Error, LiteLLM Virtual Key expected. Received=sk-x, expected",
        "type": "auth_error",
    }
}
LITELLM_NO_DATABASE = {
    "error": {"message": "No connected db.", "type": "no_db_connection", "param": None}
}
GEMINI = {
    "error": {
        "code": 400,
        "message": "API key not valid. Please pass a valid API key.",
        "status": "INVALID_ARGUMENT",
        "details": [{"reason": "API_KEY_INVALID"}],
    }
}
OPENAI = {"error": {"message": "Incorrect API key provided: sk-x.", "code": "invalid_api_key"}}
LOADING = {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}

TABLE = [
    (401, VLLM, Reason.UNAUTHORIZED),
    (401, SGLANG, Reason.UNAUTHORIZED),
    (401, LLAMACPP, Reason.UNAUTHORIZED),
    (401, b"", Reason.UNAUTHORIZED),
    (403, b"", Reason.UNAUTHORIZED),  # Ollama's check of the Host header
    (407, b"", Reason.UNAUTHORIZED),
    (401, LITELLM_NONE, Reason.UNAUTHORIZED),
    (400, LITELLM_NOT_ITS_OWN, Reason.UNAUTHORIZED),
    (400, LITELLM_NO_DATABASE, Reason.UNAUTHORIZED),
    (500, LITELLM_NONE, Reason.UNAUTHORIZED),
    (400, GEMINI, Reason.UNAUTHORIZED),
    (401, OPENAI, Reason.UNAUTHORIZED),
    (400, {"error": "missing request body"}, Reason.BAD_PROTOCOL),
    (400, b"", Reason.BAD_PROTOCOL),
    (404, {"detail": "Not Found"}, Reason.NOT_FOUND),
    (405, b"405 method not allowed", Reason.NOT_FOUND),
    (410, b"", Reason.NOT_FOUND),
    (429, b"", Reason.RATE_LIMITED),
    (500, {"error": "something broke"}, Reason.HTTP_5XX),
    (502, b"<html>Bad Gateway", Reason.HTTP_5XX),
    (503, LOADING, Reason.LOADING),
    (503, {"status": "starting"}, Reason.LOADING),  # LocalAI
    (503, {"status": "loading model"}, Reason.LOADING),  # older llama.cpp
    (503, {"error": "unhealthy", "error_type": "healthcheck"}, Reason.HTTP_5XX),  # TGI
    (503, b"", Reason.HTTP_5XX),
    (500, {"error": {"message": "Loading model"}}, Reason.HTTP_5XX),
    (302, b"", Reason.REDIRECT),
    (204, b"", Reason.BAD_BODY),
]


@pytest.mark.parametrize("chosen", ["auto", "vllm", "llamacpp", "litellm"])
@pytest.mark.parametrize("refusal", TABLE, ids=lambda refusal: f"{refusal!r:.60}")
async def test_each_refusal_is_known_for_what_it_is(
    upstream_of: MakeWatched,
    compatible: MakeCompatible,
    refusal: tuple[int, Any, Reason],
    chosen: str,
) -> None:
    status, body, reason = refusal
    upstream = await upstream_of({"/v1/models": Status(status, body)})
    outcome = await probe(compatible(upstream, engine=chosen), deadline=2.0)
    assert isinstance(outcome, Failure)
    assert outcome.reason is reason


@pytest.mark.parametrize(
    ("status", "body"),
    [(status, body) for status, body, why in TABLE if why is Reason.UNAUTHORIZED],
)
async def test_a_rejected_key_is_misconfigured_and_never_down(
    upstream_of: MakeWatched, compatible: MakeCompatible, status: int, body: Any
) -> None:
    integration = compatible(await upstream_of({"/v1/models": Status(status, body)}))
    health = Health()
    for second in range(6):
        outcome = await probe(integration, deadline=2.0)
        assert isinstance(outcome, Failure)
        health = observe(health, outcome.reason, rules=Thresholds(), wall=float(second))
        assert health.state is not State.DOWN
    assert health.state is State.MISCONFIGURED


@pytest.mark.parametrize("word", [b"API key", b"loading model"])
def test_words_far_down_a_long_answer_are_not_searched_for_ever(word: bytes) -> None:
    """The beginning of a body is all that is looked at; it is never more than an excerpt."""
    assert reason_for(503, b"x" * 2000 + word) is Reason.HTTP_5XX
