"""llama.cpp's server with a tiny model of random weights."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from tests.end_to_end.real_server import RealServer, got

WRITER = Path(__file__).with_name("tiny_gguf.py")


async def write_gguf(path: Path, *, merges: int) -> Path:
    """Write a model; each million of merges takes a server about two seconds to load."""
    writing = await asyncio.create_subprocess_exec(
        got("litellm/bin/python"), str(WRITER), str(path), str(merges)
    )
    assert await writing.wait() == 0
    return path


class LlamaServer(RealServer):
    """Debian's package of llama.cpp, unpacked and run through its own loader.

    ``model`` may be exchanged between two starts.
    """

    ready_path: ClassVar[str] = "/health"

    def __init__(self, model: Path, *, alias: str) -> None:
        super().__init__()
        self.model = model
        self._alias = alias
        self._libraries = got("llamacpp/usr/lib/x86_64-linux-gnu")

    def command(self) -> Sequence[str]:
        path = f"{self._libraries}:{self._libraries}/llama"
        return (
            *(f"{self._libraries}/ld-linux-x86-64.so.2", "--library-path", path),
            *(got("llamacpp/usr/bin/llama-server"), "--host", "127.0.0.1"),
            *("--port", str(self.port), "-t", "1", "-c", "256"),
            *("-m", str(self.model), "--alias", self._alias),
        )

    def environ(self) -> Mapping[str, str]:
        [backend] = Path(self._libraries).glob("ggml/*/libggml-cpu-x64.so")
        return {"GGML_BACKEND_PATH": str(backend)}
