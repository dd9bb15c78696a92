"""The one mutable cell: what is served when, from the first second to days without an answer."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.catalogue import Collisions, Rules
from service.core.edition import Edition, print_edition
from service.core.model import Model
from service.core.moment import Moment
from service.core.reading import Answer, Failure, Freshness, Outcome, Policy, Reading, advance
from service.core.reasons import Reason
from service.core.snapshot import Snapshot
from service.polling import supervised
from service.publication import GAP, Publication
from service.store import MemoryStore
from tests.core.building import many

pytestmark = pytest.mark.looptime(noop_cycles=0)
real_time: Final = pytest.mark.looptime(False)

WALL: Final = 1_795_330_800.0
GRACE: Final = 10.0
FRESH_FOR: Final = 35.0
"""Twice the default interval and one deadline."""
RULES: Final = Rules(stale_if_error=100.0, max_stale=200.0)
SOON: Final = 0.001
MANY: Final = 1500


def now() -> Moment:
    mono = asyncio.get_running_loop().time()
    return Moment(mono, WALL + mono)


async def until(mono: float) -> None:
    await asyncio.sleep(mono - now().mono)


def read(name: str, *models: str, **more: Any) -> Reading:
    """Give the reading of an integration that has answered this very moment."""
    answer = Answer(models=[Model(id=model) for model in models], latency=0.1)
    return advance(Reading(name=name, **more), answer, now=now())


def listed(edition: Edition) -> list[str]:
    return [entry["id"] for entry in orjson.loads(edition.models.identity.body)["data"]]


class Watched(Publication):
    """Notes every edition that was current, and when it became so."""

    def __init__(self, **arguments: Any) -> None:
        self.editions: list[tuple[float, Edition]] = []
        super().__init__(**arguments)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "current":
            self.editions.append((now().mono, value))


@dataclass
class House:
    store: MemoryStore
    publication: Watched
    deaths: list[BaseException | None] = field(default_factory=list)

    @property
    def current(self) -> Edition:
        return self.publication.current


@asynccontextmanager
async def published(*, rules: Rules = RULES, grace: float = GRACE) -> AsyncIterator[House]:
    house = House(MemoryStore(), Watched(rules=rules, now=now, grace=grace))
    async with supervised(
        house.publication.follow(house.store.watch()),
        name="publisher",
        on_death=lambda _, error: house.deaths.append(error),
    ):
        yield house
        assert house.deaths == []


async def test_nothing_is_served_before_the_first_models() -> None:
    async with published() as house:
        await house.store.put(Reading(name="a"))
        await until(GRACE - 0.01)
        assert not house.current.warm
        assert not house.current.servable
        assert list(house.current.standings) == ["a"]


async def test_the_first_models_are_shown_at_once() -> None:
    async with published() as house:
        await house.store.put(Reading(name="a"))
        await house.store.put(Reading(name="b"))
        await until(1.0)
        await house.store.put(read("a", "m1"))
        await until(1.0 + SOON)
        assert house.current.warm
        assert listed(house.current) == ["m1"]


async def test_the_first_models_are_shown_at_once_even_right_after_other_news() -> None:
    async with published() as house:
        for number in range(20):
            await house.store.put(Reading(name=f"i-{number}"))
            await asyncio.sleep(0.01)
        await house.store.put(read("a", "m1"))
        await asyncio.sleep(SOON)
        assert listed(house.current) == ["m1"]


async def test_an_integration_that_has_no_models_is_an_answer_too() -> None:
    async with published() as house:
        await house.store.put(read("a"))
        await until(SOON)
        assert house.current.servable
        assert listed(house.current) == []


@pytest.mark.parametrize("names", [(), ("a",), ("a", "b")])
async def test_when_grace_is_over_the_default_model_is_served(names: tuple[str, ...]) -> None:
    async with published() as house:
        for name in names:
            await house.store.put(Reading(name=name))
        await until(GRACE - 0.01)
        assert not house.current.servable
        await until(GRACE + 0.01)
        assert house.current.servable
        assert listed(house.current) == ["deepcoder:14b"]
        assert house.current.freshness is Freshness.DEFAULT


async def test_failures_do_not_put_off_the_end_of_grace() -> None:
    async with published() as house:
        reading = Reading(name="a")
        while now().mono < GRACE:
            reading = advance(reading, Failure(reason=Reason.REFUSED), now=now())
            await house.store.put(reading)
            await asyncio.sleep(0.3)
        assert now().mono < GRACE + 0.4
        assert listed(house.current) == ["deepcoder:14b"]


async def test_without_a_default_model_there_is_nothing_to_serve_rather_than_an_empty_list() -> (
    None
):
    async with published(rules=Rules(default_model=None)) as house:
        await house.store.put(Reading(name="a"))
        await until(GRACE + 1.0)
        assert house.current.warm
        assert not house.current.servable


async def test_the_default_model_makes_way_for_the_first_real_ones_at_once() -> None:
    async with published() as house:
        await until(GRACE + 5.0)
        await house.store.put(read("a", "m1"))
        await until(GRACE + 5.0 + SOON)
        assert listed(house.current) == ["m1"]


async def test_a_change_after_a_quiet_while_is_shown_at_once() -> None:
    async with published() as house:
        await house.store.put(read("a", "m1"))
        await until(5.0)
        await house.store.put(read("a", "m1", "m2"))
        await until(5.0 + SOON)
        assert listed(house.current) == ["m1", "m2"]


async def test_a_storm_of_changes_makes_five_editions_a_second_and_loses_none_of_them() -> None:
    async with published() as house:
        for number in range(1000):
            await house.store.put(read("a", f"m{number}"))
            await asyncio.sleep(0.01)
            (current,) = listed(house.current)
            assert number - int(current.removeprefix("m")) <= GAP / 0.01 + 1
        await asyncio.sleep(GAP + SOON)
        assert listed(house.current) == ["m999"]
        per_second = Counter(int(when) for when, _ in house.publication.editions)
        assert max(per_second.values()) <= 6
        assert min(per_second[second] for second in range(1, 10)) >= 4


async def test_time_alone_turns_models_stale_then_expired_then_out() -> None:
    """The poller is dead: nothing is ever put again."""
    async with published() as house:
        await house.store.put(read("a", "m1"))
        seen = []
        for edge in (FRESH_FOR, RULES.stale_if_error, RULES.max_stale):
            await until(edge - 0.01)
            seen.append((house.current.freshness, listed(house.current)))
            await until(edge + GAP + 0.01)
            seen.append((house.current.freshness, listed(house.current)))
        assert seen == [
            (Freshness.FRESH, ["m1"]),
            (Freshness.STALE, ["m1"]),
            (Freshness.STALE, ["m1"]),
            (Freshness.EXPIRED, ["m1"]),
            (Freshness.EXPIRED, ["m1"]),
            (Freshness.DEFAULT, ["deepcoder:14b"]),
        ]
        editions = len(house.publication.editions)
        assert editions <= 10
        await until(100_000.0)
        assert len(house.publication.editions) == editions


async def test_each_integration_ages_by_itself() -> None:
    async with published() as house:
        await house.store.put(read("a", "m1"))
        await until(20.0)
        await house.store.put(read("b", "m2"))
        await until(FRESH_FOR + 1.0)
        ages = {name: standing.freshness for name, standing in house.current.standings.items()}
        assert ages == {"a": Freshness.STALE, "b": Freshness.FRESH}
        await until(20.0 + FRESH_FOR + 1.0)
        assert house.current.standings["b"].freshness is Freshness.STALE
        await until(RULES.max_stale + 1.0)
        assert listed(house.current) == ["m2"]


async def test_after_days_without_an_answer_the_next_one_is_followed_as_the_first_was() -> None:
    async with published() as house:
        await house.store.put(read("a", "m1"))
        await until(3 * 86400.0)
        assert listed(house.current) == ["deepcoder:14b"]
        await house.store.put(read("a", "m2"))
        await asyncio.sleep(SOON)
        assert listed(house.current) == ["m2"]
        ages = [house.current.freshness]
        await asyncio.sleep(FRESH_FOR + GAP + 0.01)
        ages.append(house.current.freshness)
        assert ages == [Freshness.FRESH, Freshness.STALE]


async def test_polls_that_bring_nothing_new_keep_the_very_same_page() -> None:
    async with published() as house:
        reading = read("a", "m1", "m2")
        await house.store.put(reading)
        await until(SOON)
        first = house.current
        for _ in range(20):
            await asyncio.sleep(15.0)
            answer = Answer(models=reading.models, latency=0.2)
            reading = advance(reading, answer, now=now())
            await house.store.put(reading)
        await asyncio.sleep(1.0)
        assert house.current is not first
        assert house.current.models is first.models
        assert house.current.changed == first.changed
        assert reading.last_ok is not None
        assert house.current.oldest == reading.last_ok.mono


async def test_a_removed_integration_s_models_go_at_once() -> None:
    async with published() as house:
        await house.store.put(read("a", "m1"))
        await house.store.put(read("b", "m2"))
        await until(5.0)
        await house.store.drop("a")
        await until(5.0 + SOON)
        assert listed(house.current) == ["m2"]
        assert list(house.current.standings) == ["b"]


async def test_once_warm_it_stays_so_even_with_no_integration_left() -> None:
    async with published() as house:
        await house.store.put(read("a", "m1"))
        await until(1.0)
        await house.store.drop("a")
        await until(2.0)
        assert house.current.warm
        assert listed(house.current) == ["deepcoder:14b"]


async def test_publishing_by_hand_shows_a_snapshot_at_once() -> None:
    publication = Publication(rules=RULES, now=now, grace=GRACE)
    publication.publish(Snapshot().with_reading(Reading(name="a")))
    assert not publication.current.warm
    publication.publish(Snapshot().with_reading(read("a", "m1")))
    assert listed(publication.current) == ["m1"]


def is_whole(edition: Edition) -> bool:
    """Say whether all that an edition tells is of one and the same snapshot."""
    said = {model.id for s in edition.standings.values() for model in s.reading.models}
    return (
        listed(edition) == sorted(edition.printed)
        and [entry.id for entry in edition.catalogue.entries] == sorted(edition.printed)
        and (not said or said == set(edition.printed))
        and set(orjson.loads(edition.health.identity.body)) == set(edition.standings)
        and set(edition.integration) == set(edition.standings)
    )


@real_time
async def test_whoever_looks_sees_one_edition_whole() -> None:
    """Lists large enough to be printed in a thread, looked at between all its steps."""
    async with published() as house:
        seen: dict[int, Edition] = {}
        for turn in range(3):
            await house.store.put(read("a", *many(MANY, prefix=f"turn-{turn}-")))
            while f"turn-{turn}-0" not in house.current.printed:
                seen[id(house.current)] = house.current
                await asyncio.sleep(0)
        seen[id(house.current)] = house.current
        assert len(seen) >= 4
        assert all(is_whole(edition) for edition in seen.values() if edition.warm)
        current = [id(edition) for _, edition in house.publication.editions]
        assert set(seen) <= set(current)
        assert len(current) == len(set(current))


@real_time
async def test_a_large_catalogue_is_printed_beside_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads: list[int] = []
    printing = threading.Event()

    def slowly(*arguments: Any, **more: Any) -> Edition:
        threads.append(threading.get_ident())
        if len(threads) > 1:
            printing.wait(5.0)
        return print_edition(*arguments, **more)

    monkeypatch.setattr("service.publication.print_edition", slowly)
    async with published() as house:
        await asyncio.sleep(0.01)
        assert threads == [threading.get_ident()]
        before = house.current
        await house.store.put(read("a", *many(MANY)))
        for _ in range(100):
            await asyncio.sleep(0.001)
            assert house.current is before
        await house.store.put(read("a", *many(MANY + 1)))
        printing.set()
        while not house.current.warm:
            await asyncio.sleep(0.001)
        assert threads[1] != threading.get_ident()
        async with asyncio.timeout(10.0):
            while len(house.current.printed) != MANY + 1:
                await asyncio.sleep(0.01)


@real_time
async def test_a_small_catalogue_is_printed_without_a_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads: list[int] = []

    def noted(*arguments: Any, **more: Any) -> Edition:
        threads.append(threading.get_ident())
        return print_edition(*arguments, **more)

    monkeypatch.setattr("service.publication.print_edition", noted)
    async with published() as house:
        await house.store.put(read("a", *many(999)))
        await asyncio.sleep(0.05)
        assert len(listed(house.current)) == 999
    assert set(threads) == {threading.get_ident()}


# Any history at all ---------------------------------------------------------------------------

NAMES: Final = ("a", "b", "c")
ids = st.sampled_from(["m1", "m2", "m3", "m4", "m5", "m6", "deepcoder:14b", "a/m1"])
lists = st.lists(ids, min_size=1, unique=True)
answers = st.builds(
    lambda names, latency, impaired: Answer(
        models=[Model(id=name) for name in names], latency=latency, impaired=impaired
    ),
    lists,
    st.floats(0.0, 5.0),
    st.none() | st.just(Reason.TRUNCATED),
)
failures = st.builds(
    Failure, reason=st.sampled_from(Reason), retry_after=st.none() | st.floats(0.0, 1e12)
)
waits = st.sampled_from([0.0, 1.0, 30.0, 50.0, 150.0, 300.0])
histories = st.lists(
    st.tuples(st.sampled_from(NAMES), answers | failures | failures, waits), max_size=30
)
policies = st.sampled_from(
    [Policy(), Policy(priority=1), Policy(prefix="a/"), Policy(optional=True, interval=60.0)]
)
rules = st.builds(Rules, collisions=st.sampled_from(Collisions)).map(
    lambda some: Rules(
        collisions=some.collisions,
        stale_if_error=100.0,
        max_stale=200.0,
        aliases={"m2": "m1", "best": "m3"},
    )
)


@settings(deadline=None, max_examples=150)
@given(histories, rules, st.tuples(policies, policies, policies))
def test_no_history_of_errors_ever_empties_the_catalogue_or_lists_an_id_twice(
    history: list[tuple[str, Outcome, float]], rules: Rules, chosen: tuple[Policy, ...]
) -> None:
    moment = Moment(1000.0, WALL)
    publication = Publication(rules=rules, now=lambda: moment, grace=GRACE)
    snapshot = Snapshot()
    for name, policy in zip(NAMES, chosen, strict=True):
        snapshot = snapshot.with_reading(Reading(name=name, policy=policy))
    answered = False
    for name, outcome, wait in history:
        moment = Moment(moment.mono + wait, moment.wall + wait)
        snapshot = snapshot.with_reading(advance(snapshot.readings[name], outcome, now=moment))
        publication.publish(snapshot)
        answered = answered or isinstance(outcome, Answer)
        edition = publication.current
        assert edition.warm is answered
        if edition.warm:
            names = listed(edition)
            assert names
            assert len(set(names)) == len(names)
            assert edition.servable
