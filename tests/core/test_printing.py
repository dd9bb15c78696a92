"""The exact shapes of the API, key by key."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from service.core.catalogue import Catalogue, Entry, Rules
from service.core.health import Health, State
from service.core.model import Loaded, Model, Source
from service.core.printing import (
    detail_document,
    dump,
    entry_document,
    health_document,
    integration_document,
    join_list,
    model_document,
    print_entries,
)
from service.core.reading import Freshness, Reading
from service.core.reasons import Reason
from tests.core.building import DEEPCODER, MINUTE, WALL, ago, composed, reading

EXAMPLE = (
    b'{"id":"deepcoder:14b","object":"model","created":1755671816,"owned_by":"ollama",'
    b'"supports_agent":true,"supports_tools":true,'
    b'"capabilities":{"completion":true,"tools":true,"vision":false,"thinking":null,'
    b'"embedding":false,"insert":false},'
    b'"details":{"size":"8.4GB","family":"qwen2","parameter_size":"14.8B",'
    b'"quantization_level":"Q4_K_M","format":"gguf","context_length":131072},'
    b'"integrations":["ollama"],"available":true,"freshness":"fresh"}'
)
"""The example of api.md, without its spaces."""


def entry(model: Model = DEEPCODER, **more: Any) -> Entry:
    (found,) = composed(reading("ollama", model)).entries
    return replace(found, **more)


def test_an_entry_is_printed_exactly_as_in_the_example() -> None:
    assert dump(entry_document(entry())) == EXAMPLE


def test_a_model_of_which_nothing_is_known_has_every_field_all_the_same() -> None:
    bare = entry_document(entry(Model(id="x")))
    full = orjson.loads(EXAMPLE)
    assert list(bare) == list(full)
    assert list(bare["capabilities"]) == list(full["capabilities"])
    assert list(bare["details"]) == list(full["details"])
    assert set(bare["capabilities"].values()) == {None}
    assert bare["details"] == dict.fromkeys(full["details"]) | {"family": "unknown"}
    assert (bare["created"], bare["supports_tools"], bare["supports_agent"]) == (0, False, False)


@pytest.mark.parametrize(
    ("capabilities", "tools", "agent"),
    [
        ({}, False, False),
        ({"tools": True}, True, False),
        ({"completion": True}, False, False),
        ({"completion": True, "tools": False}, False, False),
        ({"completion": False, "tools": True}, True, False),
        ({"completion": True, "tools": True}, True, True),
    ],
)
def test_tools_make_an_agent_only_of_what_can_complete(
    capabilities: dict[str, bool], tools: bool, agent: bool
) -> None:
    document = entry_document(entry(Model(id="x", capabilities=capabilities)))
    assert (document["supports_tools"], document["supports_agent"]) == (tools, agent)


def test_rare_capabilities_are_listed_only_where_they_are_there() -> None:
    shown = entry(Model(id="x", capabilities={"image": True, "audio": False}))
    capabilities = entry_document(shown)["capabilities"]
    assert capabilities["image"] is True
    assert "audio" not in capabilities


def test_only_an_alias_says_what_it_stands_for() -> None:
    assert "alias_of" not in entry_document(entry())
    assert entry_document(entry(alias_of="y"))["alias_of"] == "y"


def test_the_detail_adds_sources_and_what_differs_by_place() -> None:
    catalogue = composed(
        reading("a", replace(DEEPCODER, loaded=Loaded(size_vram=7, context_length=4096))),
        reading("b", replace(DEEPCODER, loaded=False, digest="bbbbbbbb")),
        reading("c", replace(DEEPCODER, digest=None)),
    )
    (merged,) = catalogue.entries
    document = detail_document(merged, catalogue.placements["deepcoder:14b"], ("twin",))
    assert document == entry_document(merged) | {
        "provenance": {"capabilities.tools": "declared", "created": "declared"},
        "per_integration": {
            "a": {
                "digest": "12bdda054d23",
                "loaded": True,
                "state": None,
                "size_vram": 7,
                "loaded_context_length": 4096,
            },
            "b": {
                "digest": "bbbbbbbb",
                "loaded": False,
                "state": None,
                "size_vram": None,
                "loaded_context_length": None,
            },
            "c": {
                "digest": None,
                "loaded": None,
                "state": None,
                "size_vram": None,
                "loaded_context_length": None,
            },
        },
        "same_weights": ["twin"],
    }
    assert list(document)[-3:] == ["provenance", "per_integration", "same_weights"]


def test_sources_are_printed_in_the_same_order_whatever_order_they_were_learnt_in() -> None:
    forth = {"b": Source.OPERATOR, "a": Source.HEURISTIC, "c": Source.TEMPLATE}
    back = dict(reversed(forth.items()))
    one, two = (entry(replace(DEEPCODER, provenance=known)) for known in (forth, back))
    assert dump(detail_document(one, {})) == dump(detail_document(two, {}))


def test_the_library_gets_the_same_facts_and_the_digest() -> None:
    document = model_document(DEEPCODER, owned_by="ollama")
    listed = orjson.loads(EXAMPLE)
    for volatile in ("integrations", "available", "freshness"):
        del listed[volatile]
    assert document == listed | {"digest": "12bdda054d23"}


def test_the_health_of_an_integration_is_printed_as_in_the_example() -> None:
    known = reading("ollama", "x", "y", version="0.11.5", latency=0.0041, last_ok=ago(MINUTE))
    document = health_document(known, Freshness.FRESH)
    assert dump(document) == (
        b'{"available":true,"version":"0.11.5","status":"healthy","reason":null,'
        b'"since":"2026-11-22T07:00:00Z","last_success":"2026-11-22T06:59:00Z",'
        b'"freshness":"fresh","models":2,"latency_ms":4.1}'
    )


def test_the_health_of_what_was_never_probed_knows_nothing_and_says_so() -> None:
    assert health_document(Reading(name="a"), None) == {
        "available": False,
        "version": None,
        "status": "unknown",
        "reason": None,
        "since": None,
        "last_success": None,
        "freshness": None,
        "models": 0,
        "latency_ms": None,
    }


def test_a_server_that_is_down_is_called_unhealthy_and_its_reason_is_a_code() -> None:
    down = Reading(name="a", health=Health(state=State.DOWN, reason=Reason.HTTP_5XX, since=WALL))
    document = health_document(down, Freshness.STALE)
    assert (document["status"], document["reason"]) == ("unhealthy", "http_5xx")
    assert (document["available"], document["freshness"]) == (False, "stale")


def test_an_integration_is_printed_with_its_standing_and_a_count() -> None:
    assert integration_document(reading("a", "x", "y", version="1.2")) == {
        "name": "a",
        "type": "ollama",
        "status": "healthy",
        "available": True,
        "version": "1.2",
        "models": 2,
    }


class TestEntries:
    def catalogue(self, *models: Model) -> Catalogue:
        return composed(reading("a", *models), rules=Rules(default_model=None))

    def test_only_a_changed_entry_is_printed_anew(self) -> None:
        x, y, z = (Model(id=name, digest=name * 8) for name in "xyz")
        before = print_entries(self.catalogue(x, y, z), {})
        after = print_entries(self.catalogue(x, replace(y, created=7), z), before)
        assert after["x"][1] is before["x"][1]
        assert after["z"][1] is before["z"][1]
        assert after["y"][1] != before["y"][1]

    def test_what_is_gone_is_gone_and_what_is_new_is_there(self) -> None:
        before = print_entries(self.catalogue(Model(id="x"), Model(id="y")), {})
        after = print_entries(self.catalogue(Model(id="y"), Model(id="z")), before)
        assert list(after) == ["y", "z"]
        assert orjson.loads(after["z"][1])["id"] == "z"


class TestJoining:
    @pytest.mark.parametrize(
        ("bodies", "tail", "whole"),
        [
            ([], None, {"object": "list", "data": []}),
            ([b"1"], None, {"object": "list", "data": [1]}),
            ([b"1", b"2"], {}, {"object": "list", "data": [1, 2]}),
            (
                [b"1"],
                {"has_more": True, "last_id": "x"},
                {"object": "list", "data": [1], "has_more": True, "last_id": "x"},
            ),
        ],
    )
    def test_printed_entries_join_into_a_list_object(
        self, bodies: list[bytes], tail: dict[str, Any] | None, whole: dict[str, Any]
    ) -> None:
        assert orjson.loads(join_list(bodies, tail)) == whole
