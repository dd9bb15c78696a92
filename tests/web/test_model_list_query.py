"""``GET /v1/models?…``: filters, pages, and what is refused."""

from itertools import product
from typing import Final
from urllib.parse import quote

import pytest

from service.core.reading import Policy
from tests.web.building import DEEPCODER, EMBED, HOSTED, LLAVA, Reply, Room, fallen, well

IDS: Final = [DEEPCODER.id, LLAVA.id, EMBED.id, HOSTED.id]
FILTERS: Final = "integration, capability, family, available, freshness, q, limit, after"


@pytest.fixture
async def full(cold_room: Room) -> Room:
    """Give a room of two integrations: ``ollama``, well, and ``spare``, down for a minute."""
    clock = cold_room.clock
    spare = well("spare", DEEPCODER, HOSTED, now=clock.ago(60), policy=Policy(priority=10))
    cold_room.publish(
        well("ollama", DEEPCODER, LLAVA, EMBED, now=clock()), fallen(spare, now=clock())
    )
    assert (await cold_room.ask("/v1/models")).ids == IDS
    return cold_room


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", IDS),
        ("integration=ollama", [DEEPCODER.id, LLAVA.id, EMBED.id]),
        ("integration=spare", [DEEPCODER.id, HOSTED.id]),
        ("capability=tools", [DEEPCODER.id, HOSTED.id]),
        ("capability=embedding", [EMBED.id]),
        ("capability=audio", [HOSTED.id]),
        ("capability=insert", []),
        ("capability=tools&capability=vision", [HOSTED.id]),
        ("capability=vision&capability=vision", [LLAVA.id, HOSTED.id]),
        ("family=llama", [LLAVA.id, HOSTED.id]),
        ("family=LLAMA", []),
        ("family=", []),
        ("available=true", [DEEPCODER.id, LLAVA.id, EMBED.id]),
        ("available=false", [HOSTED.id]),
        ("freshness=fresh", [DEEPCODER.id, LLAVA.id, EMBED.id]),
        ("freshness=stale", [HOSTED.id]),
        ("freshness=expired", []),
        ("freshness=default", []),
        ("q=GGUF", [HOSTED.id]),
        ("q=gguf", [HOSTED.id]),
        ("q=hf.co%2Fa", [HOSTED.id]),
        ("q=4", [DEEPCODER.id, HOSTED.id]),
        ("q=", IDS),
        ("q=.*", []),
        ("q=%ff%00", []),
        ("family=llama&available=true", [LLAVA.id]),
        ("capability=tools&integration=spare&q=deep", [DEEPCODER.id]),
        ("family=llama&capability=tools&available=false&freshness=stale&q=b-", [HOSTED.id]),
        ("integration=ollama&freshness=stale", []),
    ],
)
async def test_a_filter_keeps_what_it_asks_for_in_the_same_order(
    full: Room, query: str, expected: list[str]
) -> None:
    reply = await full.ask(f"/v1/models?{query}")
    assert reply.status == 200
    assert reply.ids == expected
    assert set(reply.json) == {"object", "data"}, "pages are for those who ask for them"


async def test_a_filtered_entry_is_the_same_as_in_the_whole_list(full: Room) -> None:
    whole = {entry["id"]: entry for entry in (await full.ask("/v1/models")).json["data"]}
    (found,) = (await full.ask("/v1/models?q=llava")).json["data"]
    assert found == whole[LLAVA.id]


async def test_every_filter_alone_is_what_two_of_them_have_in_common(full: Room) -> None:
    filters = ("integration=ollama", "capability=tools", "family=llama", "available=true", "q=b")
    alone = {each: set((await full.ask(f"/v1/models?{each}")).ids) for each in filters}
    for one, other in product(filters, repeat=2):
        if one.split("=")[0] != other.split("=")[0]:
            both = await full.ask(f"/v1/models?{one}&{other}")
            assert set(both.ids) == alone[one] & alone[other], (one, other)


async def test_a_filtered_list_has_the_same_headers_and_a_tag_of_its_own(full: Room) -> None:
    whole, part = await full.ask("/v1/models"), await full.ask("/v1/models?q=llava")
    for name in ("Age", "Cache-Control", "Cache-Status", "Last-Modified", "Vary"):
        assert part.headers[name] == whole.headers[name]
    assert part.headers["ETag"] != whole.headers["ETag"]
    known = {"If-None-Match": part.headers["ETag"]}
    assert (await full.ask("/v1/models?q=llava", headers=known)).status == 304
    assert (await full.ask("/v1/models?q=deep", headers=known)).status == 200


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 1000])
@pytest.mark.parametrize("also", ["", "&capability=completion", "&family=llama"])
async def test_pages_put_together_are_the_whole(full: Room, limit: int, also: str) -> None:
    whole = (await full.ask(f"/v1/models?q={also}")).ids
    walked: list[str] = []
    cursor = ""
    for _ in range(len(whole) + 1):
        page = await full.ask(f"/v1/models?limit={limit}{cursor}{also}")
        facts, ids = page.json, page.ids
        assert 0 < len(ids) <= limit
        assert (facts["first_id"], facts["last_id"]) == (ids[0], ids[-1])
        walked += ids
        if not facts["has_more"]:
            break
        cursor = f"&after={quote(facts['last_id'], safe='')}"
    assert walked == whole


async def test_after_alone_gives_all_the_rest(full: Room) -> None:
    reply = await full.ask(f"/v1/models?after={LLAVA.id}")
    assert reply.ids == IDS[2:]
    assert reply.json["has_more"] is False


async def test_after_the_last_there_is_an_empty_page(full: Room) -> None:
    reply = await full.ask(f"/v1/models?after={quote(HOSTED.id, safe='')}")
    assert reply.json == {
        "object": "list",
        "data": [],
        "has_more": False,
        "first_id": None,
        "last_id": None,
    }


async def test_the_place_to_go_on_from_need_not_pass_the_filters(full: Room) -> None:
    """Between two pages a model may have changed: its place in the catalogue is what counts."""
    reply = await full.ask(f"/v1/models?after={LLAVA.id}&capability=tools")
    assert reply.ids == [HOSTED.id]


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("integration=nobody", "integration"),
        ("integration=", "integration"),
        ("capability=magic", "capability"),
        ("capability=", "capability"),
        ("capability=tools&capability=magic", "capability"),
        ("available=yes", "available"),
        ("available=True", "available"),
        ("available=", "available"),
        ("freshness=rotten", "freshness"),
        ("freshness=FRESH", "freshness"),
        ("q=" + "x" * 257, "q"),
        *((f"limit={value}", "limit") for value in ("0", "1001", "-1", "+1", "1.0", "ten", "")),
        *((f"limit={value}", "limit") for value in ("%C2%B2", "%D9%A1", "1e3", "0x10", "9" * 5000)),
        ("after=nobody", "after"),
        ("after=", "after"),
        ("limit=1&limit=2", "limit"),
        ("q=a&q=b", "q"),
        ("available=true&available=false", "available"),
    ],
)
async def test_a_bad_value_is_refused_by_the_name_of_its_parameter(
    full: Room, query: str, param: str
) -> None:
    error = (await refused(full, query)).error
    assert (error["param"], error["code"]) == (param, "invalid_value")
    assert param in error["message"]


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("page=2", "page"),
        ("limit=1&Limit=2", "Limit"),
        ("fail_on=any", "fail_on"),
        ("=1", ""),
        ("verbose", "verbose"),
        ("%0aFAKE=1", "\nFAKE"),
        ("%1b[2J=1", "\x1b[2J"),
        ("%E2%82%AC=1", "€"),
    ],
)
async def test_an_unknown_parameter_is_refused_by_its_name(
    full: Room, query: str, param: str
) -> None:
    error = (await refused(full, query)).error
    assert (error["param"], error["code"]) == (param, "unknown_parameter")
    assert error["message"].endswith(f"expected one of {FILTERS}")


async def test_what_a_client_sent_comes_back_no_longer_than_it_may(full: Room) -> None:
    reply = await refused(full, f"{'x' * 5000}=1")
    assert reply.error["param"] == "x" * 256
    assert len(reply.body) < 1000


async def test_a_bare_question_mark_asks_for_nothing_special(full: Room) -> None:
    assert (await full.ask("/v1/models?")).ids == IDS


async def refused(room: Room, query: str) -> Reply:
    reply = await room.ask(f"/v1/models?{query}")
    assert reply.status == 400
    assert reply.headers["Cache-Control"] == "no-store"
    return reply
