"""Work that may block, on a daemon thread: a hung disk holds neither the loop nor the exit.

On the loop's own pool a few hung calls would starve whatever else runs there, and the process could
not leave until they end.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_Result = TypeVar("_Result")


class Aside(Generic[_Result]):
    """Does one piece of work, never twice at a time: who asks meanwhile shares what comes of it.

    Who gives up waiting does not stop it, so one that hangs costs a single thread, however often it
    is asked for.

    Args:
        work: what to do.
    """

    def __init__(self, work: Callable[[], _Result]) -> None:
        self._work = work
        self._doing: asyncio.Future[_Result] | None = None

    async def done(self) -> _Result:
        """Do the work, or wait for what is being done, and give the result or raise its error."""
        return await asyncio.shield(self.begun())

    def begun(self) -> asyncio.Future[_Result]:
        """Begin the work, unless it is being done already, and do not wait for it."""
        loop = asyncio.get_running_loop()
        doing = self._doing
        if doing is None or doing.done() or doing.get_loop() is not loop:
            doing = self._doing = loop.create_future()
            threading.Thread(target=self._do, args=(doing,), name="aside", daemon=True).start()
        return doing

    def _do(self, doing: asyncio.Future[_Result]) -> None:
        result, failure = None, None
        try:
            result = self._work()
        except Exception as error:  # noqa: BLE001 -- raised where the result is awaited
            failure = error

        def tell() -> None:
            if doing.cancelled():  # with the loop, at its end
                return
            if failure is not None:
                doing.set_exception(failure)
            else:
                doing.set_result(result)  # type: ignore[arg-type] # it is one, as nothing failed

        try:
            doing.get_loop().call_soon_threadsafe(tell)
        except RuntimeError:
            return  # the loop was closed meanwhile: nobody waits any more
