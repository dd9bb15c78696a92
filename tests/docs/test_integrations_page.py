"""The page of integrations is what the code says, and leaves none out."""

import pytest

from service.integrations import INTEGRATIONS
from service.integrations.engines import ENGINES
from tests.docs.integrations_page import COMPATIBLE, PAGE, page


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == page(), "run `make docs`"


@pytest.mark.parametrize("name", [name for name in INTEGRATIONS if name != COMPATIBLE])
def test_every_integration_says_what_it_fills_in(name: str) -> None:
    assert INTEGRATIONS[name].fills_in


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_says_what_it_fills_in(name: str) -> None:
    assert ENGINES[name].fills_in
