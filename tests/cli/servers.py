"""What model servers answer that are met for the first time."""

from typing import Any, Final

from tests.fakes import Status, fixture, ollama_answers

LOADING: Final = Status(
    503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}
)
UNAUTHORIZED: Final = Status(401, {"error": {"message": "No api key passed in."}})


def ollama() -> dict[str, Any]:
    """Answer as Ollama does, under both of its APIs."""
    listed = fixture("ollama/v1_models.json")
    return {"/": b"Ollama is running", "/v1/models": listed, **ollama_answers()}


def vllm() -> dict[str, Any]:
    """Answer as vLLM does."""
    return {"/v1/models": fixture("vllm/models.json"), "/version": {"version": "0.11.0"}}


def plain(*ids: str) -> dict[str, Any]:
    """Answer as nobody in particular does."""
    return {"/v1/models": {"object": "list", "data": [{"id": name} for name in ids]}}
