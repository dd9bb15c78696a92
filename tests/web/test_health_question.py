"""``GET /v1/integrations/health``: the facts, and the ways to say what shall fail the probe."""

from dataclasses import replace
from typing import Final

import pytest

from service.core.health import State
from service.core.reading import Failure, Policy, advance
from service.core.reasons import Reason
from service.core.verdict import FailOn, share
from tests.web.building import Room, fallen, in_state, well
from tests.web.conftest import MakeRoom

HEALTH: Final = "/v1/integrations/health"
GOOD: Final = (State.HEALTHY, State.DEGRADED, State.RECOVERING, State.RATE_LIMITED)
BAD: Final = (State.DOWN, State.LOADING, State.MISCONFIGURED, State.UNKNOWN)
OPTIONAL: Final = Policy(optional=True)


@pytest.fixture
def mixed(cold_room: Room) -> Room:
    """Give a room where ``a`` and ``b`` are well, ``c`` and ``d`` are down."""
    now = cold_room.clock()
    cold_room.publish(
        *(in_state(name, State.HEALTHY, now=now) for name in "ab"),
        *(in_state(name, State.DOWN, now=now) for name in "cd"),
    )
    return cold_room


async def test_the_facts_have_the_very_shape_of_the_contract(room: Room) -> None:
    room.clock.advance(15)
    reply = await room.ask(HEALTH)
    assert reply.json == {
        "ollama": {
            "available": True,
            "version": "0.11.5",
            "status": "healthy",
            "reason": None,
            "since": "2026-11-22T07:00:00Z",
            "last_success": "2026-11-22T07:00:00Z",
            "freshness": "fresh",
            "models": 1,
            "latency_ms": 4.1,
        }
    }
    assert reply.headers["Content-Type"] == "application/json"


async def test_trouble_shows_its_cause_as_a_code_and_keeps_the_facts(cold_room: Room) -> None:
    reading = well("ollama", "m", now=cold_room.clock())
    cold_room.clock.advance(60)
    cold_room.publish(fallen(reading, now=cold_room.clock()))
    facts = (await cold_room.ask(HEALTH)).json["ollama"]
    assert (facts["status"], facts["reason"]) == ("unhealthy", "refused")
    assert (facts["available"], facts["models"], facts["freshness"]) == (False, 1, "stale")
    assert facts["last_success"] == "2026-11-22T07:00:00Z"
    assert facts["since"] == "2026-11-22T07:01:00Z"


async def test_nothing_is_made_up_about_an_integration_that_was_never_reached(
    cold_room: Room,
) -> None:
    cold_room.publish(in_state("new", State.UNKNOWN, now=cold_room.clock()))
    cold_room.publish(replace(in_state("new", State.UNKNOWN, now=cold_room.clock()), last_ok=None))
    facts = (await cold_room.ask(HEALTH)).json["new"]
    assert (facts["last_success"], facts["freshness"]) == (None, None)


@pytest.mark.parametrize("state", [*GOOD, *BAD])
async def test_each_state_is_good_or_bad(cold_room: Room, state: State) -> None:
    now = cold_room.clock()
    cold_room.publish(in_state("one", state, now=now), in_state("well", State.HEALTHY, now=now))
    expected = 200 if state in GOOD else 503
    for path in (
        f"{HEALTH}?fail_on=any",
        f"{HEALTH}/strict",
        "/v1/integrations/one/health",
        f"{HEALTH}?integration=one&fail_on=all",
        f"{HEALTH}?min_healthy=2",
        f"{HEALTH}?min_healthy=100%25",
    ):
        reply = await cold_room.ask(path)
        assert reply.status == expected, path
        assert reply.json["one"]["status"] == str(state)
        assert reply.json["one"]["available"] is (state in GOOD)


@pytest.mark.parametrize(
    "out_of_it",
    [
        {"state": State.DISABLED},
        {"state": State.DOWN, "policy": OPTIONAL},
        {"state": State.UNKNOWN, "policy": OPTIONAL},
    ],
    ids=["disabled", "optional and down", "optional and unknown"],
)
async def test_some_do_not_count(cold_room: Room, out_of_it: dict[str, object]) -> None:
    now = cold_room.clock()
    absent = in_state("away", now=now, **out_of_it)  # type: ignore[arg-type]
    cold_room.publish(absent, in_state("well", State.HEALTHY, now=now))
    for query in ("fail_on=any", "fail_on=all", "fail_on=stale", "min_healthy=100%25"):
        reply = await cold_room.ask(f"{HEALTH}?{query}")
        assert reply.status == 200, query
        assert set(reply.json) == {"away", "well"}, "left out of the verdict, not of the facts"
    cold_room.publish(absent)
    for query in ("fail_on=any", "fail_on=all", "min_healthy=2"):
        assert (await cold_room.ask(f"{HEALTH}?{query}")).status == 200, query


async def test_one_lost_probe_flips_nothing(cold_room: Room) -> None:
    now = cold_room.clock()
    reading = advance(well("ollama", "m", now=now), Failure(reason=Reason.TIMEOUT), now=now)
    cold_room.publish(reading)
    assert (await cold_room.ask(f"{HEALTH}/strict")).status == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 200),
        ("fail_on=none", 200),
        ("fail_on=any", 503),
        ("fail_on=all", 200),
        ("fail_on=all&integration=c,d", 503),
        ("fail_on=all&integration=c", 503),
        ("fail_on=any&integration=a", 200),
        ("fail_on=any&integration=a,b", 200),
        ("fail_on=any&integration=a,c", 503),
        ("fail_on=any&exclude=c", 503),
        ("fail_on=any&exclude=c,d", 200),
        ("fail_on=any&integration=a,c&exclude=c", 200),
        ("fail_on=any&integration=a&exclude=a", 200),
        ("fail_on=all&exclude=a,b", 503),
        ("min_healthy=0", 200),
        ("min_healthy=2", 200),
        ("min_healthy=3", 503),
        ("min_healthy=50%25", 200),
        ("min_healthy=51%25", 503),
        ("min_healthy=0%25", 200),
        ("min_healthy=100%25", 503),
        ("min_healthy=100%25&exclude=c,d", 200),
        ("min_healthy=50%25&fail_on=any", 503),
        ("min_healthy=1&integration=c,d", 503),
        ("min_healthy=999999999999", 503),
    ],
)
async def test_the_query_says_what_fails(mixed: Room, query: str, status: int) -> None:
    assert (await mixed.ask(f"{HEALTH}?{query}")).status == status


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("integration=b", ["b"]),
        ("integration=d,a", ["a", "d"]),
        ("exclude=a", ["b", "c", "d"]),
        ("integration=a,b&exclude=b", ["a"]),
        ("integration=a&exclude=a", []),
        ("fail_on=any", ["a", "b", "c", "d"]),
    ],
)
async def test_the_answer_is_about_those_that_were_asked_about(
    mixed: Room, query: str, names: list[str]
) -> None:
    assert list((await mixed.ask(f"{HEALTH}?{query}")).json) == names


@pytest.mark.parametrize("path", [HEALTH, f"{HEALTH}/strict"])
@pytest.mark.parametrize(
    ("query", "param", "code"),
    [
        ("fail_on=some", "fail_on", "invalid_value"),
        ("fail_on=ANY", "fail_on", "invalid_value"),
        ("fail_on=", "fail_on", "invalid_value"),
        ("fail_on=any&fail_on=none", "fail_on", "invalid_value"),
        *(
            (f"min_healthy={junk}", "min_healthy", "invalid_value")
            for junk in ("", "half", "101%25", "-1", "1.5", "50%25%25", "%25", "%C2%B2", "9" * 5000)
        ),
        ("format=xml", "format", "invalid_value"),
        ("limit=1", "limit", "unknown_parameter"),
        ("verbose", "verbose", "unknown_parameter"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_the_name_of_its_parameter(
    mixed: Room, path: str, query: str, param: str, code: str
) -> None:
    reply = await mixed.ask(f"{path}?{query}")
    assert reply.status == 400
    assert (reply.error["param"], reply.error["code"]) == (param, code)


@pytest.mark.parametrize("query", ["integration=x", "exclude=x", "integration=a,x", "integration="])
async def test_an_unknown_integration_is_not_found(mixed: Room, query: str) -> None:
    """A typing error in a balancer's configuration must never look like good health."""
    reply = await mixed.ask(f"{HEALTH}?{query}")
    assert (reply.status, reply.error["code"]) == (404, "integration_not_found")


async def test_stale_facts_fail_whoever_asks_for_that(cold_room: Room) -> None:
    now = cold_room.clock()
    cold_room.publish(well("a", now=now), well("b", now=cold_room.clock.ago(60)))
    assert (await cold_room.ask(f"{HEALTH}?fail_on=stale")).status == 503
    assert (await cold_room.ask(f"{HEALTH}?fail_on=stale&integration=a")).status == 200
    assert (await cold_room.ask(f"{HEALTH}?fail_on=any")).status == 200


async def test_one_alone_is_judged_alone(mixed: Room) -> None:
    for name, status in {"a": 200, "c": 503}.items():
        reply = await mixed.ask(f"/v1/integrations/{name}/health")
        assert reply.status == status
        assert reply.json == {name: (await mixed.ask(HEALTH)).json[name]}


async def test_one_alone_fails_while_nothing_new_is_learned_of_it(mixed: Room) -> None:
    mixed.vitals.stall("poll a", mono=mixed.clock.mono)
    assert (await mixed.ask("/v1/integrations/a/health")).status == 503
    assert (await mixed.ask(HEALTH)).status == 200


@pytest.mark.parametrize("tail", ["health", "health/strict", "a/health", "health?fail_on=all"])
async def test_no_health_answer_may_be_stored(mixed: Room, tail: str) -> None:
    reply = await mixed.ask(f"/v1/integrations/{tail}")
    assert reply.headers["Cache-Control"] == "no-store"
    assert "ETag" not in reply.headers


async def test_the_configuration_says_what_a_bare_question_means(make_room: MakeRoom) -> None:
    """Some balancers can't send a query."""
    room = await make_room(fail_on=FailOn.ALL, min_healthy=share("50%"))
    now = room.clock()
    down = [in_state(name, State.DOWN, now=now) for name in "ab"]
    room.publish(*down)
    assert (await room.ask(HEALTH)).status == 503
    room.publish(*down, in_state("c", State.HEALTHY, now=now))
    assert (await room.ask(HEALTH)).status == 503, "one of three is less than half"
    assert (await room.ask(f"{HEALTH}?min_healthy=1")).status == 200, "the query has the last word"
    assert (await room.ask(f"{HEALTH}?integration=c")).status == 200
    room.publish(down[0], in_state("c", State.HEALTHY, now=now))
    assert (await room.ask(HEALTH)).status == 200
    assert (await room.ask(f"{HEALTH}?fail_on=any")).status == 503
    assert (await room.ask(f"{HEALTH}/strict")).status == 503


@pytest.mark.parametrize("count", [200, 1000])
@pytest.mark.parametrize("query", ["", "?fail_on=any", "?exclude=n-1", "?format=health%2Bjson"])
async def test_the_answer_stays_small_however_many_integrations_there_are(
    cold_room: Room, count: int, query: str
) -> None:
    now = cold_room.clock()
    names = [f"n-{number}".ljust(min(48, 12_000 // count), "x") for number in range(2, count)]
    cold_room.publish(*(in_state(name, State.RATE_LIMITED, now=now) for name in ["n-1", *names]))
    reply = await cold_room.ask(f"{HEALTH}{query}")
    assert reply.status == 200
    assert len(reply.body) <= 64 * 1024
    told = reply.json["checks"] if "format" in query else reply.json
    assert set(names) <= set(told), "short, but nobody is left out"
