"""Blocking work beside the loop: one thread at most, shared by all who ask."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from service.integrations.aside import Aside


class Work:
    """Work that blocks until it is let go, and counts how often it was begun."""

    def __init__(self) -> None:
        self.begun = 0
        self.let_go = threading.Event()

    def __call__(self) -> int:
        self.begun += 1
        assert self.let_go.wait(timeout=10)
        return self.begun


async def gives_up(aside: Aside[int]) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await aside.done()


async def test_the_result_is_given_and_made_anew_each_time() -> None:
    work = Work()
    work.let_go.set()
    aside = Aside(work)
    assert [await aside.done(), await aside.done()] == [1, 2]


async def test_all_who_ask_at_once_share_one_piece_of_work() -> None:
    work = Work()
    aside = Aside(work)
    asked = [asyncio.create_task(aside.done()) for _ in range(5)]
    await gives_up(aside)
    work.let_go.set()
    assert await asyncio.gather(*asked) == [1] * 5


async def test_what_hangs_is_not_begun_again_and_its_result_is_had_later() -> None:
    work = Work()
    aside = Aside(work)
    for _ in range(5):
        await gives_up(aside)
    assert work.begun == 1
    work.let_go.set()
    assert await aside.done() in (1, 2)


async def test_an_error_is_raised_where_it_is_waited_for_and_the_next_try_is_a_new_one() -> None:
    results: Iterator[int | ZeroDivisionError] = iter([ZeroDivisionError(), 7])

    def work() -> int:
        result = next(results)
        if isinstance(result, Exception):
            raise result
        return result

    aside = Aside(work)
    with pytest.raises(ZeroDivisionError):
        await aside.done()
    assert await aside.done() == 7


async def test_the_loop_goes_on_while_it_blocks() -> None:
    work = Work()
    asked = asyncio.create_task(Aside(work).done())
    ticks = 0
    started = time.monotonic()
    while not work.begun or ticks < 50:
        await asyncio.sleep(0)
        ticks += 1
    assert time.monotonic() - started < 5
    assert not asked.done()
    work.let_go.set()
    assert await asked == 1


def test_another_loop_does_not_wait_for_the_work_of_one_that_is_gone() -> None:
    work = Work()
    aside = Aside(work)
    asyncio.run(gives_up(aside))
    work.let_go.set()
    assert asyncio.run(aside.done()) in (1, 2)


def test_a_process_can_leave_while_it_hangs() -> None:
    program = (
        "import asyncio, threading\n"
        "from service.integrations.aside import Aside\n"
        "async def main():\n"
        "    async with asyncio.timeout(0.05):\n"
        "        await Aside(threading.Event().wait).done()\n"
        "try: asyncio.run(main())\n"
        "except TimeoutError: print('left')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True
    )
    assert (ended.stdout, ended.stderr) == ("left\n", "")
