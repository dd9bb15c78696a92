from dataclasses import replace

import pytest

from service.core.model import Model
from service.core.moment import rfc3339
from service.core.reading import Policy
from service.core.snapshot import Snapshot
from tests.core.building import NOW, WALL, reading, snapshot


def test_a_new_reading_makes_a_new_snapshot_and_leaves_the_old_one_alone() -> None:
    before = snapshot(reading("a", "x"))
    after = before.with_reading(reading("a", "y")).with_reading(reading("b"))
    assert [one.name for one in before] == ["a"]
    assert before.readings["a"].models == (Model(id="x"),)
    assert [one.name for one in after] == ["a", "b"]


def test_an_equal_reading_gives_the_very_same_snapshot() -> None:
    before = snapshot(reading("a", "x"))
    assert before.with_reading(reading("a", "x")) is before


def test_a_changed_reading_keeps_its_place() -> None:
    before = snapshot(reading("a"), reading("b"), reading("c"))
    after = before.with_reading(reading("a", "new"))
    assert [one.name for one in after] == ["a", "b", "c"]


def test_an_integration_can_be_taken_out_once() -> None:
    before = snapshot(reading("a"), reading("b"))
    after = before.without("a")
    assert [one.name for one in after] == ["b"]
    assert after.without("a") is after
    assert [one.name for one in before] == ["a", "b"]


def test_readings_are_immutable() -> None:
    whole = snapshot(reading("a"))
    with pytest.raises(TypeError):
        whole.readings["b"] = reading("b")  # type: ignore[index]


def test_the_lowest_priority_comes_first_and_registration_decides_within_one() -> None:
    low, high = Policy(priority=-1), Policy(priority=5)
    whole = snapshot(
        reading("late", policy=high), reading("b"), reading("a"), reading("first", policy=low)
    )
    assert [one.name for one in whole.by_priority()] == ["first", "b", "a", "late"]


def test_an_empty_snapshot_holds_nothing() -> None:
    assert list(Snapshot()) == []
    assert Snapshot().by_priority() == []


@pytest.mark.parametrize(
    ("wall", "text"),
    [
        (None, None),
        (0.0, "1970-01-01T00:00:00Z"),
        (WALL, "2026-11-22T07:00:00Z"),
        (WALL + 0.999, "2026-11-22T07:00:00Z"),
    ],
)
def test_times_are_printed_in_whole_seconds_of_utc(wall: float | None, text: str | None) -> None:
    assert rfc3339(wall) == text


def test_only_a_real_difference_counts_as_one() -> None:
    before = snapshot(reading("a", "x"))
    moved = replace(before.readings["a"], latency=0.5)
    assert before.with_reading(moved) is not before
    assert before.readings["a"].last_ok == NOW
