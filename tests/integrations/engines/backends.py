"""A fake backend of every engine: what each answers, and a count of what it must never be asked."""

import itertools
import uuid
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from tests.fake_upstream import Request, Status
from tests.fakes import FakeUpstream, fixture

FORBIDDEN: Final = (
    # Generates, or asks whatever stands behind a proxy to.
    *("/generate", "/generate_stream", "/completions", "/chat/completions", "/embeddings"),
    *("/v1/completions", "/v1/chat/completions", "/v1/embeddings", "/v1/responses"),
    *("/api/generate", "/api/chat", "/api/embed", "/api/embeddings", "/api/show"),
    *("/infill", "/completion", "/embedding", "/rerank", "/v1/messages", "/health_generate"),
    # Loads, unloads, wakes or puts to sleep.
    *("/load", "/models/load", "/models/unload", "/api/v1/models/load", "/api/v1/models/download"),
    *("/wake_up", "/sleep", "/is_sleeping", "/api/pull", "/models/apply", "/backend/shutdown"),
    # Holds keys, or the addresses of what is behind.
    *("/server_info", "/get_server_info", "/model/info", "/v1/model/info", "/v2/model/info"),
    *("/key/info", "/config/yaml", "/get/config/callbacks", "/slots"),
    # SGLang's generates a token, and LiteLLM's a completion with every model; none is needed.
    *("/health", "/v1/health", "/health/readiness"),
)
"""Paths that load, generate, wake, bill or tell secrets on at least one of the engines."""


def is_forbidden(request: Request) -> bool:
    """Say whether a request may do harm: any that is no GET, or that names one model.

    llama.cpp loads the model named in ``/props?model=``, and reads its disk on ``?reload=``.
    """
    touches = any(word in request.query for word in ("model=", "reload", "autoload"))
    return request.method != "GET" or request.path in FORBIDDEN or touches


@dataclass(frozen=True)
class Backend:
    """What a server of one engine answers, by path, below ``base``.

    ``reads`` is all that may be asked of it once it is known.
    """

    answers: Mapping[str, Any]
    listed: str = "/v1/models"
    base: str = "/v1"
    version: str | None = None

    @property
    def reads(self) -> frozenset[tuple[str, str]]:
        return frozenset(("GET", path) for path in self.answers)


def _backends() -> dict[str, Backend]:
    return {
        "vllm": Backend(
            {"/v1/models": fixture("vllm/models.json"), "/version": {"version": "0.11.2"}},
            version="0.11.2",
        ),
        "sglang": Backend(
            {
                "/v1/models": fixture("sglang/models.json"),
                "/model_info": fixture("sglang/model_info.json"),
            }
        ),
        "llamacpp": Backend(
            {
                "/v1/models": fixture("llamacpp/models.json"),
                "/props": fixture("llamacpp/props.json"),
            },
            version="b9014-d4b0c22f9",
        ),
        "litellm": Backend({"/v1/models": fixture("litellm/models.json")}),
        "lmstudio": Backend(
            {
                "/v1/models": fixture("lmstudio/models.json"),
                "/api/v1/models": fixture("lmstudio/api_v1_models.json"),
                "/api/v0/models": fixture("lmstudio/api_v0_models.json"),
            },
            listed="/api/v1/models",
        ),
        "tgi": Backend(
            {"/v1/models": fixture("tgi/models.json"), "/info": fixture("tgi/info.json")},
            version="3.3.4",
        ),
        "localai": Backend(
            {
                "/v1/models": fixture("localai/models.json"),
                "/v1/models/capabilities": fixture("localai/capabilities.json"),
                "/version": {"version": "v3.7.0 (9ecfdc5938a3f8a2c9c3c9c2f0e9d8a7b6c5d4e3)"},
            },
            version="v3.7.0 (9ecfdc5938a3f8a2c9c3c9c2f0e9d8a7b6c5d4e3)",
        ),
        "ollama": Backend(
            {
                "/v1/models": fixture("ollama/v1_models.json"),
                "/api/version": fixture("ollama/version.json"),
            },
            version="0.12.6",
        ),
        "openrouter": Backend(
            {"/api/v1/models": fixture("openrouter/models.json")},
            listed="/api/v1/models",
            base="/api/v1",
        ),
        "gemini": Backend(
            {"/v1beta/models": fixture("gemini/models.json")},
            listed="/v1beta/models",
            base="/v1beta",
        ),
        "generic": Backend(
            {
                "/v1/models": {
                    "data": [
                        {"id": "one", "created": 1700000000, "owned_by": "somebody"},
                        {"name": "two", "tier": "gold"},
                    ]
                }
            }
        ),
    }


BACKENDS: Final = _backends()
ROUTER: Final = Backend({"/v1/models": fixture("llamacpp/router_models.json")})
"""llama.cpp as a router of many models."""


class WatchedUpstream(FakeUpstream):
    """An upstream that answers whatever is forbidden as if nothing were amiss, and counts it."""

    @property
    def harm(self) -> list[str]:
        """List what was asked and must never be."""
        return [
            f"{request.method} {request.path}?{request.query}"
            for request in self.requests
            if is_forbidden(request)
        ]

    def _answer(self, request: Request) -> Any:
        if request.path not in self.answers and request.path in FORBIDDEN:
            return {"status": "ok", "version": "6.6.6", "data": [], "models": []}
        if request.path not in self.answers and "error" in self.answers:
            return self.answers["error"]
        return super()._answer(request)


UNKNOWN_TO_LM_STUDIO: Final = Status(200, {"error": "Unexpected endpoint or method. (GET /x)"})
"""What LM Studio answers to any path that it does not know."""


def answers_of(name: str) -> dict[str, Any]:
    """Give what a server of that engine answers, free to be changed."""
    answers: dict[str, Any] = deepcopy(dict(BACKENDS[name].answers))
    if name == "lmstudio":
        answers["error"] = UNKNOWN_TO_LM_STUDIO
    return answers


def stamping(answers: Mapping[str, Any], now: Callable[[], float]) -> dict[str, Any]:
    """Make servers invent: the time of the request, random ids, live statistics, on every call."""
    calls = itertools.count(1)

    def stamped(value: Any) -> Any:
        if isinstance(value, list):
            return [stamped(item) for item in value]
        if not isinstance(value, dict):
            return value
        invented = {key: stamped(item) for key, item in value.items()}
        if value.get("object") in ("model", "model_permission"):
            invented |= {"stats": {"requests_running": next(calls)}, "uptime": next(calls)}
        if _is_stamped(value):
            invented["created"] = int(now())
        if value.get("object") == "model_permission":
            invented["id"] = f"modelperm-{uuid.uuid4().hex}"
        if "status" in invented and isinstance(invented["status"], dict):
            invented["status"]["progress"] = next(calls)
        return invented | {"request_id": uuid.uuid4().hex}

    def answering(value: Any) -> Callable[[Any], Any]:
        return lambda _: stamped(value)

    return {
        path: answering(value) if isinstance(value, dict) else value
        for path, value in answers.items()
    }


def _is_stamped(value: Mapping[str, Any]) -> bool:
    """Whether it is one whose ``created`` the server makes up; Ollama and others mean theirs."""
    return value.get("owned_by") in ("vllm", "sglang", "llamacpp", "somebody") or (
        value.get("object") == "model_permission"
    )
