"""A replayed Ollama as a process of its own: ``python -m bench.upstream PORT HANG_AFTER``."""

import asyncio
import sys

from tests.fakes import FakeUpstream, Hang, ollama_answers


async def main(port: int, hang_after: float) -> None:
    """Serve on ``port``; from ``hang_after`` seconds on (0: never) accept and say nothing."""
    async with FakeUpstream(ollama_answers(), port=port) as upstream:
        if hang_after:
            await asyncio.sleep(hang_after)
            upstream.answers = dict.fromkeys(upstream.answers, Hang())
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
