"""The same facts as an API health-check document, for those that ask for one."""

from typing import Final

import pytest

from service.core.health import State
from tests.web.building import Room, fallen, in_state, well

HEALTH: Final = "/v1/integrations/health"
ACCEPT: Final = {"Accept": "application/health+json"}
WORDS: Final = {
    State.HEALTHY: "pass",
    State.DISABLED: "pass",
    State.DEGRADED: "warn",
    State.RECOVERING: "warn",
    State.RATE_LIMITED: "warn",
    State.DOWN: "fail",
    State.LOADING: "fail",
    State.MISCONFIGURED: "fail",
    State.UNKNOWN: "fail",
}


async def test_the_document_has_one_check_an_integration(room: Room) -> None:
    down = fallen(well("spare", now=room.clock()), now=room.clock())
    room.publish(well("ollama", now=room.clock()), down)
    reply = await room.ask(HEALTH, headers=ACCEPT)
    assert reply.headers["Content-Type"] == "application/health+json"
    assert reply.headers["Cache-Control"] == "no-store"
    one = {"componentType": "component", "time": "2026-11-22T07:00:00Z"}
    assert reply.json == {
        "status": "warn",
        "version": "1.2.3",
        "checks": {
            "ollama": [one | {"observedValue": "healthy", "status": "pass"}],
            "spare": [one | {"observedValue": "unhealthy", "status": "fail", "output": "refused"}],
        },
    }


@pytest.mark.parametrize(
    "accept",
    [
        "application/health+json",
        "application/health+json, application/json;q=0.5",
        "text/html, application/health+json;q=0.9",
    ],
)
async def test_it_is_had_by_asking_in_a_header(room: Room, accept: str) -> None:
    assert (await room.ask(HEALTH, headers={"Accept": accept})).json["status"] == "pass"


async def test_it_is_had_by_asking_in_the_query(room: Room) -> None:
    for path in (HEALTH, f"{HEALTH}/strict"):
        reply = await room.ask(f"{path}?format=health%2Bjson")
        assert reply.headers["Content-Type"] == "application/health+json"
        assert reply.json["status"] == "pass"


async def test_the_query_has_the_last_word(room: Room) -> None:
    reply = await room.ask(f"{HEALTH}?format=json", headers=ACCEPT)
    assert reply.headers["Content-Type"] == "application/json"
    assert "ollama" in reply.json


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/*", "text/html"])
async def test_nobody_gets_it_unasked(room: Room, accept: str) -> None:
    reply = await room.ask(HEALTH, headers={"Accept": accept})
    assert reply.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("state", list(State))
async def test_each_state_is_one_of_three_words(cold_room: Room, state: State) -> None:
    cold_room.publish(in_state("one", state, now=cold_room.clock()))
    reply = await cold_room.ask(HEALTH, headers=ACCEPT)
    (check,) = reply.json["checks"]["one"]
    assert (check["status"], check["observedValue"]) == (WORDS[state], str(state))
    assert reply.json["status"] == ("pass" if WORDS[state] == "pass" else "warn")


async def test_the_word_for_all_is_fail_wherever_the_probe_fails(cold_room: Room) -> None:
    now = cold_room.clock()
    cold_room.publish(in_state("a", State.HEALTHY, now=now), in_state("b", State.DOWN, now=now))
    for query, status, word in (
        ("", 200, "warn"),
        ("?integration=a", 200, "pass"),
        ("?fail_on=any", 503, "fail"),
        ("?min_healthy=2", 503, "fail"),
    ):
        reply = await cold_room.ask(f"{HEALTH}{query}", headers=ACCEPT)
        assert (reply.status, reply.json["status"]) == (status, word), query
    cold_room.vitals.draining = True
    assert (await cold_room.ask(HEALTH, headers=ACCEPT)).json["status"] == "fail"


async def test_before_anything_is_known_it_fails_with_no_checks(cold_room: Room) -> None:
    reply = await cold_room.ask(HEALTH, headers=ACCEPT)
    assert reply.status == 503
    assert reply.json == {"status": "fail", "version": "1.2.3", "checks": {}}


async def test_a_bad_query_is_refused_in_this_form_too(room: Room) -> None:
    reply = await room.ask(f"{HEALTH}?fail_on=some", headers=ACCEPT)
    assert (reply.status, reply.error["param"]) == (400, "fail_on")
