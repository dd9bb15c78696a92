"""``GET /v1/models/{id}``: whatever an id holds, and where each fact is known from."""

import re
from dataclasses import replace
from typing import Final
from urllib.parse import quote

import pytest

from service.core.catalogue import Rules
from service.core.model import Model
from service.core.reading import Policy
from tests.web.building import DEEPCODER, HOSTED, Room, well
from tests.web.conftest import MakeRoom

IDS: Final = (
    "deepcoder:14b",
    "hf.co/a/B-GGUF:Q4_K_M",
    "a//b",
    "a%2Fb",
    "100%",
    "a+b c",
    "a?b#c",
    "漢字:é",
    "..",
    "../livez",
    "health",
    "a{b}",
    'quote"back\\slash',
    "x" * 256,
)


@pytest.mark.parametrize("model_id", IDS)
async def test_an_id_is_found_however_it_is_encoded(cold_room: Room, model_id: str) -> None:
    cold_room.publish(well("ollama", model_id, "other", now=cold_room.clock()))
    whole, openai = quote(model_id, safe=""), quote(model_id, safe=":")
    slashes_raw = quote(model_id, safe="/:")
    lower = re.sub("%..", lambda found: found[0].lower(), whole)
    for path in {whole, openai, slashes_raw, lower}:
        reply = await cold_room.ask(f"/v1/models/{path}")
        assert reply.status == 200, path
        assert reply.json["id"] == model_id


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("x", "x"),
        ("hf.co%2Fa%2Fb", "hf.co/a/b"),
        ("hf.co/a/b", "hf.co/a/b"),
        ("%2e%2e", ".."),
        ("..", ".."),
        ("%2e%2e%2f%2e%2e%2fetc%2fpasswd", "../../etc/passwd"),
        ("%00", "\x00"),
        ("%1b[2J", "\x1b[2J"),
        ("%0d%0aSet-Cookie:a=b", None),
        ("a%0ab", None),
        ("%E6%BC%A2", "漢"),
        ("%F0%9F%A6%99", "🦙"),
        ("%ff", "%ff"),
        ("%ed%a0%80", "%ed%a0%80"),
        ("%", "%"),
        ("%zz", "%zz"),
        ("%252F", "%2F"),
        ("%u1234", "%u1234"),
        ("<script>", "<script>"),
        ("'; DROP TABLE models", "'; DROP TABLE models"),
        ("{id}", "{id}"),
        ("x" * 257, "x" * 256),
        ("x" * 8000, "x" * 256),
        ("%F0%9F%A6%99" * 600, "🦙" * 256),
    ],
)
async def test_an_unknown_id_is_the_exact_error_of_openai(
    room: Room, path: str, named: str | None
) -> None:
    request = f"GET /v1/models/{path.replace(' ', '%20')} HTTP/1.1\r\nHost: x\r\n"
    reply = await room.raw(f"{request}Connection: close\r\n\r\n".encode())
    assert reply.status == 404
    assert "Set-Cookie" not in reply.headers
    if named is None:
        # No id has a line break in it.
        assert reply.error["code"] in {"model_not_found", "not_found"}
        return
    assert reply.json == {
        "error": {
            "message": f"The model '{named}' does not exist",
            "type": "invalid_request_error",
            "param": "model",
            "code": "model_not_found",
        }
    }


async def test_the_detail_is_the_entry_and_where_its_facts_are_from(room: Room) -> None:
    (entry,) = (await room.ask("/v1/models")).json["data"]
    detail = (await room.ask("/v1/models/deepcoder:14b")).json
    assert {key: detail[key] for key in entry} == entry
    assert set(detail) - set(entry) == {"provenance", "per_integration", "same_weights"}
    assert detail["provenance"] == {
        "capabilities.tools": "template",
        "created": "declared",
        "details.family": "heuristic",
    }


async def test_what_differs_between_integrations_is_told_for_each(cold_room: Room) -> None:
    now, digest = cold_room.clock(), "ab" * 32
    there = replace(DEEPCODER, digest=digest, loaded=False)
    cold_room.publish(
        well("ollama", DEEPCODER, now=now),
        well("spare", there, now=now, policy=Policy(priority=1)),
        well("vllm", DEEPCODER.id, now=now, policy=Policy(priority=2)),
    )
    detail = (await cold_room.ask("/v1/models/deepcoder:14b")).json
    nothing = {"size_vram": None, "loaded_context_length": None}
    assert detail["per_integration"] == {
        "ollama": {
            "digest": "12bdda054d23",
            "loaded": True,
            "state": None,
            "size_vram": 9_000_000_000,
            "loaded_context_length": 8192,
        },
        "spare": {"digest": digest, "loaded": False, "state": None, **nothing},
        "vllm": {"digest": None, "loaded": None, "state": None, **nothing},
    }


async def test_a_capability_that_few_servers_speak_of_is_shown_where_it_is_there(
    cold_room: Room,
) -> None:
    cold_room.publish(well("ollama", HOSTED, DEEPCODER, now=cold_room.clock()))
    path = f"/v1/models/{quote(HOSTED.id, safe=':')}"
    assert (await cold_room.ask(path)).json["capabilities"]["audio"] is True
    assert "audio" not in (await cold_room.ask("/v1/models/deepcoder:14b")).json["capabilities"]


async def test_what_the_operator_says_is_told_to_be_said_by_the_operator(
    make_room: MakeRoom,
) -> None:
    rules = Rules(overrides={"m": {"capabilities": {"vision": True}}}, aliases={"best": "m"})
    room = await make_room(rules=rules)
    room.publish(well("ollama", Model(id="m"), now=room.clock()))
    detail = (await room.ask("/v1/models/m")).json
    assert detail["capabilities"]["vision"] is True
    assert detail["provenance"] == {"capabilities.vision": "operator"}
    alias = (await room.ask("/v1/models/best")).json
    assert (alias["alias_of"], set(alias["per_integration"])) == ("m", {"ollama"})


async def test_the_default_model_is_found_too(cold_room: Room) -> None:
    await cold_room.outlast_grace()
    detail = (await cold_room.ask("/v1/models/deepcoder:14b")).json
    assert (detail["freshness"], detail["per_integration"]) == ("default", {})


async def test_the_detail_carries_the_headers_of_the_list(room: Room) -> None:
    room.clock.advance(3)
    listed, detail = await room.ask("/v1/models"), await room.ask("/v1/models/deepcoder:14b")
    for name in ("Age", "Cache-Control", "Cache-Status", "Last-Modified", "Vary"):
        assert detail.headers[name] == listed.headers[name]


async def test_a_model_that_goes_is_gone_and_one_that_comes_is_there(room: Room) -> None:
    assert (await room.ask("/v1/models/deepcoder:14b")).status == 200
    room.publish(well("ollama", HOSTED, now=room.clock()))
    assert (await room.ask("/v1/models/deepcoder:14b")).status == 404
    assert (await room.ask(f"/v1/models/{HOSTED.id}")).status == 200


async def test_what_changed_in_a_model_is_shown_at_once(room: Room) -> None:
    before = await room.ask("/v1/models/deepcoder:14b")
    room.publish(well("ollama", replace(DEEPCODER, loaded=False), now=room.clock()))
    after = await room.ask("/v1/models/deepcoder:14b")
    assert after.json["per_integration"]["ollama"]["loaded"] is False
    assert after.headers["ETag"] != before.headers["ETag"]
