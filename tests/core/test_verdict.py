"""Whether this replica should get traffic: the table of api.md, and the shares."""

import pytest

from service.core.edition import Standing
from service.core.health import State
from service.core.reading import Freshness, Policy
from service.core.verdict import FailOn, Share, counted, is_good, passes, share
from tests.core.building import reading

GOOD = (State.HEALTHY, State.DEGRADED, State.RECOVERING, State.RATE_LIMITED)
BAD = (State.DOWN, State.LOADING, State.MISCONFIGURED, State.UNKNOWN)


def standing(
    state: State, *, age: Freshness | None = Freshness.FRESH, optional: bool = False
) -> Standing:
    return Standing(reading("a", state=state, policy=Policy(optional=optional)), age, b"{}")


def judged(
    standings: list[Standing],
    *,
    stalled: bool = False,
    minimum: Share | None = None,
) -> dict[str, bool]:
    return {
        str(rule): passes(standings, fail_on=rule, minimum=minimum, stalled=stalled)
        for rule in FailOn
    }


HEALTHY = standing(State.HEALTHY)
DOWN = standing(State.DOWN)
SAVED = standing(State.UNKNOWN, age=Freshness.STALE)
NOTHING = standing(State.UNKNOWN, age=None)


@pytest.mark.parametrize(
    ("standings", "stalled", "verdicts"),
    [
        pytest.param([HEALTHY, HEALTHY], False, (True, True, True, True), id="all healthy"),
        pytest.param([HEALTHY, DOWN], False, (True, True, False, True), id="some down"),
        pytest.param([DOWN, DOWN], False, (True, False, False, True), id="none healthy"),
        pytest.param([HEALTHY, HEALTHY], True, (True, False, False, False), id="poller stalled"),
        pytest.param([SAVED], False, (True, False, False, False), id="a saved snapshot"),
        pytest.param([NOTHING], False, (True, False, False, False), id="nothing after grace"),
        pytest.param([], False, (True, True, True, True), id="no integration"),
        pytest.param([], True, (True, False, False, False), id="no integration, stalled"),
    ],
)
def test_trouble_fails_the_probe_only_where_the_operator_asks_for_it(
    standings: list[Standing], stalled: bool, verdicts: tuple[bool, ...]
) -> None:
    """Verdicts under ``none``, ``all``, ``any`` and ``stale``, in the order of the table."""
    judgement = judged(standings, stalled=stalled)
    assert tuple(judgement[rule] for rule in ("none", "all", "any", "stale")) == verdicts


@pytest.mark.parametrize("state", [*GOOD, *BAD])
def test_a_state_is_good_or_bad_as_the_api_says(state: State) -> None:
    assert is_good(standing(state)) is (state in GOOD)
    assert judged([standing(state)])["any"] is (state in GOOD)


def test_good_bad_and_disabled_are_all_states_there_are() -> None:
    assert {*GOOD, *BAD, State.DISABLED} == set(State)


@pytest.mark.parametrize(
    "left_out", [standing(State.DISABLED), standing(State.DOWN, age=None, optional=True)]
)
def test_what_is_disabled_or_optional_does_not_count(left_out: Standing) -> None:
    assert counted([left_out, HEALTHY]) == [HEALTHY]
    assert all(judged([left_out, HEALTHY], minimum=share("100%")).values())
    assert all(judged([left_out]).values())
    assert judged([left_out, DOWN])["all"] is False


@pytest.mark.parametrize("age", [Freshness.STALE, Freshness.EXPIRED, None])
def test_one_that_is_not_fresh_fails_only_the_stale_rule(age: Freshness | None) -> None:
    verdicts = judged([HEALTHY, standing(State.HEALTHY, age=age)])
    assert verdicts == {"none": True, "all": True, "any": True, "stale": False}


@pytest.mark.parametrize(
    ("text", "good", "total", "enough"),
    [
        ("50%", 1, 2, True),
        ("50%", 1, 3, False),
        ("51%", 1, 2, False),
        ("0%", 0, 3, True),
        ("100%", 3, 3, True),
        ("100%", 2, 3, False),
        ("2", 2, 5, True),
        ("2", 1, 5, False),
        ("2", 1, 1, False),
        ("0", 0, 3, True),
        ("100%", 0, 0, True),
        ("5", 0, 0, True),
    ],
)
def test_a_share_of_good_ones_is_enough_or_not(
    text: str, good: int, total: int, enough: bool
) -> None:
    assert share(text).met_by(good, total) is enough
    standings = [HEALTHY] * good + [DOWN] * (total - good)
    assert judged(standings, minimum=share(text))["none"] is enough


def test_a_share_that_is_met_does_not_excuse_from_the_rule() -> None:
    assert judged([HEALTHY, DOWN], minimum=share("50%"))["any"] is False


@pytest.mark.parametrize(
    "text", ["", "%", "-1", "101%", "50.5%", "1e3", "half", "50 %", "%50", "50%%", "\u0665", "²"]
)
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a share such as 50%"):
        share(text)


def test_a_share_is_read_as_it_is_written() -> None:
    assert share("50%") == Share(amount=50, percent=True)
    assert share("2") == Share(amount=2, percent=False)
