import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.settings.durations import seconds, written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("15s", 15.0),
        ("0.5s", 0.5),
        ("500ms", 0.5),
        ("1m", 60.0),
        ("1.5h", 5400.0),
        ("1d", 86400.0),
        (15, 15.0),
        (0.25, 0.25),
        ("0s", 0.0),
    ],
)
def test_a_duration_is_text_with_a_unit_or_a_number(text: object, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "15", "s", "15 s", " 15s", "15S", "-1s", "+1s", "1s1s", ".5s", "1.s", "1e3s", "1w"),
        *("\u0661s", "1s\n", "9" * 13 + "s", True, None, [], 10**400),
    ],
)
def test_anything_else_is_no_duration(text: object) -> None:
    assert seconds(text) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (86400.0, "1d"),
        (5400.0, "90m"),
        (620.0, "620s"),
        (2.5, "2.5s"),
        (0.5, "500ms"),
        (0.0, "0s"),
        (1e-06, "0.001ms"),
        (0.0015, "1.5ms"),
    ],
)
def test_a_duration_is_written_with_the_largest_unit_that_fits(value: float, expected: str) -> None:
    assert written(value) == expected


@given(st.floats(min_value=0, max_value=365 * 86400).map(lambda value: round(value, 6)))
def test_what_is_written_is_read_back(value: float) -> None:
    assert seconds(written(value)) == value


@given(st.from_regex(r"[0-9]{1,6}(\.[0-9]{1,3})?(ms|s|m|h|d)", fullmatch=True).filter(str.isascii))
def test_what_is_read_means_the_same_when_written(text: str) -> None:
    value = seconds(text)
    assert value is not None
    assert seconds(written(value)) == value
