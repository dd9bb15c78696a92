"""Test doubles: an upstream with a real socket, a whole Ollama for it, and a canned integration.

No pytest in here: benchmarks use these too.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from service.core.model import Model
from service.integrations.base_integration import BaseIntegration, ModelLike
from tests.fake_upstream import (
    Drip,
    FakeUpstream,
    Hang,
    InTurn,
    Raw,
    Request,
    Reset,
    Slow,
    Status,
)

__all__ = [
    "FIXTURES",
    "OLLAMA_READS",
    "CannedIntegration",
    "Drip",
    "FakeUpstream",
    "Hang",
    "InTurn",
    "Raw",
    "Request",
    "Reset",
    "Slow",
    "Status",
    "fixture",
    "ollama_answers",
]

FIXTURES: Final = Path(__file__).parent / "fixtures"
OLLAMA_READS: Final = frozenset(
    {("GET", "/api/tags"), ("GET", "/api/version"), ("GET", "/api/ps"), ("POST", "/api/show")}
)
"""All that may ever be asked of an Ollama: none of these loads a model."""


def fixture(name: str) -> Any:
    """Read a recorded body: ``fixture("ollama/tags.json")``."""
    return json.loads((FIXTURES / name).read_bytes())


def ollama_answers(*, old: bool = False) -> dict[str, Any]:
    """Give a whole Ollama: the recorded answers, and a ``/api/show`` for every listed model.

    An ``old`` one lists neither capabilities nor context lengths: only ``/api/show`` tells them.
    """
    tags = fixture("ollama/tags.json")
    recorded = {
        "qwen3:8b": "thinking",
        "llava:7b": "vision",
        "nomic-embed-text:latest": "embedding",
    }
    shown: dict[str, Any] = {}
    for entry in tags["models"]:
        name, details = entry["name"], entry["details"]
        info = {"general.architecture": details["family"]}
        if "context_length" in details:
            info[f"{details['family']}.context_length"] = details["context_length"]
        derived = {"details": details, "model_info": info, "capabilities": entry["capabilities"]}
        shown[name] = fixture(f"ollama/show_{recorded[name]}.json") if name in recorded else derived
    if old:
        for entry in tags["models"]:
            del entry["capabilities"]
            entry["details"] = {
                key: value for key, value in entry["details"].items() if not key.endswith("_length")
            }
    missing = Status(404, {"error": "model not found"})
    return {
        "/api/tags": tags,
        "/api/ps": fixture("ollama/ps.json"),
        "/api/version": fixture("ollama/version.json"),
        "/api/show": lambda payload: shown.get(payload["model"], missing),
    }


Canned = Sequence[ModelLike | str] | BaseException | Hang | Slow | Callable[[], Any]


class CannedIntegration(BaseIntegration):
    """An integration with the two methods that every one must have, answering by script.

    Each result is a list of models (a plain text stands for ``{"id": text}``), an exception to
    raise, ``Hang()``, ``Slow(seconds, result)`` or a callable that gives one. The last repeats.
    """

    kind: ClassVar[str] = "canned"

    def __init__(self, *results: Canned) -> None:
        self.results = InTurn(*results or ((),))
        self.reachable = True
        self.calls = 0
        self.closed = 0

    async def get_models(self) -> Sequence[ModelLike]:
        self.calls += 1
        result = self.results.take()
        while isinstance(result, Slow) or callable(result):
            if isinstance(result, Slow):
                await asyncio.sleep(result.seconds)
                result = result.answer
            else:
                result = result()
        if isinstance(result, Hang):
            await asyncio.Event().wait()
        if isinstance(result, BaseException):
            raise result
        return [entry if isinstance(entry, Model | Mapping) else {"id": entry} for entry in result]

    async def is_available(self) -> bool:
        return self.reachable

    async def close(self) -> None:
        self.closed += 1
