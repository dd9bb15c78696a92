"""Polling never costs: whatever is asked only reads."""

import pytest

from service.integrations import OllamaIntegration
from tests.conftest import MakeUpstream
from tests.fakes import OLLAMA_READS, Status, ollama_answers


@pytest.mark.parametrize("old", [False, True], ids=["newer server", "older server"])
async def test_no_poll_asks_for_anything_that_loads(
    fake_upstream: MakeUpstream, *, old: bool
) -> None:
    """Through success, failure and recovery: the server counts what it was asked for."""
    upstream = await fake_upstream(ollama_answers(old=old))
    answers = dict(upstream.answers)
    async with OllamaIntegration(upstream.url, 2, cli_fallback="off") as integration:
        for now in (answers, dict.fromkeys(answers, Status(500)), answers):
            upstream.answers = dict(now)
            await integration.is_available()
            await integration.get_version()
            await integration.health_check()
    asked = {(request.method, request.path) for request in upstream.requests}
    assert asked <= OLLAMA_READS
    assert upstream.outside(OLLAMA_READS) == []
    assert (("POST", "/api/show") in asked) is old
