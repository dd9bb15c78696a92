"""What may stand as ``base_url``: the same to us and to whoever reads the JSON Schema."""

import jsonschema
import pytest
from pydantic import TypeAdapter, ValidationError
from yarl import URL

from service.settings.urls import ApiUrl

URLS: TypeAdapter[str] = TypeAdapter(ApiUrl)
SCHEMA = jsonschema.Draft202012Validator(URLS.json_schema())


@pytest.mark.parametrize(
    "url",
    [
        "http://gpu-1",
        "http://gpu-1/",
        "http://gpu-1:8000/v1",
        "HTTPS://API.example/a/b.c/v1/",
        "http://under_score.svc.cluster.local.:1/v1",
        "http://10.0.0.1:65535",
        "http://[::1]:8000/v1",
        "http://[2001:db8::1]",
        "https://xn--bcher-kva.example/v1",
        "http://a/%7Ev1/ü",
    ],
)
def test_a_url_of_an_api_is_taken_as_it_stands_and_can_be_asked(url: str) -> None:
    assert URLS.validate_python(url) == url
    assert SCHEMA.is_valid(url)
    assert URL(url).host


@pytest.mark.parametrize(
    "url",
    [
        *("", "gpu-1", "gpu-1:8000", "//gpu-1", "http:", "http://", "http:///v1", "ftp://gpu-1"),
        *("http://gpu 1", "http://gpu-1/a b", " http://gpu-1", "http://-/v1"),
        *("http://gpu-1:/v1", "http://gpu-1:x", "http://gpu-1:123456", "http://gpu-1\\v1"),
        *("http://[::1", "http://::1", "http://[]", "http://bücher.example", "unix:///run/x"),
        *("http://me@gpu-1", "http://me:pw@gpu-1", "http://gpu-1/v1?key=x", "http://gpu-1#x"),
        "http://" + "a" * 2048,
    ],
)
def test_what_is_no_url_of_an_api_is_refused_by_us_and_by_the_schema(url: str) -> None:
    with pytest.raises(ValidationError):
        URLS.validate_python(url)
    assert not SCHEMA.is_valid(url)


@pytest.mark.parametrize(
    "url", ["http://gpu-1\n", "http://gpu-1:0", "http://gpu-1:65536", "http://[1:2]:80"]
)
def test_what_no_schema_can_tell_is_refused_by_us(url: str) -> None:
    with pytest.raises(ValidationError):
        URLS.validate_python(url)
