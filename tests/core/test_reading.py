"""Last known good: what one more probe changes in what is known, and what it never does."""

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.health import Health, State
from service.core.model import Details, Model, Source
from service.core.moment import Moment
from service.core.reading import (
    Answer,
    Failure,
    Freshness,
    Outcome,
    Policy,
    Reading,
    advance,
    freshness,
    freshness_edges,
)
from service.core.reasons import Reason
from tests.core.building import DAY, HOUR, NOW, WALL, ago, many, reading

LATER: Final = Moment(NOW.mono + 15, NOW.wall + 15)
DECLARED: Final = {"created": Source.DECLARED}


def answer(*models: Model | str, latency: float = 0.1, impaired: Reason | None = None) -> Answer:
    listed = [Model(id=m) if isinstance(m, str) else m for m in models]
    return Answer(models=listed, latency=latency, impaired=impaired)


def ids_after(known: Reading, *outcomes: Outcome) -> list[int]:
    """Count the models after each outcome."""
    counts = []
    for outcome in outcomes:
        known = advance(known, outcome, now=LATER)
        counts.append(len(known.models))
    return counts


def test_a_success_replaces_models_and_remembers_when() -> None:
    known = advance(reading("a", "old"), answer("new"), now=LATER)
    assert [model.id for model in known.models] == ["new"]
    assert known.last_ok == LATER
    assert known.latency == 0.1
    assert known.probes == 1


@pytest.mark.parametrize("reason", Reason)
def test_no_failure_takes_a_model_away_or_makes_one_younger(reason: Reason) -> None:
    before = reading("a", "x", "y", version="1.2.3", latency=0.5, dropped=2)
    known = before
    for _ in range(20):
        known = advance(known, Failure(reason=reason), now=LATER)
    assert known.models is before.models
    assert known.last_ok == NOW
    assert (known.version, known.latency, known.dropped) == ("1.2.3", 0.5, 2)
    assert known.probes == 20


@given(
    st.lists(st.sampled_from([None, *Reason]), max_size=20),
    st.lists(st.integers(0, 12), min_size=1, max_size=20),
)
def test_models_are_always_those_of_some_answer_and_never_fewer_by_a_failure(
    reasons: list[Reason | None], sizes: list[int]
) -> None:
    known = Reading(name="a")
    answered: set[tuple[str, ...]] = {()}
    for step, reason in enumerate(reasons):
        listed = tuple(many(sizes[step % len(sizes)]))
        answered.add(listed)
        before = known
        outcome = answer(*listed) if reason is None else Failure(reason=reason)
        known = advance(known, outcome, now=Moment(step, WALL + step))
        assert tuple(model.id for model in known.models) in answered
        if reason is not None:
            assert known.models is before.models


def test_a_wish_to_wait_is_kept_until_the_next_probe() -> None:
    limited = Failure(reason=Reason.RATE_LIMITED, retry_after=90.0)
    known = advance(reading("a", "x"), limited, now=NOW)
    assert known.retry_after == 90.0
    assert advance(known, answer("x"), now=LATER).retry_after is None
    assert advance(known, Failure(reason=Reason.RESET), now=LATER).retry_after is None


def test_a_version_stays_known_where_an_answer_brings_none() -> None:
    known = advance(reading("a", version="0.11.5"), answer("x"), now=LATER)
    assert known.version == "0.11.5"
    told = replace(answer("x"), version="0.12.0")
    assert advance(known, told, now=LATER).version == "0.12.0"


def test_the_same_models_again_stay_the_very_same_tuple() -> None:
    """What is equal is not copied, so that everything printed from it can be told unchanged."""
    first = advance(Reading(name="a"), answer("x", "y"), now=NOW)
    again = advance(first, answer("x", "y"), now=LATER)
    assert again.models is first.models
    assert again.last_ok == LATER


class TestPanic:
    def test_a_list_that_shrinks_once_changes_nothing(self) -> None:
        """Row 20 of the fault catalogue: 100 models, 3 once, then 100."""
        full, short = answer(*many(100)), answer(*many(3))
        known = reading("a", *many(100))
        assert ids_after(known, short, full, short, full) == [100, 100, 100, 100]

    def test_a_list_that_shrinks_for_good_is_believed_the_second_time(self) -> None:
        known = reading("a", *many(100))
        assert ids_after(known, answer(*many(3)), answer(*many(3))) == [100, 3]

    def test_a_list_that_empties_for_real_is_believed_the_second_time(self) -> None:
        assert ids_after(reading("a", *many(5)), answer(), answer()) == [5, 0]

    def test_failures_in_between_do_not_make_a_short_list_first_seen_again(self) -> None:
        failure = Failure(reason=Reason.RESET)
        assert ids_after(reading("a", *many(10)), answer("m0"), failure, answer("m0")) == [
            *(10, 10, 1)
        ]

    @pytest.mark.parametrize(
        ("before", "listed", "after"),
        [(4, 0, 0), (4, 1, 1), (5, 2, 5), (5, 3, 3), (10, 4, 10), (10, 5, 5), (6, 3, 3), (0, 0, 0)],
    )
    def test_only_less_than_half_of_at_least_five_is_doubted(
        self, before: int, listed: int, after: int
    ) -> None:
        assert ids_after(reading("a", *many(before)), answer(*many(listed))) == [after]

    def test_doubted_models_grow_no_younger_while_the_server_counts_as_well(self) -> None:
        known = advance(reading("a", *many(9)), answer(), now=LATER)
        assert known.doubted
        assert known.last_ok == NOW
        assert known.health.state is State.HEALTHY
        assert not advance(known, answer(), now=LATER).doubted


class TestCreated:
    """``created`` is a fact or 0, and it keeps still."""

    def polled(self, *stamps: tuple[int, str | None], every: float = 15.0) -> list[int]:
        """Poll a server that gives these times and digests, and list what is shown of them."""
        known, shown = Reading(name="a"), []
        for poll, (created, digest) in enumerate(stamps):
            model = Model(id="x", created=created, digest=digest, provenance=DECLARED)
            known = advance(known, answer(model), now=Moment(poll * every, WALL + poll * every))
            shown.append(known.models[0].created)
        return shown

    def test_it_stays_while_the_digest_stays(self) -> None:
        assert self.polled((100, "aa"), (200, "aa"), (0, "aa"), (300, "aa")) == [100] * 4

    def test_it_changes_with_another_digest(self) -> None:
        assert self.polled((100, "aa"), (200, "bb"), (300, "bb")) == [100, 200, 200]

    def test_without_any_digest_the_first_fact_stays(self) -> None:
        assert self.polled((100, None), (200, None)) == [100, 100]

    def test_a_stamp_of_the_poll_itself_is_no_fact(self) -> None:
        now = int(WALL)
        assert self.polled(*[(now + 15 * poll, None) for poll in range(8)]) == [0] * 8

    def test_a_fact_that_was_young_is_believed_once_it_has_aged(self) -> None:
        """A model pulled a moment ago looks like a stamp; a minute later it does not."""
        pulled = (int(WALL) - 20, "aa")
        assert self.polled(*[pulled] * 4) == [0, 0, 0, int(WALL) - 20]

    @pytest.mark.parametrize(
        ("offset", "kept"), [(-61, True), (-60, False), (0, False), (60, False), (61, True)]
    )
    def test_within_a_minute_of_the_poll_is_too_near(self, offset: int, kept: bool) -> None:
        stamp = int(WALL) + offset
        assert self.polled((stamp, "aa")) == [stamp if kept else 0]

    def test_a_made_up_one_loses_its_source_and_a_kept_one_keeps_its_own(self) -> None:
        made_up = Model(id="x", created=int(WALL), provenance=DECLARED)
        first = advance(Reading(name="a"), answer(made_up), now=NOW)
        assert first.models[0].provenance == {}
        fact = Model(id="x", created=100, digest="aa", provenance=DECLARED)
        silent = Model(id="x", created=0, digest="aa")
        known = advance(Reading(name="a"), answer(fact), now=NOW)
        known = advance(known, answer(silent), now=LATER)
        assert known.models[0].created == 100
        assert known.models[0].provenance == DECLARED

    def test_all_else_that_is_new_of_the_model_is_taken(self) -> None:
        old = Model(id="x", created=100, digest="aa", provenance=DECLARED)
        new = replace(old, created=200, details=Details(size="1GB"))
        known = advance(advance(Reading(name="a"), answer(old), now=NOW), answer(new), now=LATER)
        assert known.models == (replace(new, created=100),)


class TestSlowness:
    @pytest.mark.parametrize(
        ("latency", "state"), [(2.5, State.HEALTHY), (2.51, State.DEGRADED), (5.0, State.DEGRADED)]
    )
    def test_more_than_half_of_the_deadline_three_times_is_slow(
        self, latency: float, state: State
    ) -> None:
        known = Reading(name="a", policy=Policy(deadline=5.0))
        for _ in range(3):
            known = advance(known, answer("x", latency=latency), now=NOW)
        assert known.health.state is state
        assert known.health.reason is (Reason.SLOW if state is State.DEGRADED else None)
        assert len(known.models) == 1

    def test_an_impairment_says_more_than_slowness(self) -> None:
        impaired = answer("x", latency=4.9, impaired=Reason.TRUNCATED)
        assert advance(Reading(name="a"), impaired, now=NOW).health.reason is Reason.TRUNCATED


class TestDisabled:
    OFF: Final = Policy(enabled=False)

    def test_a_disabled_integration_offers_nothing_whatever_comes(self) -> None:
        known = reading("a", "x", "y", policy=self.OFF)
        for outcome in (answer("z"), Failure(reason=Reason.RESET)):
            after = advance(known, outcome, now=LATER)
            assert (after.health.state, after.models) == (State.DISABLED, ())
            assert after.health.since == LATER.wall
            assert advance(after, outcome, now=ago(0)) == after


class TestFreshness:
    """With an interval of 15 s and a deadline of 5 s, facts are fresh for 35 s."""

    @pytest.mark.parametrize(
        ("age", "word"),
        [
            (0.0, Freshness.FRESH),
            (34.9, Freshness.FRESH),
            (35.0, Freshness.STALE),
            (HOUR - 0.1, Freshness.STALE),
            (HOUR, Freshness.EXPIRED),
            (DAY - 0.1, Freshness.EXPIRED),
            (DAY, None),
            (DAY * 365, None),
        ],
    )
    def test_facts_age_in_words(self, age: float, word: Freshness | None) -> None:
        known = reading("a", "x", last_ok=ago(age))
        assert freshness(known, mono=NOW.mono, stale_if_error=HOUR, max_stale=DAY) is word

    def test_what_was_never_had_has_no_age(self) -> None:
        known = reading("a", last_ok=None)
        assert freshness(known, mono=NOW.mono, stale_if_error=HOUR, max_stale=DAY) is None
        assert freshness_edges(known, stale_if_error=HOUR, max_stale=DAY) == ()

    @given(
        st.floats(1, DAY),
        st.floats(0.1, 60),
        st.floats(0, 10 * DAY),
        st.floats(0, 10 * DAY),
    )
    def test_at_each_edge_the_word_is_the_next_one_already(
        self, interval: float, deadline: float, stale_if_error: float, max_stale: float
    ) -> None:
        """A timer that is set to an edge must find the facts changed when it fires."""
        policy = Policy(interval=interval, deadline=deadline)
        known = reading("a", "x", policy=policy)
        edges = freshness_edges(known, stale_if_error=stale_if_error, max_stale=max_stale)
        assert list(edges) == sorted(edges)
        words = [
            freshness(known, mono=edge, stale_if_error=stale_if_error, max_stale=max_stale)
            for edge in edges
        ]
        before = [
            freshness(known, mono=edge - 0.01, stale_if_error=stale_if_error, max_stale=max_stale)
            for edge in edges
        ]
        assert all(word is not was for word, was in zip(words, before, strict=True))
        assert words[-1] is None


def test_a_reading_of_nothing_is_unknown_and_empty() -> None:
    assert Reading(name="a").health == Health()
    assert Reading(name="a").models == ()
