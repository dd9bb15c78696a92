"""Many backends in one process, each below a path of its own: ``python -m bench.fleet PORT``.

They must cost next to nothing, so every answer is made once and sent as it is.
"""

import asyncio
import json
import sys
from functools import cache
from hashlib import sha256
from typing import Any

SERVERS = 200
MODELS = 100


def main(port: int) -> None:
    """Serve on ``port`` until killed."""
    asyncio.run(_serve(port))


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Answering, "127.0.0.1", port)
    await server.serve_forever()


class _Answering(asyncio.Protocol):
    """Answers GETs that come in one piece, as those of a client in the same machine do."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        path = data.split(b" ", 2)[1].decode()
        assert isinstance(self._transport, asyncio.WriteTransport)  # noqa: S101 -- for mypy
        self._transport.write(_answer(path))


@cache
def _answer(path: str) -> bytes:
    number, _, below = path.lstrip("/").partition("/")
    body = json.dumps(_document(int(number), below)).encode() if number.isdigit() else b""
    head = f"HTTP/1.1 {'200 OK' if body else '404 Not Found'}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Content-Type: application/json\r\n\r\n".encode() + body


def _document(number: int, below: str) -> Any:
    names = [f"model-{number}-{item}:7b" for item in range(MODELS)]
    match below:
        case "api/tags":
            return {"models": [_tag(name) for name in names]}
        case "api/ps":
            return {
                "models": [
                    _tag(name) | {"size_vram": 1, "context_length": 4096} for name in names[:2]
                ]
            }
        case "v1/models":
            return {"object": "list", "data": [_listed(name) for name in names]}
        case _:
            return {"version": "0.30.0"}


def _tag(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "model": name,
        "modified_at": "2026-01-02T03:04:05.123456789+01:00",
        "size": 5225388164,
        "digest": sha256(name.encode()).hexdigest(),
        "details": {
            "format": "gguf",
            "family": "qwen3",
            "families": ["qwen3"],
            "parameter_size": "8.2B",
            "quantization_level": "Q4_K_M",
            "context_length": 40960,
        },
        "capabilities": ["completion", "tools"],
    }


def _listed(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": 1767319445,
        "owned_by": "vllm",
        "max_model_len": 40960,
    }


if __name__ == "__main__":
    main(int(sys.argv[1]))
