import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.sizes import human_size, size_from_text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (-1, None),
        (0, None),
        (1, "1B"),
        (384, "384B"),
        (999, "999B"),
        (1000, "1KB"),
        (1001, "1.0KB"),
        (1500, "1.5KB"),
        (9999, "10.0KB"),
        (10_000, "10KB"),
        (999_999, "999KB"),
        (1_000_000, "1MB"),
        (274_302_450, "274MB"),
        (4_661_224_676, "4.7GB"),
        (8_400_000_000, "8.4GB"),
        (8_988_124_069, "9.0GB"),
        (13_780_173_839, "13GB"),
        (19_999_999_999, "19GB"),
        (2_000_000_000_000, "2TB"),
        (2**53 - 1, "9.0PB"),
    ],
)
def test_sizes_are_printed_in_the_figures_of_ollama_list(size: int, text: str | None) -> None:
    assert human_size(size) == text


@given(st.integers(1, 2**53 - 1))
def test_a_printed_size_is_short_and_within_a_tenth_of_the_truth(size: int) -> None:
    text = human_size(size)
    assert text is not None
    found = re.fullmatch(r"(\d{1,3}|\d{1,2}\.\d)([KMGTP]?B)", text)
    assert found
    unit = 1000 ** ["B", "KB", "MB", "GB", "TB", "PB"].index(found[2])
    assert float(found[1]) * unit == pytest.approx(size, rel=0.1)


@given(st.integers(1, 2**53 - 1))
def test_what_we_print_we_read_again(size: int) -> None:
    assert size_from_text(human_size(size) or "") == human_size(size)


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        ("4.7 GB", "4.7GB"),
        ("13 GB", "13GB"),
        ("274 MB", "274MB"),
        ("1.0 KB", "1.0KB"),
        ("512 B", "512B"),
        (" 4.7GB ", "4.7GB"),
        ("-", None),
        ("", None),
        ("GB", None),
        ("4.7", None),
        ("4,7 GB", None),
        ("4.7 GiB", None),
        ("-4.7 GB", None),
        ("4.7  GB", None),
        ("1e3 GB", None),
        ("nan GB", None),
        ("\u0664 GB", None),
        ("9" * 400 + " GB", None),
    ],
)
def test_printed_sizes_are_read_or_refused(printed: str, text: str | None) -> None:
    assert size_from_text(printed) == text


@given(st.text())
def test_whatever_is_taken_for_a_size_is_plain_ascii(printed: str) -> None:
    found = size_from_text(printed)
    assert found is None or found.isascii()
