"""``ollama list`` as a subprocess: the fallback when the API can't be reached at all.

No shell, fixed arguments, an absolute path, a bare environment, bounded output, and a process group
of its own that is killed whole: a grandchild that holds the pipe would otherwise hold us.
"""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from typing import Final

from service.core.reasons import Reason
from service.integrations.errors import IntegrationError

OUTPUT_CEILING: Final = 256 * 1024
_REAPING: Final = 1.0


async def ollama_list(executable: str, *, host: str, timeout: float) -> str:  # noqa: ASYNC109 -- it kills
    """Run ``ollama list`` against ``host`` and give what it printed.

    Raises:
        IntegrationError: ``cli``; it could not be run, failed, took over ``timeout`` seconds or
            printed more than a table.
    """
    try:
        process = await _started(executable, host)
    except OSError:
        raise IntegrationError(Reason.CLI) from None
    try:
        async with asyncio.timeout(timeout):
            # Both pipes are read at once: a full one that nobody reads would stop the process.
            printed, _ = await asyncio.gather(_capped(process.stdout), _capped(process.stderr))
            code = await process.wait()
    except TimeoutError:
        raise IntegrationError(Reason.CLI) from None
    finally:
        await _end(process)
    if code != 0:
        raise IntegrationError(Reason.CLI)
    return printed.decode("utf-8", errors="replace")


async def _started(executable: str, host: str) -> Process:
    starting = asyncio.create_task(
        asyncio.create_subprocess_exec(
            executable,
            "list",
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            env={"OLLAMA_HOST": host, "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8"},
            start_new_session=True,
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        # Cancelled in its midst, asyncio would kill the leader alone, then wait for all the others.
        with suppress(OSError):
            await _end(await starting)
        raise


async def _capped(stream: asyncio.StreamReader | None) -> bytes:
    if stream is None:
        return b""
    body = bytearray()
    while chunk := await stream.read(16 * 1024):
        body += chunk
        if len(body) > OUTPUT_CEILING:
            raise IntegrationError(Reason.CLI)
    return bytes(body)


async def _end(process: Process) -> None:
    """Kill the whole group, whether or not its leader has gone, and reap the leader."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    transport: asyncio.SubprocessTransport = process._transport  # type: ignore[attr-defined]  # noqa: SLF001 -- asyncio gives no other way
    # Waiting means waiting for the pipes too, which may be full, or held by a descendant that left
    # the group: our ends are ours to close.
    for descriptor in (1, 2):
        if (pipe := transport.get_pipe_transport(descriptor)) is not None:
            pipe.close()
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(_REAPING):
                await process.wait()
    finally:
        transport.close()
