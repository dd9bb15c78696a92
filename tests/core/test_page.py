import re

from hypothesis import given
from hypothesis import strategies as st

from service.core.encoding import CODINGS, IDENTITY
from service.core.page import JSON, page

LONG = b'{"id":"deepcoder:14b"}' * 100


def test_a_page_has_every_form_and_each_its_own_strong_tag() -> None:
    made = page(LONG)
    assert set(made.forms) == {IDENTITY, *CODINGS}
    tags = [form.etag for form in made.forms.values()]
    assert len(set(tags)) == len(tags)
    assert all(re.fullmatch(r'"[0-9a-f]{24}(-zstd|-br|-gzip)?"', tag) for tag in tags)
    for coding, form in made.forms.items():
        assert form.coding == coding
        assert form.etag.strip('"').removesuffix(f"-{coding}") in made.identity.etag


def test_identity_is_the_body_itself() -> None:
    made = page(LONG)
    assert made.identity.body is LONG
    assert made.identity is made.forms[IDENTITY]


def test_a_page_that_must_not_be_compressed_is_not() -> None:
    assert set(page(LONG, compress=False).forms) == {IDENTITY}


def test_a_page_is_json_unless_it_says_otherwise() -> None:
    assert page(b"").content_type == JSON
    assert page(b"", content_type="text/html").content_type == "text/html"


@given(st.binary(max_size=2000))
def test_the_same_bytes_make_the_same_page_in_every_replica(body: bytes) -> None:
    assert page(body) == page(bytes(bytearray(body)))


@given(st.binary(max_size=600), st.binary(max_size=600))
def test_other_bytes_have_other_tags(one: bytes, other: bytes) -> None:
    tags = [{form.etag for form in page(body).forms.values()} for body in (one, other)]
    assert tags[0].isdisjoint(tags[1]) == (one != other)
