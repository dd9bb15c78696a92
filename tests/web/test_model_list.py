"""``GET /v1/models``: its exact shape, its order, its headers."""

from email.utils import parsedate_to_datetime

import pytest

from service.core.catalogue import Collisions, Rules
from service.core.model import Model
from service.core.reading import Policy
from tests.web.building import DEEPCODER, LLAVA, WALL, Room, fallen, well
from tests.web.conftest import MakeRoom


async def test_the_list_has_the_very_shape_of_the_contract(room: Room) -> None:
    reply = await room.ask("/v1/models")
    assert reply.status == 200
    assert reply.json == {
        "object": "list",
        "data": [
            {
                "id": "deepcoder:14b",
                "object": "model",
                "created": 1755671816,
                "owned_by": "ollama",
                "supports_agent": True,
                "supports_tools": True,
                "capabilities": {
                    "completion": True,
                    "tools": True,
                    "vision": False,
                    "thinking": None,
                    "embedding": False,
                    "insert": False,
                },
                "details": {
                    "size": "8.4GB",
                    "family": "qwen2",
                    "parameter_size": "14.8B",
                    "quantization_level": "Q4_K_M",
                    "format": "gguf",
                    "context_length": 131072,
                },
                "integrations": ["ollama"],
                "available": True,
                "freshness": "fresh",
            }
        ],
    }


async def test_a_model_that_nothing_is_known_of_is_unknown_and_not_false(cold_room: Room) -> None:
    cold_room.publish(well("vllm", "m", now=cold_room.clock()))
    (entry,) = (await cold_room.ask("/v1/models")).json["data"]
    assert set(entry["capabilities"].values()) == {None}
    assert (entry["supports_tools"], entry["supports_agent"]) == (False, False)
    assert entry["created"] == 0
    assert entry["details"] == {
        "size": None,
        "family": "unknown",
        "parameter_size": None,
        "quantization_level": None,
        "format": None,
        "context_length": None,
    }


async def test_no_entry_has_the_field_that_breaks_open_webui(room: Room) -> None:
    (entry,) = (await room.ask("/v1/models")).json["data"]
    assert "pipeline" not in entry


async def test_the_order_is_priority_and_then_id(cold_room: Room) -> None:
    now = cold_room.clock()
    late, early = Policy(priority=20), Policy(priority=10)
    cold_room.publish(
        well("z", "b", "a", now=now, policy=late), well("y", "d", "c", now=now, policy=early)
    )
    assert (await cold_room.ask("/v1/models")).ids == ["c", "d", "a", "b"]


async def test_one_id_on_two_integrations_is_one_entry_that_names_both(cold_room: Room) -> None:
    now = cold_room.clock()
    down = fallen(well("ollama", DEEPCODER, now=now), now=now)
    cold_room.publish(down, well("vllm", DEEPCODER.id, now=now, policy=Policy(priority=1)))
    (entry,) = (await cold_room.ask("/v1/models")).json["data"]
    assert entry["integrations"] == ["ollama", "vllm"]
    assert entry["owned_by"] == "ollama"
    assert entry["available"] is True, "one of them is well"


async def test_prefixes_and_aliases_are_entries_of_their_own(make_room: MakeRoom) -> None:
    rules = Rules(collisions=Collisions.PREFIX, aliases={"gpt-4o": "ollama/m"})
    room = await make_room(rules=rules)
    room.publish(well("ollama", "m", now=room.clock()), well("vllm", "m", now=room.clock()))
    entries = {entry["id"]: entry for entry in (await room.ask("/v1/models")).json["data"]}
    assert entries.keys() == {"ollama/m", "vllm/m", "gpt-4o"}
    assert entries["gpt-4o"]["alias_of"] == "ollama/m"
    assert "alias_of" not in entries["ollama/m"]


async def test_an_upstream_that_says_it_has_nothing_is_believed(cold_room: Room) -> None:
    cold_room.publish(well("ollama", now=cold_room.clock()))
    reply = await cold_room.ask("/v1/models")
    assert (reply.status, reply.json) == (200, {"object": "list", "data": []})


async def test_before_the_first_answer_it_is_not_ready_and_says_when_to_ask_again(
    cold_room: Room,
) -> None:
    for path in ("/v1/models", "/v1/models/deepcoder:14b", "/v1/models?limit=1"):
        reply = await cold_room.ask(path)
        assert reply.status == 503
        assert reply.headers["Retry-After"] == "1"
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.error["code"] == "not_ready"


async def test_headers_are_those_of_the_contract(room: Room) -> None:
    room.clock.advance(7.9)
    headers = dict((await room.ask("/v1/models")).headers)
    etag, length = headers.pop("Etag"), headers.pop("Content-Length")
    assert etag.startswith('"')
    assert etag.endswith('"')
    assert int(length) > 0
    assert abs(parsedate_to_datetime(headers.pop("Date")).timestamp() - WALL) > 0
    assert headers == {
        "Age": "7",
        "Cache-Control": "max-age=5, stale-while-revalidate=30, stale-if-error=3600",
        "Cache-Status": "rollcall; hit; detail=fresh",
        "Content-Type": "application/json",
        "Last-Modified": "Sun, 22 Nov 2026 07:00:00 GMT",
        "Server": "rollcall",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }


async def test_age_is_that_of_the_oldest_fragment_in_the_list(cold_room: Room) -> None:
    clock = cold_room.clock
    cold_room.publish(
        well("old", "a", now=clock.ago(20.5)),
        well("new", "b", now=clock.ago(3)),
        well("older, but with nothing in the list", now=clock.ago(30)),
    )
    assert (await cold_room.ask("/v1/models")).headers["Age"] == "20"


async def test_age_never_runs_backwards_below_zero(room: Room) -> None:
    room.clock.advance(-5)
    assert (await room.ask("/v1/models")).headers["Age"] == "0"


async def test_the_list_keeps_its_bytes_and_its_tag_through_polls_that_change_nothing(
    room: Room,
) -> None:
    first = await room.ask("/v1/models")
    room.clock.advance(15)
    room.publish_some()
    second = await room.ask("/v1/models")
    assert second.body == first.body
    for name in ("ETag", "Last-Modified"):
        assert second.headers[name] == first.headers[name]
    assert second.headers["Age"] == "0"


async def test_a_change_of_the_catalogue_moves_tag_and_date(room: Room) -> None:
    first = await room.ask("/v1/models")
    room.clock.advance(15)
    room.publish(well("ollama", DEEPCODER, LLAVA, now=room.clock()))
    second = await room.ask("/v1/models")
    assert second.headers["ETag"] != first.headers["ETag"]
    assert second.headers["Last-Modified"] == "Sun, 22 Nov 2026 07:00:15 GMT"


async def test_two_replicas_give_the_same_bytes_and_the_same_tags(make_room: MakeRoom) -> None:
    one, other = await make_room(), await make_room()
    for room in (one, other):
        room.publish(well("ollama", DEEPCODER, LLAVA, now=room.clock()))
        room.clock.advance(3)
    for coding in ("identity", "gzip", "br", "zstd"):
        asked = {"Accept-Encoding": coding}
        replies = [await room.ask("/v1/models", headers=asked) for room in (one, other)]
        assert replies[0].body == replies[1].body
        assert replies[0].headers["ETag"] == replies[1].headers["ETag"]


@pytest.mark.parametrize(
    ("seconds", "word"), [(0, "fresh"), (60, "stale"), (3700, "expired"), (90_000, "default")]
)
async def test_cache_status_and_entries_tell_the_freshness(
    cold_room: Room, seconds: float, word: str
) -> None:
    cold_room.publish(well("ollama", DEEPCODER, now=cold_room.clock.ago(seconds)))
    reply = await cold_room.ask("/v1/models")
    assert reply.headers["Cache-Status"] == f"rollcall; hit; detail={word}"
    assert [entry["freshness"] for entry in reply.json["data"]] == [word]


async def test_text_from_upstream_reaches_the_client_as_json_and_never_as_a_header(
    cold_room: Room,
) -> None:
    hostile = '"></script><img src=x onerror=alert(1)>é漢'
    cold_room.publish(well("ollama", Model(id=hostile), now=cold_room.clock()))
    reply = await cold_room.ask("/v1/models")
    assert reply.ids == [hostile]
    assert not any("script" in value for value in reply.headers.values())
