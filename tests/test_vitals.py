"""What the process knows of itself."""

import pytest

from service.vitals import Vitals


def test_a_process_that_was_told_nothing_is_alive_and_well() -> None:
    vitals = Vitals()
    assert not vitals.stalled
    assert not vitals.draining
    assert vitals.alive(mono=1e9)


@pytest.mark.parametrize(("later", "alive"), [(0.0, True), (59.9, True), (60.0, False)])
def test_a_stall_is_beyond_saving_after_a_minute(later: float, alive: bool) -> None:
    vitals = Vitals()
    vitals.stall("poll:a", mono=1000.0)
    assert vitals.stalled
    assert vitals.alive(mono=1000.0 + later) is alive


def test_a_stall_that_is_told_again_counts_from_the_first_time() -> None:
    vitals = Vitals()
    for mono in (1000.0, 1030.0, 1059.0):
        vitals.stall("poll:a", mono=mono)
    assert not vitals.alive(mono=1060.0)


def test_progress_ends_a_stall_and_the_next_one_counts_anew() -> None:
    vitals = Vitals()
    vitals.stall("poll:a", mono=1000.0)
    vitals.revive("poll:a")
    assert not vitals.stalled
    assert vitals.alive(mono=5000.0)
    vitals.stall("poll:a", mono=5000.0)
    assert vitals.alive(mono=5059.0)
    assert not vitals.alive(mono=5060.0)


def test_the_progress_of_one_part_does_not_excuse_another() -> None:
    vitals = Vitals()
    vitals.stall("poll:a", mono=1000.0)
    vitals.stall("poll:b", mono=1050.0)
    vitals.revive("poll:b")
    vitals.revive("poll:c")
    assert vitals.stalled
    assert not vitals.alive(mono=1060.0)


def test_a_recent_stall_does_not_hide_an_old_one() -> None:
    vitals = Vitals()
    vitals.stall("poll:a", mono=1000.0)
    vitals.stall("poll:b", mono=1059.0)
    assert not vitals.alive(mono=1061.0)


def test_draining_says_nothing_of_being_alive() -> None:
    vitals = Vitals()
    vitals.draining = True
    assert vitals.alive(mono=1000.0)
    assert not vitals.stalled
