import gzip
import sys
from collections.abc import Callable
from hashlib import sha256
from typing import Final

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.encoding import CODINGS, IDENTITY, encode

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

DECODERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    IDENTITY: bytes,
    "gzip": gzip.decompress,
    "zstd": zstd.decompress,
    "br": brotli.decompress,
}
LIST: Final = b'{"object":"list","data":[' + b",".join([b'{"id":"deepcoder:14b"}'] * 100) + b"]}"

bodies = st.binary(max_size=3000) | st.builds(
    lambda part, times: part * times, st.binary(min_size=1, max_size=40), st.integers(1, 200)
)


def test_every_coding_is_made_where_its_library_is_there_ours_first() -> None:
    assert list(CODINGS) == ["zstd", "br", "gzip"]
    assert list(encode(LIST)) == [IDENTITY, "zstd", "br", "gzip"]


@given(bodies)
def test_every_form_decodes_back_to_the_same_bytes_and_is_smaller(body: bytes) -> None:
    forms = encode(body)
    assert forms[IDENTITY] is body
    for coding, packed in forms.items():
        assert DECODERS[coding](packed) == body
        assert coding == IDENTITY or len(packed) < len(body)


@pytest.mark.parametrize("length", [0, 1, 100, 511])
def test_a_small_body_is_not_compressed(length: int) -> None:
    assert encode(b"x" * length) == {IDENTITY: b"x" * length}


def test_a_body_of_512_bytes_is_worth_it() -> None:
    assert set(encode(b"x" * 512)) == {IDENTITY, *CODINGS}


def test_the_same_bytes_are_compressed_alike_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gzip holds a time of day; replicas would differ by it."""
    before = encode(LIST)
    monkeypatch.setattr("time.time", lambda: 1.0)
    assert encode(LIST) == before
    assert before["gzip"][4:8] == b"\0\0\0\0"


def test_what_does_not_shrink_is_left_as_it_is() -> None:
    noise = b"".join(sha256(bytes([number])).digest() for number in range(64))
    assert encode(noise) == {IDENTITY: noise}
