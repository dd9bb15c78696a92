"""Editions: printed when facts change, and taken over byte for byte when they do not."""

from dataclasses import replace
from typing import Any, Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.catalogue import Collisions, Rules
from service.core.edition import HEALTH_CEILING, Edition, health_body, print_edition
from service.core.health import Health, State
from service.core.model import Loaded, Model
from service.core.moment import Moment
from service.core.reading import Freshness, Policy, Reading
from service.core.reasons import Reason
from tests.core.building import (
    DAY,
    DEEPCODER,
    HOUR,
    NOW,
    WALL,
    ago,
    many,
    reading,
    snapshot,
)

LATER: Final = Moment(NOW.mono + 20, NOW.wall + 20)


def printed(
    *readings: Reading,
    before: Edition | None = None,
    rules: Rules | None = None,
    now: Moment = NOW,
    warm: bool = True,
) -> Edition:
    return print_edition(
        snapshot(*readings), rules=rules or Rules(), now=now, warm=warm, before=before or Edition()
    )


def listed(edition: Edition) -> list[str]:
    body = orjson.loads(edition.models.identity.body)
    assert body["object"] == "list"
    return [entry["id"] for entry in body["data"]]


class TestModels:
    def test_the_list_is_what_the_catalogue_holds_in_its_order(self) -> None:
        edition = printed(reading("a", "y", "x"), reading("b", "z", policy=Policy(priority=-1)))
        assert listed(edition) == ["z", "x", "y"]
        assert list(edition.printed) == ["z", "x", "y"]

    def test_an_unchanged_catalogue_keeps_the_very_same_page(self) -> None:
        first = printed(reading("a", *many(50)))
        moved = reading("a", *many(50), last_ok=LATER, latency=0.7, probes=9)
        second = printed(moved, before=first, now=LATER)
        assert second.models is first.models
        assert second.changed == first.changed == NOW
        assert second.oldest == LATER.mono

    def test_one_changed_model_reprints_that_entry_and_no_other(self) -> None:
        x, y, z = (Model(id=name) for name in "xyz")
        first = printed(reading("a", x, y, z))
        second = printed(reading("a", x, replace(y, created=7), z), before=first, now=LATER)
        same = {name for name in "xyz" if second.printed[name][1] is first.printed[name][1]}
        assert same == {"x", "z"}
        assert second.models.identity.etag != first.models.identity.etag
        assert second.changed == LATER

    def test_a_fact_that_is_not_listed_leaves_the_page_and_its_time_alone(self) -> None:
        first = printed(reading("a", DEEPCODER))
        second = printed(
            reading("a", replace(DEEPCODER, digest="ffffffff")), before=first, now=LATER
        )
        assert second.models is first.models
        assert second.changed == NOW

    def test_another_order_of_the_same_entries_is_another_page(self) -> None:
        """A replica that starts after the change prints it so, and all must agree."""
        a, b = reading("a", "x"), reading("b", "y")
        late = replace(a, policy=Policy(priority=5))
        first = printed(a, b)
        second = printed(late, b, before=first)
        assert listed(second) == ["y", "x"]
        assert second.models == printed(late, b).models

    @pytest.mark.parametrize(
        "rules",
        [
            Rules(aliases={"alias": "x"}),
            Rules(overrides={"x": {"supports_tools": True}}),
            Rules(collisions=Collisions.PREFIX),
            Rules(stale_if_error=40.0, max_stale=41.0),
        ],
    )
    def test_new_rules_are_heeded_though_no_reading_has_changed(self, rules: Rules) -> None:
        known = (reading("a", "x", last_ok=ago(50)), reading("b", "x", last_ok=ago(50)))
        first = printed(*known)
        second = printed(*known, before=first, rules=rules)
        assert second.models == printed(*known, rules=rules).models
        assert second.models != first.models

    def test_a_model_that_goes_is_gone(self) -> None:
        first = printed(reading("a", "x", "y"))
        assert listed(printed(reading("a", "x"), before=first)) == ["x"]
        assert listed(printed(before=first)) == ["deepcoder:14b"]

    def test_nothing_at_all_is_an_empty_list_until_it_is_warm(self) -> None:
        assert orjson.loads(Edition().models.identity.body) == {"object": "list", "data": []}
        assert not Edition().warm
        assert not Edition().servable

    def test_the_end_of_the_grace_period_is_a_change_even_to_an_empty_list(self) -> None:
        cold = printed(rules=Rules(default_model=None), warm=False)
        warm = printed(rules=Rules(default_model=None), before=cold, now=LATER)
        assert warm.changed == LATER

    @pytest.mark.parametrize(
        ("known", "default", "warm", "servable"),
        [
            (reading("a", "x"), None, True, True),
            (reading("a"), None, True, True),
            (reading("a", last_ok=None), "x", True, True),
            (reading("a", last_ok=None), None, True, False),
            (reading("a", "x"), None, False, False),
        ],
    )
    def test_an_empty_list_is_served_only_where_upstream_said_so(
        self, known: Reading, default: str | None, warm: bool, servable: bool
    ) -> None:
        edition = printed(known, rules=Rules(default_model=default), warm=warm)
        assert edition.servable is servable


class TestReplicas:
    """The same facts give the same bytes, whenever and wherever they were learnt."""

    @given(
        st.lists(st.sampled_from([DEEPCODER, *(Model(id=name) for name in many(30))])),
        st.builds(Moment, st.floats(0, 1e7), st.floats(0, 4e9)),
        st.floats(0, 30),
        st.integers(0, 1000),
    )
    def test_replicas_agree_on_bytes_and_tags(
        self, models: list[Model], there: Moment, age: float, probes: int
    ) -> None:
        models = list({model.id: model for model in models}.values())
        here = (reading("a", *models, latency=0.1), reading("b", "x"))
        elsewhere = [
            replace(
                one,
                last_ok=Moment(there.mono - age, there.wall - age),
                latency=age / 10,
                probes=probes,
                health=Health(state=State.HEALTHY, since=there.wall, ok_streak=probes),
            )
            for one in here
        ]
        mine, theirs = printed(*here), printed(*elsewhere, now=there)
        assert theirs.models == mine.models
        assert theirs.integrations == mine.integrations

    def test_what_is_loaded_now_is_no_part_of_the_list(self) -> None:
        loaded = replace(DEEPCODER, loaded=Loaded(size_vram=9, context_length=8192))
        assert printed(reading("a", loaded)).models == printed(reading("a", DEEPCODER)).models

    def test_an_edition_printed_after_another_equals_one_printed_from_scratch(self) -> None:
        way = [
            (reading("a", "x"),),
            (reading("a", "x", "y"), reading("b", "x")),
            (reading("a", "x", "y", state=State.DOWN), reading("b", "x")),
            (reading("a", "y", last_ok=ago(HOUR)), reading("b", "x", state=State.DOWN)),
            (reading("b", "x"), reading("a", "y")),
            (reading("b", last_ok=None),),
        ]
        edition = Edition()
        for readings in way:
            edition = printed(*readings, before=edition)
            fresh = printed(*readings)
            assert edition.models == fresh.models
            assert edition.printed == fresh.printed
            assert edition.catalogue == fresh.catalogue
            assert edition.health == fresh.health
            assert edition.integrations == fresh.integrations


class TestDetails:
    def test_a_detail_is_printed_once_and_kept(self) -> None:
        edition = printed(reading("a", DEEPCODER))
        page = edition.detail("deepcoder:14b")
        assert page is not None
        assert edition.detail("deepcoder:14b") is page
        document = orjson.loads(page.identity.body)
        assert document["provenance"]["created"] == "declared"
        assert set(document["per_integration"]) == {"a"}

    def test_an_unknown_model_has_no_detail_and_leaves_no_trace(self) -> None:
        edition = printed(reading("a", "x"))
        assert edition.detail("y") is None
        assert edition.details == {}

    def test_a_change_in_memory_reaches_the_detail_but_not_the_list(self) -> None:
        first = printed(reading("a", DEEPCODER))
        first.detail("deepcoder:14b")
        loaded = replace(DEEPCODER, loaded=Loaded(size_vram=9, context_length=8192))
        second = printed(reading("a", loaded), before=first)
        page = second.detail("deepcoder:14b")
        assert page is not None
        document = orjson.loads(page.identity.body)
        assert document["per_integration"]["a"]["size_vram"] == 9
        assert second.models is first.models

    def test_an_alias_has_the_places_of_its_target(self) -> None:
        edition = printed(reading("a", "x"), rules=Rules(aliases={"alias": "x"}))
        page = edition.detail("alias")
        assert page is not None
        document = orjson.loads(page.identity.body)
        assert (document["alias_of"], set(document["per_integration"])) == ("x", {"a"})

    def test_the_part_of_one_integration_is_what_can_be_had_there(self) -> None:
        edition = printed(reading("a", "x", "y"), reading("b", "y", "z"))
        body = orjson.loads(edition.part("b").identity.body)
        assert [entry["id"] for entry in body["data"]] == ["y", "z"]
        assert edition.part("b") is edition.part("b")


class TestTimes:
    @pytest.mark.parametrize(
        ("age", "edge"), [(0.0, 35.0), (34.0, 1.0), (35.0, HOUR - 35), (HOUR, DAY - HOUR)]
    )
    def test_an_edition_says_when_time_alone_will_change_it(self, age: float, edge: float) -> None:
        assert printed(reading("a", "x", last_ok=ago(age))).expires == NOW.mono + edge

    def test_at_that_very_time_it_has_changed_and_the_next_is_later(self) -> None:
        """Timers fire on the dot in a test, and may in life."""
        known = reading("a", "x")
        edition, seen = printed(known), []
        while edition.expires is not None:
            then = Moment(edition.expires, WALL)
            edition = printed(known, before=edition, now=then)
            seen.append(edition.freshness)
        assert seen == [Freshness.STALE, Freshness.EXPIRED, Freshness.DEFAULT]

    def test_the_age_is_that_of_the_oldest_fragment_that_is_listed(self) -> None:
        edition = printed(
            reading("a", "x", last_ok=ago(5)),
            reading("b", "y", last_ok=ago(90)),
            reading("empty", last_ok=ago(400)),
            reading("gone", "z", last_ok=ago(2 * DAY)),
        )
        assert edition.oldest == ago(90).mono
        assert edition.freshness is Freshness.STALE

    def test_a_default_model_has_no_age(self) -> None:
        edition = printed(reading("a", last_ok=None))
        assert edition.oldest is None
        assert edition.expires is None
        assert edition.freshness is Freshness.DEFAULT


class TestHealth:
    def test_each_integration_has_its_entry_in_the_order_of_registration(self) -> None:
        edition = printed(reading("b", "x"), reading("a", state=State.DOWN))
        body = orjson.loads(edition.health.identity.body)
        assert list(body) == ["b", "a"]
        assert [entry["status"] for entry in body.values()] == ["healthy", "unhealthy"]
        assert set(edition.health.forms) == {"identity"}

    @pytest.mark.parametrize("name", ["n", "ï", 'quo"te', "back\\slash"])
    def test_any_name_is_printed_as_json(self, name: str) -> None:
        body = orjson.loads(printed(reading(name)).health.identity.body)
        assert list(body) == [name]

    @pytest.mark.parametrize("count", [1, 100, 250, 1000])
    @pytest.mark.parametrize("length", [10, 63, 500])
    def test_the_body_is_never_longer_than_64_kib(self, count: int, length: int) -> None:
        names = [f"{number}".rjust(length, "n") for number in range(count)]
        edition = printed(*(self.unwell(name) for name in names))
        body = edition.health.identity.body
        assert len(body) <= HEALTH_CEILING == 65536
        document = orjson.loads(body)
        assert set(document) <= set(names)
        assert all(not entry["available"] for entry in document.values())
        if count * (length + 60) <= HEALTH_CEILING:
            assert len(document) == count

    def test_where_not_all_fit_the_unwell_ones_are_told_first(self) -> None:
        names = [f"{number}".rjust(200, "n") for number in range(1000)]
        unwell = {names[500], names[999]}
        readings = [self.unwell(name) if name in unwell else reading(name) for name in names]
        document = orjson.loads(printed(*readings).health.identity.body)
        assert {name for name, entry in document.items() if not entry["available"]} == unwell
        assert len(document) > 200

    def test_a_body_that_fits_is_whole(self) -> None:
        standings = printed(*(self.unwell(name) for name in many(200))).standings
        document = orjson.loads(health_body(standings.values()))
        assert all(len(entry) == 9 for entry in document.values())

    def unwell(self, name: str) -> Reading:
        return Reading(
            name=name,
            health=Health(state=State.MISCONFIGURED, reason=Reason.RATE_LIMITED, since=WALL),
            version="0.11.5-rc1-dirty",
            last_ok=NOW,
            latency=12345.6789,
        )


class TestIntegrations:
    def test_names_come_plain_and_with_what_is_known_of_each(self) -> None:
        edition = printed(reading("b", "x", "y"), reading("a", state=State.LOADING))
        body: dict[str, Any] = orjson.loads(edition.integrations.identity.body)
        assert list(body) == ["integrations", "available", "data"]
        assert body["integrations"] == ["b", "a"]
        assert body["available"] == ["b"]
        assert [entry["name"] for entry in body["data"]] == ["b", "a"]
        for name, page in edition.integration.items():
            assert orjson.loads(page.identity.body)["name"] == name

    def test_an_unchanged_page_is_taken_over(self) -> None:
        first = printed(reading("a", "x"))
        second = printed(reading("a", "x", latency=3.0), before=first)
        assert second.integrations is first.integrations


def test_what_has_not_changed_is_neither_composed_nor_printed_again() -> None:
    """Each poll of each server makes an edition; with ten thousand models that must cost little."""
    first = printed(reading("a", *many(50)))
    first.detail("m1")
    second = printed(reading("a", *many(50), latency=2.0, last_ok=LATER), before=first, now=LATER)
    assert second.catalogue is first.catalogue
    assert second.printed is first.printed
    assert second.detail("m1") is first.detail("m1")
    assert second.health != first.health
