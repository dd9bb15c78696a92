"""The manager as a library, with no service around it."""

import asyncio
import gc
import time
from collections.abc import Sequence
from typing import Any

import pytest

from service.core.catalogue import Collisions, Rules
from service.core.health import Thresholds
from service.core.reading import Policy
from service.core.reasons import Reason
from service.integrations import (
    BadAnswerError,
    BaseIntegration,
    IntegrationManager,
    ModelLike,
    OllamaIntegration,
    UnknownIntegrationError,
    UnreachableError,
)
from tests.conftest import MakeUpstream
from tests.fakes import CannedIntegration, Hang, Slow, Status, ollama_answers
from tests.integrations.conftest import MakeOllama

HASTY = Policy(deadline=0.2)
DOWN = UnreachableError(Reason.REFUSED)


def ids(models: Sequence[dict[str, Any]]) -> list[str]:
    return [model["id"] for model in models]


class TestTheBrief:
    """The examples of the brief, as they stand there."""

    async def test_an_integration_can_be_made_in_three_ways(self) -> None:
        for integration in (
            OllamaIntegration(),
            OllamaIntegration(host="http://localhost:11434"),
            OllamaIntegration(timeout=10),
        ):
            assert isinstance(integration, BaseIntegration)
            await integration.close()

    async def test_a_manager_lists_models_and_health_of_what_was_added(
        self, fake_upstream: MakeUpstream
    ) -> None:
        upstream = await fake_upstream(ollama_answers())
        manager = IntegrationManager()
        manager.add_integration("ollama", OllamaIntegration(host=upstream.url))

        all_models = await manager.get_all_models()
        ollama_models = await manager.get_models_from("ollama")
        health = await manager.health_check()
        await manager.close()

        assert len(all_models) == len(ollama_models) == 13
        assert sorted(ids(all_models)) == sorted(ids(ollama_models))
        assert all_models[0]["integrations"] == ["ollama"]
        assert all_models[0]["available"] is True
        assert {model["owned_by"] for model in [*all_models, *ollama_models]} == {"ollama"}
        assert list(health) == ["ollama"]
        assert health["ollama"]["available"] is True
        assert health["ollama"]["version"] == "0.12.6"
        assert health["ollama"]["status"] == "healthy"
        assert health["ollama"]["models"] == 13

    async def test_the_host_comes_from_the_environment(
        self, fake_upstream: MakeUpstream, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upstream = await fake_upstream(ollama_answers())
        monkeypatch.setenv("OLLAMA_HOST", upstream.url)
        async with OllamaIntegration() as ollama:
            assert await ollama.is_available()
            assert len(await ollama.get_models()) == 13
            assert await ollama.get_version() == "0.12.6"

    async def test_a_subclass_with_only_the_two_methods_works(self) -> None:
        class MyService(BaseIntegration):
            async def get_models(self) -> Sequence[ModelLike]:
                return [{"id": "mine", "supports_tools": True}]

            async def is_available(self) -> bool:
                return True

        async with IntegrationManager() as manager:
            manager.add_integration("mine", MyService())
            (model,) = await manager.get_all_models()
            health = await manager.health_check()
        assert (model["id"], model["owned_by"]) == ("mine", "mine")
        assert model["supports_tools"] is True
        assert model["capabilities"]["vision"] is None
        assert (health["mine"]["status"], health["mine"]["version"]) == ("healthy", None)

    def test_a_subclass_without_them_cannot_be_made(self) -> None:
        class Half(BaseIntegration):
            async def get_models(self) -> Sequence[ModelLike]:
                return []

        with pytest.raises(TypeError, match="is_available"):
            Half()  # type: ignore[abstract]


class TestRegistration:
    @pytest.mark.parametrize(
        "name",
        [*("", "health", "a/b", "a b", ".a", "-a", "é", "a\n", "x" * 49, "a?b", "..", "%2e")],
    )
    def test_a_name_that_can_stand_in_no_url_is_refused(self, name: str) -> None:
        manager = IntegrationManager()
        with pytest.raises(ValueError, match="can't name an integration"):
            manager.add_integration(name, CannedIntegration())
        assert not manager.registrations

    @pytest.mark.parametrize("name", ["a", "Ollama-2", "gpu_box.local", "healthy", "x" * 48, "7"])
    def test_a_name_that_can_is_taken(self, name: str) -> None:
        manager = IntegrationManager()
        manager.add_integration(name, CannedIntegration())
        assert list(manager.registrations) == [name]

    def test_a_name_is_taken_once(self) -> None:
        manager = IntegrationManager()
        first = CannedIntegration()
        manager.add_integration("a", first)
        with pytest.raises(ValueError, match="registered already"):
            manager.add_integration("a", CannedIntegration())
        assert manager.registrations["a"].integration is first

    async def test_what_is_added_or_removed_at_run_time_counts_at_once(self) -> None:
        manager = IntegrationManager()
        first, second = CannedIntegration(["a"]), CannedIntegration(["b"])
        manager.add_integration("one", first)
        assert ids(await manager.get_all_models()) == ["a"]
        manager.add_integration("two", second)
        assert ids(await manager.get_all_models()) == ["a", "b"]
        await manager.remove_integration("one")
        assert ids(await manager.get_all_models()) == ["b"]
        assert list(await manager.health_check()) == ["two"]
        assert (first.closed, second.closed) == (1, 0)

    async def test_a_name_that_was_removed_can_be_given_again_and_remembers_nothing(self) -> None:
        manager = IntegrationManager()
        manager.add_integration("one", CannedIntegration(["a"]))
        await manager.get_all_models()
        await manager.remove_integration("one")
        manager.add_integration("one", CannedIntegration(DOWN))
        assert await manager.get_models_from("one") == []

    async def test_an_unknown_name_is_an_error_that_names_it(self) -> None:
        manager = IntegrationManager()
        with pytest.raises(UnknownIntegrationError, match="'ollama'"):
            await manager.get_models_from("ollama")
        with pytest.raises(UnknownIntegrationError, match="'ollama'"):
            await manager.remove_integration("ollama")

    async def test_listeners_hear_of_every_change(self) -> None:
        manager = IntegrationManager()
        heard: list[list[str]] = []
        manager.subscribe(lambda: heard.append(list(manager.registrations)))
        manager.add_integration("one", CannedIntegration())
        manager.add_integration("two", CannedIntegration())
        await manager.remove_integration("one")
        assert heard == [["one"], ["one", "two"], ["two"]]

    def test_the_register_can_be_looked_at_and_not_changed(self) -> None:
        manager = IntegrationManager()
        manager.add_integration("one", CannedIntegration())
        with pytest.raises(TypeError):
            del manager.registrations["one"]  # type: ignore[attr-defined]

    async def test_closing_closes_all_even_if_one_fails(self) -> None:
        class Clinging(CannedIntegration):
            async def close(self) -> None:
                raise OSError

        first, last = CannedIntegration(), CannedIntegration()
        async with IntegrationManager() as manager:
            for name, integration in (("a", first), ("b", Clinging()), ("c", last)):
                manager.add_integration(name, integration)
        assert (first.closed, last.closed) == (1, 1)


class TestNeighbours:
    async def test_a_hanging_one_delays_the_others_by_no_more_than_its_own_deadline(self) -> None:
        manager = IntegrationManager()
        manager.add_integration("stuck", CannedIntegration(Hang()), HASTY)
        manager.add_integration("stuck-too", CannedIntegration(Hang()), HASTY)
        manager.add_integration("well", CannedIntegration(["a"]))
        started = time.monotonic()
        assert ids(await manager.get_all_models()) == ["a"]
        assert time.monotonic() - started < 0.35

    async def test_asking_one_does_not_ask_or_wait_for_another(self) -> None:
        manager = IntegrationManager()
        stuck = CannedIntegration(Hang())
        manager.add_integration("stuck", stuck)
        manager.add_integration("well", CannedIntegration(["a"]))
        started = time.monotonic()
        assert ids(await manager.get_models_from("well")) == ["a"]
        assert time.monotonic() - started < 0.1
        assert stuck.calls == 0

    @pytest.mark.parametrize(
        "broken",
        [
            *(ValueError("a bug"), asyncio.CancelledError(), DOWN, BadAnswerError(Reason.TLS)),
            [{"id": None}],
        ],
        ids=repr,
    )
    async def test_a_broken_one_costs_no_other(self, broken: Any) -> None:
        manager = IntegrationManager()
        manager.add_integration("broken", CannedIntegration(broken))
        manager.add_integration("well", CannedIntegration(["a"]))
        (model,) = await manager.get_all_models()
        health = await manager.health_check()
        assert (model["id"], model["available"]) == ("a", True)
        assert health["well"]["status"] == "healthy"
        assert health["broken"]["available"] is False

    async def test_all_are_asked_at_the_same_time(self) -> None:
        manager = IntegrationManager()
        for number in range(10):
            manager.add_integration(f"i{number}", CannedIntegration(Slow(0.1, [f"m{number}"])))
        started = time.monotonic()
        assert len(await manager.get_all_models()) == 10
        assert time.monotonic() - started < 0.3

    async def test_being_cancelled_leaves_at_once(self) -> None:
        manager = IntegrationManager()
        manager.add_integration("stuck", CannedIntegration(Hang()))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await manager.get_all_models()


class TestNeverShrinks:
    async def test_last_known_good_is_given_through_an_outage(self) -> None:
        manager = IntegrationManager()
        manager.add_integration("one", CannedIntegration(["a", "b"], DOWN))
        first = await manager.get_all_models()
        for _ in range(5):
            assert ids(await manager.get_all_models()) == ["a", "b"]
            assert ids(await manager.get_models_from("one")) == ["a", "b"]
        assert first[0]["available"] is True
        assert (await manager.get_all_models())[0]["available"] is False

    async def test_one_that_never_answered_gives_the_default_model(self) -> None:
        manager = IntegrationManager()
        manager.add_integration("one", CannedIntegration(DOWN))
        (model,) = await manager.get_all_models()
        assert model["id"] == "deepcoder:14b"
        assert (model["available"], model["freshness"]) == (False, "default")
        assert model["integrations"] == []

    async def test_with_nothing_registered_there_is_the_default_model(self) -> None:
        manager = IntegrationManager(rules=Rules(default_model="mine:1b"))
        assert ids(await manager.get_all_models()) == ["mine:1b"]

    async def test_models_too_old_to_be_shown_give_way_to_the_default(self) -> None:
        manager = IntegrationManager(rules=Rules(stale_if_error=0.0, max_stale=0.0))
        policy = Policy(interval=0.01, deadline=0.01)
        manager.add_integration("one", CannedIntegration(["a"], DOWN), policy)
        assert ids(await manager.get_all_models()) == ["a"]
        await asyncio.sleep(0.05)
        assert ids(await manager.get_all_models()) == ["deepcoder:14b"]

    async def test_one_that_comes_back_is_believed(self) -> None:
        manager = IntegrationManager()
        manager.add_integration("one", CannedIntegration(["a"], DOWN, ["b"]))
        for _ in range(2):
            assert ids(await manager.get_all_models()) == ["a"]
        (model,) = await manager.get_all_models()
        assert (model["id"], model["available"]) == ("b", True)

    async def test_a_server_that_loses_its_list_over_http_keeps_it_here(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama
    ) -> None:
        upstream = await fake_upstream(ollama_answers())
        async with IntegrationManager() as manager:
            manager.add_integration("ollama", ollama(upstream, timeout=0.2))
            await manager.get_all_models()
            for answer in (Status(500), Status(401), b"<html>", Hang(), {"models": [None]}):
                upstream.answers["/api/tags"] = answer
                assert len(await manager.get_all_models()) == 13
            await upstream.stop()
            assert len(await manager.get_models_from("ollama")) == 13

    async def test_a_list_that_suddenly_shrinks_is_believed_when_seen_twice(self) -> None:
        manager = IntegrationManager()
        many = [f"m{number}" for number in range(10)]
        manager.add_integration("one", CannedIntegration(many, ["m1"]))
        assert len(await manager.get_models_from("one")) == 10
        assert len(await manager.get_models_from("one")) == 10
        assert len(await manager.get_models_from("one")) == 1


class TestHealth:
    async def test_it_goes_down_after_as_many_failures_as_the_policy_says(self) -> None:
        manager = IntegrationManager(wall=lambda: 1_790_000_000.0)
        policy = Policy(thresholds=Thresholds(rise=1, fall=2))
        manager.add_integration("one", CannedIntegration(["a"], DOWN, DOWN, ["a"]), policy)
        seen = [(await manager.health_check())["one"] for _ in range(4)]
        assert [one["status"] for one in seen] == ["healthy", "healthy", "unhealthy", "healthy"]
        assert [one["available"] for one in seen] == [True, True, False, True]
        assert seen[2]["reason"] == "refused"
        assert seen[2]["last_success"] == "2026-09-21T14:13:20Z"
        assert seen[2]["models"] == 1

    async def test_its_shape_is_that_of_the_api(self) -> None:
        manager = IntegrationManager()
        manager.add_integration("one", CannedIntegration(["a"]))
        (one,) = (await manager.health_check()).values()
        assert list(one) == [
            *("available", "version", "status", "reason", "since", "last_success"),
            *("freshness", "models", "latency_ms"),
        ]

    async def test_a_disabled_one_is_not_asked(self) -> None:
        manager = IntegrationManager()
        integration = CannedIntegration(["a"])
        manager.add_integration("one", integration, Policy(enabled=False))
        assert (await manager.health_check())["one"]["status"] == "disabled"
        assert await manager.get_models_from("one") == []
        assert integration.calls == 0


class TestCollisions:
    async def test_one_id_on_two_integrations_is_one_entry(self) -> None:
        manager = IntegrationManager()
        manager.add_integration("one", CannedIntegration(["a"]))
        manager.add_integration("two", CannedIntegration(["a", "b"]))
        models = await manager.get_all_models()
        assert [(model["id"], model["integrations"]) for model in models] == [
            ("a", ["one", "two"]),
            ("b", ["two"]),
        ]

    async def test_or_as_many_as_the_rules_say(self) -> None:
        manager = IntegrationManager(rules=Rules(collisions=Collisions.PREFIX))
        manager.add_integration("one", CannedIntegration(["a"]))
        manager.add_integration("two", CannedIntegration(["a"]))
        assert ids(await manager.get_all_models()) == ["one/a", "two/a"]


class TestRemovedWhileAsked:
    async def test_a_late_result_is_dropped(self) -> None:
        manager = IntegrationManager()
        manager.add_integration("one", CannedIntegration(Slow(0.05, ["a"])))
        asking = asyncio.create_task(manager.get_all_models())
        await asyncio.sleep(0.01)
        await manager.remove_integration("one")
        assert ids(await asking) == ["deepcoder:14b"]

    async def test_who_asked_for_it_alone_is_told_that_it_is_gone(self) -> None:
        manager = IntegrationManager()
        manager.add_integration("one", CannedIntegration(Slow(0.05, ["a"])))
        asking = asyncio.create_task(manager.get_models_from("one"))
        await asyncio.sleep(0.01)
        await manager.remove_integration("one")
        with pytest.raises(UnknownIntegrationError, match="'one'"):
            await asking

    async def test_one_that_took_its_name_meanwhile_starts_with_nothing(self) -> None:
        manager = IntegrationManager()
        manager.add_integration("one", CannedIntegration(Slow(0.05, ["a"])))
        asking = asyncio.create_task(manager.get_models_from("one"))
        await asyncio.sleep(0.01)
        await manager.remove_integration("one")
        manager.add_integration("one", CannedIntegration(["b"]))
        assert await asking == []

    @pytest.mark.parametrize("path", ["/api/tags", "/api/version", "/api/show"])
    async def test_no_connection_is_opened_after_it_was_closed(
        self, fake_upstream: MakeUpstream, path: str
    ) -> None:
        """An unclosed session would be a warning, which is an error here."""
        answers = ollama_answers(old=True)
        upstream = await fake_upstream(answers | {path: Slow(0.05, answers[path])})
        manager = IntegrationManager()
        manager.add_integration("one", OllamaIntegration(upstream.url, cli_fallback="off"))
        asking = asyncio.create_task(manager.get_all_models())
        while not upstream.asked(path):
            await asyncio.sleep(0.001)
        await manager.remove_integration("one")
        asked = len(upstream.requests)
        assert ids(await asking) == ["deepcoder:14b"]
        await asyncio.sleep(0.1)
        gc.collect()
        assert len(upstream.requests) == asked

    async def test_what_was_closed_does_not_open_again(
        self, fake_upstream: MakeUpstream, ollama: MakeOllama
    ) -> None:
        upstream = await fake_upstream(ollama_answers())
        integration = ollama(upstream)
        await integration.close()
        assert not await integration.is_available()
        assert upstream.connections == 0
