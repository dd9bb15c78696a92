"""LiteLLM's proxy, with models that it makes up itself and a key that it asks for."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from tests.end_to_end.real_server import RealServer, got


class LiteLLMProxy(RealServer):
    """The PyPI package litellm[proxy]. What it stands before is never asked for anything."""

    ready_path: ClassVar[str] = "/health/liveliness"
    up_within: ClassVar[float] = 90.0

    def __init__(self, folder: Path, models: Sequence[str], *, key: str) -> None:
        super().__init__()
        self._key = key
        self._folder = folder
        # JSON is YAML too. Nothing listens on port 9.
        listed = [
            {
                "model_name": model,
                "litellm_params": {
                    "model": f"openai/{model}",
                    "api_base": "http://127.0.0.1:9/v1",
                    "api_key": "none",
                    "mock_response": "hi",
                },
            }
            for model in models
        ]
        self._config = folder / "litellm.yaml"
        self._config.write_text(json.dumps({"model_list": listed}))

    def command(self) -> Sequence[str]:
        return (
            *(got("litellm/bin/litellm"), "--config", str(self._config)),
            *("--host", "127.0.0.1", "--port", str(self.port), "--num_workers", "1"),
        )

    def environ(self) -> Mapping[str, str]:
        return {
            "HOME": str(self._folder),
            "LITELLM_MASTER_KEY": self._key,
            # Prices come out of the package instead of from the internet.
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }
