"""The promises of a store, the same for every kind of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Final

import pytest

from service.core.reading import Policy, Reading
from service.core.snapshot import Snapshot
from service.store import BaseStore, MemoryStore
from tests.core.building import reading

MAKERS: Final[dict[str, Callable[[], BaseStore]]] = {"memory": MemoryStore}
SOON: Final = 0.05
"""Seconds within which nothing more comes, if nothing comes."""

pytestmark = pytest.mark.looptime(noop_cycles=0)


@pytest.fixture(params=sorted(MAKERS))
def store(request: pytest.FixtureRequest) -> BaseStore:
    return MAKERS[request.param]()


def names(snapshot: Snapshot) -> list[str]:
    return list(snapshot.readings)


async def ticks(count: int) -> None:
    """Let everything that is ready run, that many times."""
    for _ in range(count):
        await asyncio.sleep(0)


async def soon(watch: AsyncIterator[Snapshot]) -> Snapshot:
    async with asyncio.timeout(SOON):
        return await anext(watch)


async def nothing_more(watch: AsyncIterator[Snapshot]) -> bool:
    try:
        await soon(watch)
    except TimeoutError:
        return True
    return False


async def test_a_new_store_knows_nothing_and_says_so_at_once(store: BaseStore) -> None:
    assert names(store.current) == []
    assert names(await soon(store.watch())) == []


async def test_what_was_put_is_current_when_put_returns(store: BaseStore) -> None:
    await store.put(reading("a", "m1"))
    assert store.current.readings == {"a": reading("a", "m1")}


async def test_a_reader_that_starts_late_sees_the_latest_of_every_integration(
    store: BaseStore,
) -> None:
    await store.put(reading("a", "m1"))
    await store.put(reading("b", "m2"))
    await store.put(reading("a", "m3"))
    seen = await soon(store.watch())
    assert seen.readings == {"a": reading("a", "m3"), "b": reading("b", "m2")}


async def test_a_reader_is_woken_by_each_change_and_sees_it_whole(store: BaseStore) -> None:
    watch = store.watch()
    await anext(watch)
    for number in range(5):
        waiting = asyncio.ensure_future(soon(watch))
        await ticks(5)
        assert not waiting.done()
        await store.put(reading("a", f"m{number}"))
        assert (await waiting).readings == {"a": reading("a", f"m{number}")}


async def test_changes_that_come_quicker_than_they_are_taken_are_skipped_over(
    store: BaseStore,
) -> None:
    watch = store.watch()
    await anext(watch)
    for number in range(100):
        await store.put(reading("a", f"m{number}"))
    assert (await soon(watch)).readings["a"] == reading("a", "m99")
    assert await nothing_more(watch)


async def test_a_reading_equal_to_the_one_before_changes_nothing(store: BaseStore) -> None:
    await store.put(reading("a", "m1"))
    before = store.current
    watch = store.watch()
    await anext(watch)
    await store.put(reading("a", "m1"))
    assert store.current is before
    assert await nothing_more(watch)


async def test_a_change_of_policy_alone_is_a_change(store: BaseStore) -> None:
    await store.put(reading("a", "m1"))
    watch = store.watch()
    await anext(watch)
    await store.put(reading("a", "m1", policy=Policy(priority=9)))
    assert (await soon(watch)).readings["a"].policy.priority == 9


async def test_waiting_that_was_cut_short_can_be_taken_up_again(store: BaseStore) -> None:
    watch = store.watch()
    await anext(watch)
    for number in range(3):
        assert await nothing_more(watch)
        await store.put(reading("a", f"m{number}"))
        assert (await soon(watch)).readings["a"] == reading("a", f"m{number}")


@pytest.mark.parametrize("later", range(8))
async def test_a_wait_cancelled_at_the_very_moment_of_a_change_loses_nothing(
    store: BaseStore, later: int
) -> None:
    watch = store.watch()
    await anext(watch)
    waiting = asyncio.ensure_future(soon(watch))
    await ticks(5)
    await store.put(reading("a", "m1"))
    await ticks(later)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
    seen = await soon(watch) if waiting.cancelled() else waiting.result()
    assert seen.readings["a"] == reading("a", "m1")


@pytest.mark.parametrize("later", range(8))
@pytest.mark.parametrize("between", range(4))
async def test_a_put_that_is_cancelled_hides_no_change_from_any_reader(
    store: BaseStore, between: int, later: int
) -> None:
    """Readers in every phase of waiting, and a put that is cancelled at every point of its own."""
    seen: dict[int, Snapshot] = {}

    async def follow(place: int) -> None:
        async for snapshot in store.watch():
            seen[place] = snapshot

    readers = [asyncio.ensure_future(follow(place)) for place in range(3)]
    await ticks(10)
    await store.put(reading("a", "first"))
    await ticks(between)
    second = asyncio.ensure_future(store.put(reading("a", "second")))
    await ticks(later)
    second.cancel()
    await asyncio.wait([second])
    await ticks(20)
    assert len(seen) == 3
    assert all(snapshot is store.current for snapshot in seen.values())
    for reader in readers:
        reader.cancel()
    await asyncio.wait(readers)


async def test_a_dropped_integration_is_gone_and_readers_are_told(store: BaseStore) -> None:
    await store.put(reading("a", "m1"))
    await store.put(reading("b", "m2"))
    watch = store.watch()
    await anext(watch)
    await store.drop("a")
    assert names(store.current) == ["b"]
    assert names(await soon(watch)) == ["b"]


async def test_dropping_what_is_not_there_changes_nothing(store: BaseStore) -> None:
    await store.put(reading("a", "m1"))
    before = store.current
    watch = store.watch()
    await anext(watch)
    await store.drop("b")
    assert store.current is before
    assert await nothing_more(watch)


async def test_an_integration_that_comes_back_after_a_drop_starts_anew(store: BaseStore) -> None:
    await store.put(reading("a", "m1"))
    await store.drop("a")
    fresh = Reading(name="a")
    await store.put(fresh)
    assert store.current.readings == {"a": fresh}


async def test_every_reader_hears_the_last_word_at_its_own_pace(store: BaseStore) -> None:
    quick, slow = store.watch(), store.watch()
    await anext(quick)
    await anext(slow)
    for number in range(3):
        await store.put(reading("a", f"m{number}"))
        assert (await soon(quick)).readings["a"] == reading("a", f"m{number}")
    assert (await soon(slow)).readings["a"] == reading("a", "m2")
    both = asyncio.gather(soon(quick), soon(slow))
    await ticks(5)
    await store.put(reading("b"))
    assert [names(seen) for seen in await both] == [["a", "b"], ["a", "b"]]


async def test_a_snapshot_that_was_taken_never_changes(store: BaseStore) -> None:
    await store.put(reading("a", "m1"))
    taken = store.current
    await store.put(reading("a", "m2"))
    await store.drop("a")
    assert taken.readings == {"a": reading("a", "m1")}
