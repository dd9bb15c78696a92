"""``/v1/integrations`` and what lies below it, but for health."""

from typing import Final
from urllib.parse import quote

import pytest

from service.core.health import State
from service.core.reading import Policy, Reading
from tests.web.building import DEEPCODER, EMBED, LLAVA, Room, fallen, in_state, well

ONE: Final = {
    "name": "ollama",
    "type": "ollama",
    "status": "healthy",
    "available": True,
    "version": "0.11.5",
    "models": 2,
}


@pytest.fixture
def full(cold_room: Room) -> Room:
    """Give a room with ``ollama``, well, ``spare``, down, and ``off``, disabled."""
    now = cold_room.clock()
    cold_room.publish(
        well("ollama", DEEPCODER, LLAVA, now=now),
        fallen(well("spare", DEEPCODER, EMBED, now=now, policy=Policy(priority=1)), now=now),
        in_state("off", State.DISABLED, now=now, policy=Policy(priority=2)),
    )
    return cold_room


async def test_all_integrations_are_listed_in_the_shape_of_the_contract(full: Room) -> None:
    listed = (await full.ask("/v1/integrations")).json
    assert listed["integrations"] == ["ollama", "spare", "off"]
    assert listed["available"] == ["ollama"]
    assert listed["data"][0] == ONE
    assert [(one["name"], one["status"], one["available"]) for one in listed["data"]] == [
        ("ollama", "healthy", True),
        ("spare", "unhealthy", False),
        ("off", "disabled", False),
    ]
    assert set(listed) == {"integrations", "available", "data"}


async def test_one_integration_is_its_line_of_the_list(full: Room) -> None:
    listed = (await full.ask("/v1/integrations")).json["data"]
    for one in listed:
        reply = await full.ask(f"/v1/integrations/{one['name']}")
        assert (reply.status, reply.json) == (200, one)


async def test_an_integration_has_its_own_part_of_the_catalogue(full: Room) -> None:
    whole = {entry["id"]: entry for entry in (await full.ask("/v1/models")).json["data"]}
    for name, ids in {
        "ollama": [DEEPCODER.id, LLAVA.id],
        "spare": [DEEPCODER.id, EMBED.id],
    }.items():
        reply = await full.ask(f"/v1/integrations/{name}/models")
        assert reply.json == {"object": "list", "data": [whole[each] for each in ids]}
        assert reply.headers["Cache-Status"] == "rollcall; hit; detail=fresh"


async def test_before_anything_is_known_the_list_is_empty_and_whole(cold_room: Room) -> None:
    assert (await cold_room.ask("/v1/integrations")).json == {
        "integrations": [],
        "available": [],
        "data": [],
    }


async def test_before_the_first_answer_there_are_names_and_no_models(cold_room: Room) -> None:
    cold_room.publish(Reading(name="new"))
    assert (await cold_room.ask("/v1/integrations")).json["integrations"] == ["new"]
    assert (await cold_room.ask("/v1/integrations/new")).json["status"] == "unknown"
    reply = await cold_room.ask("/v1/integrations/new/models")
    assert (reply.status, reply.headers["Retry-After"]) == (503, "1")
    assert reply.error["code"] == "not_ready"


async def test_an_integration_that_was_removed_is_not_found(full: Room) -> None:
    full.publish(well("ollama", DEEPCODER, now=full.clock()))
    assert (await full.ask("/v1/integrations/spare")).status == 404
    assert (await full.ask("/v1/integrations/spare/models")).status == 404
    assert (await full.ask("/v1/integrations")).json["integrations"] == ["ollama"]


@pytest.mark.parametrize("tail", ["", "/models", "/health"])
@pytest.mark.parametrize(
    "name", ["nobody", "OLLAMA", "ollama%20", "%00", "%ff", "..%2f", "漢", "x" * 5000, "a%2Fb"]
)
async def test_an_unknown_integration_is_not_found(full: Room, name: str, tail: str) -> None:
    reply = await full.ask(f"/v1/integrations/{quote(name, safe='%')}{tail}")
    assert reply.status == 404
    error = reply.error
    assert (error["param"], error["code"]) == ("integration", "integration_not_found")
    assert error["message"].endswith("does not exist")
    assert len(reply.body) < 1000


@pytest.mark.parametrize(
    "path", ["/v1/integrations/health/models", "/v1/integrations/health/health"]
)
async def test_no_integration_is_called_health(full: Room, path: str) -> None:
    reply = await full.ask(path)
    assert (reply.status, reply.error["code"]) == (404, "integration_not_found")


@pytest.mark.parametrize("path", ["/v1/integrations", "/v1/integrations/ollama"])
async def test_they_may_be_cached_for_a_moment(full: Room, path: str) -> None:
    first = await full.ask(path)
    assert first.headers["Cache-Control"] == "max-age=5"
    full.clock.advance(15)
    assert (await full.ask(path)).headers["ETag"] == first.headers["ETag"]
