"""The table of situations and status codes of the HTTP contract, row by row."""

from collections.abc import Awaitable, Callable
from typing import Final

import pytest

from service.core.health import State
from service.core.reading import Reading
from tests.web.building import DEEPCODER, HOUR, Reply, Room, fallen, in_state, saved, well

TABLE: Final = """
| situation                            | /livez | /readyz | …   | …?fail_on=all | …?fail_on=any | /v1/models                   |
| all healthy                          | 200    | 200     | 200 | 200           | 200           | 200 fresh                    |
| some down                            | 200    | 200     | 200 | 200           | 503           | 200 fresh                    |
| none healthy                         | 200    | 200     | 200 | 503           | 503           | 200 stale                    |
| none healthy, longer than max_stale  | 200    | 200     | 200 | 503           | 503           | 200 default                  |
| poller stalled for 59 s              | 200    | 200     | 200 | 503           | 503           | 200 stale                    |
| poller stalled for 60 s              | 503    | 200     | 200 | 503           | 503           | 200 stale                    |
| cold start, nothing yet              | 200    | 503     | 503 | 503           | 503           | 503, Retry-After: 1          |
| cold start, nobody has answered yet  | 200    | 503     | 503 | 503           | 503           | 503, Retry-After: 1          |
| cold start, a saved snapshot         | 200    | 200     | 200 | 503           | 503           | 200 stale                    |
| saved snapshot, one of two probed    | 200    | 200     | 200 | 200           | 503           | 200 fresh                    |
| grace over, still nothing            | 200    | 200     | 200 | 503           | 503           | 200 default                  |
| draining                             | 200    | 503     | 503 | 503           | 503           | 200 fresh, Connection: close |
"""  # noqa: E501 -- a table
HEALTH: Final = "/v1/integrations/health"
STALE_FOR: Final = 60.0
"""More than two intervals and a deadline, less than an hour."""


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


HEAD, *ROWS = [cells(line) for line in TABLE.strip().splitlines()]
COLUMNS: Final = [name.replace("…", HEALTH) for name in HEAD[1:]]
PROBES: Final = COLUMNS[:-1]


def ollama(room: Room) -> Reading:
    return well("ollama", DEEPCODER, now=room.clock())


async def all_healthy(room: Room) -> None:
    room.publish(ollama(room), well("vllm", "m", now=room.clock()))


async def some_down(room: Room) -> None:
    room.publish(ollama(room), fallen(well("vllm", now=room.clock()), now=room.clock()))


async def none_healthy(room: Room) -> None:
    down = fallen(ollama(room), now=room.clock())
    room.clock.advance(STALE_FOR)
    room.publish(down)


async def none_healthy_for_days(room: Room) -> None:
    down = fallen(ollama(room), now=room.clock())
    room.clock.advance(24 * HOUR)
    room.publish(down)


def stalled_for(seconds: float) -> Callable[[Room], Awaitable[None]]:
    async def stall(room: Room) -> None:
        reading = ollama(room)
        room.clock.advance(STALE_FOR)
        room.publish(reading)
        room.vitals.stall("poll ollama", mono=room.clock.mono - seconds)

    return stall


async def nothing_yet(_: Room) -> None:
    pass


async def nobody_has_answered(room: Room) -> None:
    room.publish(Reading(name="ollama"), fallen(Reading(name="vllm"), now=room.clock()))


async def saved_snapshot(room: Room) -> None:
    kept = saved(ollama(room))
    room.clock.advance(STALE_FOR)
    room.publish(kept)


async def saved_and_half_probed(room: Room) -> None:
    room.publish(saved(ollama(room)), in_state("vllm", State.HEALTHY, now=room.clock()))


async def grace_over(room: Room) -> None:
    await room.outlast_grace()


async def draining(room: Room) -> None:
    await all_healthy(room)
    room.vitals.draining = True


SITUATIONS: Final[dict[str, Callable[[Room], Awaitable[None]]]] = {
    "all healthy": all_healthy,
    "some down": some_down,
    "none healthy": none_healthy,
    "none healthy, longer than max_stale": none_healthy_for_days,
    "poller stalled for 59 s": stalled_for(59),
    "poller stalled for 60 s": stalled_for(60),
    "cold start, nothing yet": nothing_yet,
    "cold start, nobody has answered yet": nobody_has_answered,
    "cold start, a saved snapshot": saved_snapshot,
    "saved snapshot, one of two probed": saved_and_half_probed,
    "grace over, still nothing": grace_over,
    "draining": draining,
}


def in_words(reply: Reply, path: str) -> str:
    """Write an answer as the table writes it."""
    if path != "/v1/models":
        return str(reply.status)
    if reply.status == 503:
        return f"503, Retry-After: {reply.headers['Retry-After']}"
    ages = {entry["freshness"] for entry in reply.json["data"]}
    words = f"200 {' and '.join(sorted(ages))}"
    if "Connection" in reply.headers:
        words += f", Connection: {reply.headers['Connection']}"
    return words


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
async def test_every_situation_answers_as_the_table_says(cold_room: Room, row: list[str]) -> None:
    situation, *expected = row
    await SITUATIONS[situation](cold_room)
    seen = {path: in_words(await cold_room.ask(path), path) for path in COLUMNS}
    assert seen == dict(zip(COLUMNS, expected, strict=True))


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
async def test_balancers_get_the_same_verdict_by_other_methods(
    cold_room: Room, row: list[str], method: str
) -> None:
    situation, *expected = row
    await SITUATIONS[situation](cold_room)
    seen = [str((await cold_room.ask(path, method)).status) for path in PROBES]
    assert seen == expected[:-1]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
async def test_the_strict_path_is_the_column_fail_on_any(cold_room: Room, row: list[str]) -> None:
    await SITUATIONS[row[0]](cold_room)
    reply = await cold_room.ask(f"{HEALTH}/strict")
    assert str(reply.status) == row[1:][COLUMNS.index(f"{HEALTH}?fail_on=any")]


async def test_age_grows_while_the_poller_stalls(room: Room) -> None:
    room.vitals.stall("poll ollama", mono=room.clock.mono)
    first = await room.ask("/v1/models")
    room.clock.advance(17)
    second = await room.ask("/v1/models")
    assert (first.headers["Age"], second.headers["Age"]) == ("0", "17")
    assert first.body == second.body


async def test_a_stall_that_ends_is_forgotten(room: Room) -> None:
    room.vitals.stall("poll ollama", mono=room.clock.mono - 61)
    assert (await room.ask("/livez")).status == 503
    room.vitals.revive("poll ollama")
    assert (await room.ask("/livez")).status == 200
    assert (await room.ask(f"{HEALTH}?fail_on=all")).status == 200


async def test_the_default_model_is_marked_as_one(cold_room: Room) -> None:
    await cold_room.outlast_grace()
    reply = await cold_room.ask("/v1/models")
    (entry,) = reply.json["data"]
    assert (entry["id"], entry["available"]) == ("deepcoder:14b", False)
    assert "Age" not in reply.headers, "nothing in it has an age"
    assert reply.headers["Cache-Status"] == "rollcall; hit; detail=default"
