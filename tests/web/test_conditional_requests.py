"""``If-None-Match``: what a client already has is not sent again."""

import pytest

from tests.web.building import DEEPCODER, EMBED, LLAVA, Room, well

PATHS = (
    "/",
    "/v1/models",
    "/v1/models?q=deep",
    "/v1/models/deepcoder:14b",
    "/v1/integrations",
    "/v1/integrations/ollama",
    "/v1/integrations/ollama/models",
    "/version",
    "/openapi.json",
    "/docs",
)


@pytest.fixture
def room(room: Room) -> Room:
    """Give a room with pages that are long enough to be worth compressing."""
    room.publish(well("ollama", DEEPCODER, LLAVA, EMBED, now=room.clock()))
    return room


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_what_has_a_tag_is_not_sent_twice(room: Room, path: str, method: str) -> None:
    first = await room.ask(path)
    again = await room.ask(path, method, {"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    for name in ("ETag", "Cache-Control", "Vary"):
        assert again.headers[name] == first.headers[name]
    assert "Content-Type" not in again.headers
    assert "Content-Encoding" not in again.headers


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("{tag}", 304),
        ("W/{tag}", 304),
        ('"other", {tag}', 304),
        ('W/"other",W/{tag} , "more"', 304),
        ("  {tag}  ", 304),
        ("*", 304),
        ('"other"', 200),
        ('W/"other"', 200),
        ("", 200),
        (",,", 200),
        ('"', 200),
        ("w/{tag}", 200),
        ('"*"', 200),
    ],
)
async def test_tags_are_compared_weakly(room: Room, asked: str, status: int) -> None:
    """A proxy that compresses on its way makes our strong tag a weak one."""
    tag = (await room.ask("/v1/models")).headers["ETag"]
    reply = await room.ask("/v1/models", headers={"If-None-Match": asked.format(tag=tag)})
    assert reply.status == status
    assert reply.headers["ETag"] == tag
    assert bool(reply.body) is (status == 200)


async def test_several_header_lines_are_one_list_of_tags(room: Room) -> None:
    tag = (await room.ask("/v1/models")).headers["ETag"].encode()
    reply = await room.raw(
        b"GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b'If-None-Match: "other"\r\nIf-None-Match: ' + tag + b"\r\n\r\n"
    )
    assert reply.status == 304


@pytest.mark.parametrize("held", ["identity", "gzip", "br", "zstd"])
@pytest.mark.parametrize("wanted", ["identity", "gzip", "br", "zstd"])
async def test_a_tag_stands_for_one_coding_only(room: Room, held: str, wanted: str) -> None:
    tag = (await room.ask("/v1/models", headers={"Accept-Encoding": held})).headers["ETag"]
    reply = await room.ask("/v1/models", headers={"Accept-Encoding": wanted, "If-None-Match": tag})
    assert reply.status == (304 if held == wanted else 200)


async def test_an_answer_that_is_still_right_tells_its_age(room: Room) -> None:
    tag = (await room.ask("/v1/models")).headers["ETag"]
    room.clock.advance(12)
    reply = await room.ask("/v1/models", headers={"If-None-Match": tag})
    assert (reply.status, reply.headers["Age"]) == (304, "12")


async def test_an_error_is_never_taken_for_unchanged(cold_room: Room) -> None:
    reply = await cold_room.ask("/v1/models", headers={"If-None-Match": "*"})
    assert reply.status == 503
