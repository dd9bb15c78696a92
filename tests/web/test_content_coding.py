"""Which coding a client gets: quality values honoured, and the same list in each of them."""

import gzip
import sys
from collections.abc import Callable, Mapping
from typing import Final

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.web.negotiation import choose_coding
from tests.web.building import DEEPCODER, EMBED, LLAVA, Room, well

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ALL: Final = ("identity", "zstd", "br", "gzip")
DECODERS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "identity": bytes,
    "gzip": gzip.decompress,
    "zstd": zstd.decompress,
    "br": brotli.decompress,
}


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        (None, "identity"),
        ("", "identity"),
        (" , ,", "identity"),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("X-GZip;Q=0.5", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("gzip, deflate", "gzip"),
        ("deflate", "identity"),
        ("compress, exi", "identity"),
        ("gzip;q=0", "identity"),
        ("gzip;q=0.000", "identity"),
        ("gzip ; q=0 , br", "br"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("br;q=0.8, gzip;q=0.8", "br"),
        ("br;q=0.001", "br"),
        ("gzip;q=1.0, zstd;q=0.999", "gzip"),
        ("identity", "identity"),
        ("identity, gzip;q=0.5", "identity"),
        ("identity;q=0.5, gzip", "gzip"),
        ("identity;q=0, gzip", "gzip"),
        ("identity;q=0", "identity"),
        ("*", "zstd"),
        ("*;q=0.1", "zstd"),
        ("*;q=0", "identity"),
        ("gzip, *;q=0", "gzip"),
        ("identity, *;q=0", "identity"),
        ("zstd;q=0, *", "br"),
        ("gzip;q=1, *;q=0.5", "gzip"),
        ("gzip;q=junk", "identity"),
        ("gzip;q=", "identity"),
        ("gzip;q=nan", "identity"),
        ("gzip;q=inf", "identity"),
        ("gzip;q=2", "identity"),
        ("gzip;q=-1", "identity"),
        ("gzip;level=9", "gzip"),
        ("gzip;level=9;q=0", "identity"),
        (";;;=,q=1;", "identity"),
        ("\x00gzip", "identity"),
        ("gzip" * 1000, "identity"),
    ],
)
def test_a_header_picks_a_coding(accepted: str | None, chosen: str) -> None:
    assert choose_coding(accepted, ALL) == chosen


def test_what_is_not_on_offer_is_not_picked() -> None:
    assert choose_coding("zstd, br;q=0.9, gzip;q=0.1", ("identity", "gzip")) == "gzip"
    assert choose_coding("zstd, br", ("identity",)) == "identity"


CODINGS: Final = st.sampled_from([*ALL, "deflate", "*"])
THOUSANDTHS: Final = st.integers(0, 1000)


@given(
    asked=st.dictionaries(CODINGS, THOUSANDTHS, max_size=6),
    available=st.sets(st.sampled_from(ALL[1:])),
)
@settings(deadline=None, max_examples=300)
def test_the_best_acceptable_coding_is_picked_whatever_is_asked(
    asked: dict[str, int], available: set[str]
) -> None:
    """By RFC 9110, 12.5.3; of those never named, identity alone is acceptable."""
    offered = ("identity", *sorted(available))
    header = ", ".join(f"{coding};q={quality / 1000:.3f}" for coding, quality in asked.items())
    chosen = choose_coding(header, offered)

    def acceptable(coding: str) -> bool:
        if coding in asked:
            return asked[coding] > 0
        return asked["*"] > 0 if "*" in asked else coding == "identity"

    assert chosen in offered
    if any(map(acceptable, offered)):
        assert acceptable(chosen)
        named = {coding: asked[coding] for coding in offered if asked.get(coding, 0) > 0}
        if named and "*" not in asked:
            assert asked.get(chosen) == max(named.values())
    else:
        assert chosen == "identity"


@given(header=st.text(max_size=200) | st.text(alphabet="gzipbrq=;,*.01 -", max_size=60))
@settings(deadline=None, max_examples=300)
def test_no_header_whatever_raises(header: str) -> None:
    assert choose_coding(header, ALL) in ALL


@pytest.fixture
def wide(room: Room) -> Room:
    """Give a room with a list that is long enough to be worth compressing."""
    room.publish(well("ollama", DEEPCODER, LLAVA, EMBED, now=room.clock()))
    return room


@pytest.mark.parametrize("coding", ALL)
@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/deepcoder:14b", "/docs"])
async def test_every_coding_holds_the_same_bytes_under_a_tag_of_its_own(
    wide: Room, path: str, coding: str
) -> None:
    plain = await wide.ask(path)
    reply = await wide.ask(path, headers={"Accept-Encoding": coding})
    assert reply.headers.get("Content-Encoding", "identity") == coding
    assert DECODERS[coding](reply.body) == plain.body
    assert int(reply.headers["Content-Length"]) == len(reply.body)
    assert reply.headers["Vary"] == "Accept-Encoding"
    assert (reply.headers["ETag"] == plain.headers["ETag"]) == (coding == "identity")
    assert reply.headers["Content-Type"] == plain.headers["Content-Type"]


async def test_compressing_is_worth_it(wide: Room) -> None:
    plain = await wide.ask("/v1/models")
    for coding in ALL[1:]:
        packed = await wide.ask("/v1/models", headers={"Accept-Encoding": coding})
        assert len(packed.body) < len(plain.body)


async def test_several_header_lines_are_one_list(wide: Room) -> None:
    reply = await wide.raw(
        b"GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Accept-Encoding: br;q=0.1\r\nAccept-Encoding: gzip\r\n\r\n"
    )
    assert reply.headers["Content-Encoding"] == "gzip"


async def test_a_client_that_says_nothing_gets_plain_bytes(wide: Room) -> None:
    reply = await wide.raw(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert "Content-Encoding" not in reply.headers
    assert reply.json == (await wide.ask("/v1/models")).json


async def test_a_filtered_list_is_sent_as_it_is(wide: Room) -> None:
    """Nothing is compressed while a client waits."""
    reply = await wide.ask("/v1/models?available=true", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in reply.headers
    assert reply.body == (await wide.ask("/v1/models")).body
