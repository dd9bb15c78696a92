"""Polling never costs: no engine is asked for anything that loads, generates, wakes or bills."""

import aiohttp
import pytest

from service.core.reasons import Reason
from service.integrations.engines import ENGINES
from service.integrations.probe import probe
from tests.fakes import Hang, Reset, Status
from tests.integrations.engines.backends import (
    BACKENDS,
    FORBIDDEN,
    ROUTER,
    WatchedUpstream,
    answers_of,
)
from tests.integrations.engines.conftest import MakeCompatible, MakeWatched

TROUBLE = (
    *(Status(code) for code in (400, 401, 403, 404, 429, 500, 503)),
    *(Reset(), b"<html>", {"error": "x"}, {"data": [None]}, {"data": []}),
    Status(503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}),
)


@pytest.mark.parametrize("chosen", ["auto", "named"])
@pytest.mark.parametrize("name", [*ENGINES, "router"])
async def test_through_first_contact_polls_failures_and_recovery(
    upstream_of: MakeWatched, compatible: MakeCompatible, name: str, chosen: str
) -> None:
    backend = BACKENDS.get(name, ROUTER)
    well = answers_of(name) if name in BACKENDS else dict(ROUTER.answers)
    upstream = await upstream_of(well)
    engine = "auto" if chosen == "auto" else "llamacpp" if name == "router" else name
    integration = compatible(upstream, backend.base, engine=engine, timeout=1.0)
    for trouble in (None, *TROUBLE, None):
        upstream.answers = (
            dict(well)
            if trouble is None
            else dict.fromkeys([*well, "/version", "/info", "/api/version", "/props"], trouble)
        )
        await probe(integration, deadline=1.0)
        await integration.is_available()
        await integration.get_version()
        await integration.health_check()
    assert upstream.harm == []
    assert {request.method for request in upstream.requests} == {"GET"}
    if chosen == "named":
        known = backend.reads | {("GET", "/v1/models"), ("GET", "/get_model_info")}
        known |= {("GET", f"{backend.base}/models"), ("GET", "/props")}
        assert upstream.outside(known) == []
    assert (await integration.refresh()).models


@pytest.mark.parametrize("name", ENGINES)
async def test_a_server_that_hangs_beside_its_list_is_asked_for_nothing_else(
    upstream_of: MakeWatched, compatible: MakeCompatible, name: str
) -> None:
    backend = BACKENDS[name]
    answers = dict.fromkeys(backend.answers, Hang()) | {
        backend.listed: backend.answers[backend.listed]
    }
    upstream = await upstream_of(answers)
    integration = compatible(upstream, backend.base, engine=name, timeout=0.3)
    assert (await integration.refresh()).models
    assert upstream.harm == []


async def test_all_that_is_forbidden_is_counted() -> None:
    """Else none of the tests above could fail."""
    async with WatchedUpstream(answers_of("vllm")) as upstream, aiohttp.ClientSession() as session:
        for path in FORBIDDEN:
            async with session.get(upstream.url + path) as response:
                assert response.status == 200
        for method, path in (
            ("POST", "/v1/models"),
            ("DELETE", "/v1/models"),
            ("GET", "/props?model=a"),
            ("GET", "/v1/models?reload=1"),
        ):
            async with session.request(method, upstream.url + path):
                pass
        async with session.get(f"{upstream.url}/v1/models"):
            pass
        assert len(upstream.harm) == len(FORBIDDEN) + 4


async def test_a_key_is_not_sent_anywhere_but_to_the_server_itself(
    upstream_of: MakeWatched, compatible: MakeCompatible
) -> None:
    target = await upstream_of(answers_of("vllm"))
    moved = Status(307, b"", {"Location": f"{target.url}/v1/models"})
    upstream = await upstream_of({"/v1/models": moved})
    integration = compatible(upstream, headers={"Authorization": "Bearer canary"})
    outcome = await probe(integration, deadline=1.0)
    assert getattr(outcome, "reason", None) is Reason.REDIRECT
    assert target.requests == []
