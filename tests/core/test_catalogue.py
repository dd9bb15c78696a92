"""One catalogue over all integrations: what is merged, renamed, ordered and never lost."""

from dataclasses import replace
from random import Random
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.catalogue import SERVICE_NAME, Collisions, Rules
from service.core.health import State
from service.core.model import Details, Loaded, Model, Source
from service.core.reading import Freshness, Policy, Reading
from tests.core.building import DAY, DEEPCODER, HOUR, ago, composed, ids, reading

FIRST: Final = Policy(priority=0)
SECOND: Final = Policy(priority=1)
D, T, H, O = Source  # noqa: E741 -- declared, template, heuristic, operator


def rules(**more: object) -> Rules:
    return replace(Rules(), **more)  # type: ignore[arg-type]


class TestMerging:
    def test_one_id_on_two_integrations_is_one_entry_that_names_both(self) -> None:
        catalogue = composed(reading("b", "x"), reading("a", "x"))
        (entry,) = catalogue.entries
        assert entry.integrations == ("b", "a")
        assert entry.owned_by == "b"
        assert catalogue.hidden == 0

    def test_the_lower_priority_owns_it_whoever_registered_first(self) -> None:
        late = reading("late", "x", policy=SECOND)
        (entry,) = composed(late, reading("early", "x", policy=FIRST)).entries
        assert entry.integrations == ("early", "late")
        assert entry.owned_by == "early"

    def test_each_fact_comes_from_the_first_that_knows_it_and_its_source_with_it(self) -> None:
        one = Model(
            id="x",
            capabilities={"tools": False},
            details=Details(format="gguf"),
            provenance={"capabilities.tools": D, "details.format": D},
            digest="aaaaaaaa",
        )
        two = Model(
            id="x",
            created=100,
            capabilities={"tools": True, "vision": True},
            details=Details(format="safetensors", family="llama", size="5GB"),
            provenance={
                "created": D,
                "capabilities.tools": T,
                "capabilities.vision": T,
                "details.format": H,
                "details.family": H,
                "details.size": D,
            },
            digest="bbbbbbbb",
        )
        three = Model(
            id="x",
            created=200,
            capabilities={"thinking": False},
            details=Details(family="qwen", context_length=4096),
            provenance={"created": O, "details.family": D, "capabilities.thinking": O},
        )
        (entry,) = composed(reading("a", one), reading("b", two), reading("c", three)).entries
        assert entry.model == Model(
            id="x",
            created=100,
            capabilities={"tools": False, "vision": True, "thinking": False},
            details=Details(format="gguf", family="qwen", size="5GB", context_length=4096),
            provenance={
                "created": D,
                "capabilities.tools": D,
                "capabilities.vision": T,
                "capabilities.thinking": O,
                "details.format": D,
                "details.family": D,
                "details.size": D,
            },
            digest="aaaaaaaa",
        )

    @pytest.mark.parametrize(
        ("first", "second", "available"),
        [
            (State.HEALTHY, State.DOWN, True),
            (State.DOWN, State.HEALTHY, True),
            (State.DOWN, State.RATE_LIMITED, True),
            (State.DOWN, State.DOWN, False),
            (State.UNKNOWN, State.LOADING, False),
        ],
    )
    def test_it_is_available_where_any_of_its_integrations_is_usable(
        self, first: State, second: State, available: bool
    ) -> None:
        (entry,) = composed(reading("a", "x", state=first), reading("b", "x", state=second)).entries
        assert entry.available is available

    def test_it_is_as_fresh_as_the_freshest_of_its_integrations(self) -> None:
        old = reading("a", "x", last_ok=ago(2 * HOUR))
        assert composed(old).entries[0].freshness is Freshness.EXPIRED
        stale = reading("b", "x", last_ok=ago(HOUR / 2))
        assert composed(old, stale).entries[0].freshness is Freshness.STALE
        fresh = reading("c", "x")
        assert composed(old, stale, fresh).entries[0].freshness is Freshness.FRESH

    def test_what_servers_hold_in_memory_stays_out_of_the_list_and_in_its_places(self) -> None:
        loaded = Model(id="x", loaded=Loaded(size_vram=7, context_length=4096))
        cold = Model(id="x", loaded=False)
        catalogue = composed(reading("a", loaded), reading("b", cold))
        assert catalogue.entries[0].model.loaded is None
        assert composed(reading("a", loaded)).entries[0].model.loaded is None
        assert catalogue.placements["x"] == {"a": loaded, "b": cold}


class TestPrefix:
    RULES: Final = Rules(collisions=Collisions.PREFIX)

    def test_each_of_two_alike_gets_the_name_of_its_integration(self) -> None:
        catalogue = composed(reading("b", "x", "y"), reading("a", "x"), rules=self.RULES)
        assert ids(catalogue) == ["a/x", "b/x", "y"]
        assert catalogue.hidden == 0
        assert [entry.owned_by for entry in catalogue.entries] == ["a", "b", "b"]
        assert set(catalogue.placements["a/x"]) == {"a"}

    @pytest.mark.parametrize("listed", [("x", "b/x"), ("b/x", "x")])
    def test_a_name_that_is_taken_hides_the_other_and_says_so(self, listed: list[str]) -> None:
        catalogue = composed(reading("a", *listed), reading("b", "x"), rules=self.RULES)
        assert ids(catalogue) == ["a/x", "b/x"]
        assert [entry.owned_by for entry in catalogue.entries] == ["a", "a"]
        assert catalogue.hidden == 1


class TestFirst:
    def test_the_others_are_dropped_and_counted(self) -> None:
        catalogue = composed(
            reading("c", "x", policy=SECOND),
            reading("b", "x", "y"),
            reading("a", "x"),
            rules=Rules(collisions=Collisions.FIRST),
        )
        assert [(e.id, e.integrations) for e in catalogue.entries] == [
            ("x", ("b",)),
            ("y", ("b",)),
        ]
        assert catalogue.hidden == 2


class TestChoosing:
    def test_globs_say_which_ids_are_wanted(self) -> None:
        policy = Policy(include=("qwen*", "*:7b"), exclude=("*-base*",))
        names = ("qwen3:8b", "qwen3-base:8b", "llama:7b", "llama:13b", "Qwen:1b")
        assert ids(composed(reading("a", *names, policy=policy))) == ["llama:7b", "qwen3:8b"]

    def test_a_list_of_nothing_wanted_is_empty_and_not_the_default(self) -> None:
        """The integration answered: nothing has gone wrong that the default had to bridge."""
        catalogue = composed(reading("a", "x", policy=Policy(exclude=("*",))))
        assert ids(catalogue) == []
        assert catalogue.answered

    def test_a_prefix_of_an_integration_goes_before_each_of_its_ids(self) -> None:
        policy = Policy(prefix="gpu-", include=("x",))
        catalogue = composed(reading("a", "x", "y", policy=policy), reading("b", "x"))
        assert ids(catalogue) == ["gpu-x", "x"]
        assert set(catalogue.placements) == {"gpu-x", "x"}


class TestAliases:
    def test_an_alias_is_an_entry_of_its_own_with_the_facts_of_its_target(self) -> None:
        catalogue = composed(
            reading("a", DEEPCODER), rules=rules(aliases={"coder": "deepcoder:14b"})
        )
        alias, target = catalogue.entries
        assert (alias.id, alias.alias_of) == ("coder", "deepcoder:14b")
        assert replace(alias.model, id=target.id) == target.model
        assert (alias.integrations, alias.available) == (target.integrations, True)
        assert catalogue.placements["coder"] == catalogue.placements["deepcoder:14b"]
        assert target.alias_of is None

    def test_an_alias_ranks_with_its_target(self) -> None:
        catalogue = composed(
            reading("first", "m", policy=FIRST),
            reading("second", "x", policy=SECOND),
            rules=rules(aliases={"a": "x", "z": "m"}),
        )
        assert ids(catalogue) == ["m", "z", "a", "x"]

    @pytest.mark.parametrize(
        "aliases", [{"a": "gone"}, {"x": "y"}, {"a": "b", "b": "a"}, {"a": "a"}]
    )
    def test_an_alias_of_nothing_of_itself_or_in_place_of_a_model_is_no_entry(
        self, aliases: dict[str, str]
    ) -> None:
        assert ids(composed(reading("i", "x", "y"), rules=rules(aliases=aliases))) == ["x", "y"]

    @pytest.mark.parametrize("aliases", [{"a": "b", "b": "x"}, {"b": "x", "a": "b"}])
    def test_an_alias_of_an_alias_is_no_entry_in_whatever_order_they_come(
        self, aliases: dict[str, str]
    ) -> None:
        assert ids(composed(reading("i", "x"), rules=rules(aliases=aliases))) == ["b", "x"]

    def test_an_alias_that_a_model_has_taken_the_name_of_may_still_be_a_target(self) -> None:
        catalogue = composed(reading("i", "x", "y"), rules=rules(aliases={"a": "x", "x": "y"}))
        assert ids(catalogue) == ["a", "x", "y"]


class TestOverrides:
    def test_the_operator_knows_better_and_is_named_as_the_source(self) -> None:
        override = {"supports_tools": True, "details": {"context_length": 32768}}
        model = Model(
            id="house:8b",
            created=5,
            capabilities={"vision": True},
            details=Details(family="qwen3", context_length=40960),
            provenance={"details.context_length": D, "details.family": H},
        )
        catalogue = composed(
            reading("a", model), rules=rules(overrides={"house:8b": override, "gone": override})
        )
        (entry,) = catalogue.entries
        assert entry.model == Model(
            id="house:8b",
            created=5,
            capabilities={"vision": True, "tools": True},
            details=Details(family="qwen3", context_length=32768),
            provenance={
                "details.context_length": O,
                "details.family": H,
                "capabilities.tools": O,
            },
        )

    def test_a_guess_from_the_name_never_passes_for_the_operators_word(self) -> None:
        model = Model(id="llama3:8b", details=Details(family="custom"))
        override = {"details": {"format": "gguf"}}
        (entry,) = composed(
            reading("a", model), rules=rules(overrides={"llama3:8b": override})
        ).entries
        assert entry.model.details == Details(family="custom", format="gguf")
        assert entry.model.provenance == {
            "details.format": O,
            "capabilities.completion": H,
            "capabilities.embedding": H,
        }

    def test_an_override_reaches_the_aliases_of_its_model(self) -> None:
        catalogue = composed(
            reading("i", "x"),
            rules=rules(aliases={"a": "x"}, overrides={"x": {"supports_tools": True}}),
        )
        assert [entry.model.capabilities for entry in catalogue.entries] == [{"tools": True}] * 2

    def test_an_alias_can_be_overridden_alone(self) -> None:
        catalogue = composed(
            reading("i", "x"),
            rules=rules(aliases={"a": "x"}, overrides={"a": {"supports_tools": True}}),
        )
        assert [entry.model.capabilities for entry in catalogue.entries] == [{"tools": True}, {}]

    def test_an_override_that_says_nothing_changes_nothing(self) -> None:
        plain = composed(reading("a", DEEPCODER))
        assert composed(reading("a", DEEPCODER), rules=rules(overrides={DEEPCODER.id: {}})) == plain


class TestDefault:
    def test_the_default_model_comes_when_nobody_ever_answered(self) -> None:
        (entry,) = composed(reading("a", last_ok=None)).entries
        assert entry.id == "deepcoder:14b"
        assert entry.owned_by == SERVICE_NAME
        assert entry.freshness is Freshness.DEFAULT
        assert entry.integrations == ()
        assert not entry.available

    def test_the_default_model_comes_with_no_integration_at_all(self) -> None:
        assert ids(composed()) == ["deepcoder:14b"]

    def test_last_known_good_comes_before_it_for_as_long_as_it_may_be_shown(self) -> None:
        old = reading("a", "x", state=State.DOWN, last_ok=ago(DAY - 1))
        (entry,) = composed(old).entries
        assert (entry.id, entry.available, entry.freshness) == ("x", False, Freshness.EXPIRED)
        older = replace(old, last_ok=ago(DAY))
        assert ids(composed(older)) == ["deepcoder:14b"]

    def test_one_answer_is_enough_to_leave_it_out(self) -> None:
        assert ids(composed(reading("a", last_ok=None), reading("b", "x"))) == ["x"]

    def test_an_answer_of_no_models_is_an_answer(self) -> None:
        catalogue = composed(reading("a"))
        assert (ids(catalogue), catalogue.answered) == ([], True)

    def test_without_a_default_the_list_is_empty_and_unanswered(self) -> None:
        catalogue = composed(reading("a", last_ok=None), rules=rules(default_model=None))
        assert (ids(catalogue), catalogue.answered) == ([], False)

    def test_it_can_be_overridden_and_aliased_like_any_other(self) -> None:
        catalogue = composed(
            rules=rules(
                default_model="llama3:8b",
                aliases={"std": "llama3:8b"},
                overrides={"llama3:8b": {"supports_tools": True}},
            )
        )
        assert ids(catalogue) == ["llama3:8b", "std"]
        assert all(entry.freshness is Freshness.DEFAULT for entry in catalogue.entries)
        assert catalogue.entries[0].model.provenance == {
            "details.family": H,
            "capabilities.tools": O,
        }


def test_entries_are_ordered_by_priority_and_then_by_id() -> None:
    catalogue = composed(
        reading("z", "b", "a", policy=SECOND), reading("y", "d", "c"), reading("x", "C", "a")
    )
    assert ids(catalogue) == ["C", "a", "c", "d", "b"]


names = st.sampled_from(["x", "y", "z", "a/x", "b/x", "a/y", "alias", "deepcoder:14b"])
readings = st.builds(
    reading,
    st.sampled_from(["a", "b", "c", "d"]),
    state=st.sampled_from(State),
    last_ok=st.none() | st.floats(0, 2 * DAY).map(ago),
    policy=st.builds(
        Policy,
        priority=st.integers(-1, 1),
        prefix=st.none() | st.sampled_from(["a/", "p-"]),
        exclude=st.just(()) | st.just(("y",)),
    ),
).flatmap(
    lambda bare: st.lists(names, unique=True, max_size=6).map(
        lambda listed: replace(bare, models=tuple(Model(id=name) for name in listed))
    )
)
all_rules = st.builds(
    Rules,
    default_model=st.none() | names,
    collisions=st.sampled_from(Collisions),
    aliases=st.dictionaries(names, names, max_size=3),
    overrides=st.dictionaries(names, st.just({"supports_tools": True}), max_size=3),
)
several = st.lists(readings, max_size=4, unique_by=lambda one: one.name)


@given(several, all_rules)
def test_ids_are_unique_and_every_model_is_shown_or_counted_under_any_rules(
    known: list[Reading], any_rules: Rules
) -> None:
    catalogue = composed(*known, rules=any_rules)
    listed = ids(catalogue)
    assert len(listed) == len(set(listed))
    real = [
        entry
        for entry in catalogue.entries
        if entry.alias_of is None and entry.freshness is not Freshness.DEFAULT
    ]
    wanted = sum(
        not (model.id == "y" and one.policy.exclude)
        for one in known
        if one.last_ok is not None and one.last_ok.mono > ago(DAY).mono
        for model in one.models
    )
    assert sum(len(entry.integrations) for entry in real) + catalogue.hidden == wanted
    for entry in real:
        assert entry.owned_by == entry.integrations[0]
        assert tuple(catalogue.placements[entry.id]) == entry.integrations
        assert len(set(entry.integrations)) == len(entry.integrations)


@given(several, all_rules, st.randoms(use_true_random=False))
def test_the_order_in_which_servers_list_their_models_changes_nothing(
    known: list[Reading], any_rules: Rules, shuffler: Random
) -> None:
    shuffled = [
        replace(one, models=tuple(shuffler.sample(one.models, len(one.models)))) for one in known
    ]
    assert composed(*shuffled, rules=any_rules) == composed(*known, rules=any_rules)


def test_a_declared_family_beats_a_guessed_one_whatever_the_priority() -> None:
    """Guesses come last: what a server declares is worth more than what a name suggests."""
    guessed = Model(id="x", details=Details(family="llama"), provenance={"details.family": H})
    declared = Model(id="x", details=Details(family="mllama"), provenance={"details.family": D})
    (entry,) = composed(
        reading("first", guessed, policy=FIRST), reading("second", declared, policy=SECOND)
    ).entries
    assert entry.model.details.family == "mllama"
    assert entry.model.provenance["details.family"] is D


def test_what_nobody_says_is_guessed_from_the_name_and_marked() -> None:
    (entry,) = composed(reading("a", "nomic-embed-text:latest")).entries
    assert entry.model.capabilities["embedding"] is True
    assert entry.model.provenance["capabilities.embedding"] is H


def test_what_somebody_says_is_never_guessed_over() -> None:
    said = Model(
        id="llava:7b",
        capabilities={"vision": False},
        provenance={"capabilities.vision": D},
    )
    (entry,) = composed(reading("a", "llava:7b"), reading("b", said)).entries
    assert entry.model.capabilities["vision"] is False
    assert entry.model.provenance["capabilities.vision"] is D


def test_the_same_weights_under_other_ids_know_of_each_other() -> None:
    """By digest; the same id on two servers is one entry and no twin of itself."""
    digest = "ab" * 32
    catalogue = composed(
        reading("a", Model(id="qwen3:8b", digest=digest), Model(id="mine:v1", digest=digest)),
        reading("b", Model(id="qwen3:8b", digest=digest), Model(id="other", digest="cd" * 32)),
        reading("c", "nothing-known"),
    )
    assert catalogue.twins == {"qwen3:8b": ("mine:v1",), "mine:v1": ("qwen3:8b",)}
