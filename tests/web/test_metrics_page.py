"""``/metrics``: readable by Prometheus, and never wider than the table of routes."""

import random

import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.web.application import ROUTES
from tests.web.building import Reply, Room

TEMPLATES = frozenset(path.replace(":.+", "") for path, _ in ROUTES)


def requests_counted(reply: Reply) -> dict[tuple[str, str], float]:
    families = {
        family.name: family for family in text_string_to_metric_families(reply.body.decode())
    }
    return {
        (sample.labels["route"], sample.labels["code_class"]): sample.value
        for sample in families["rollcall_http_requests"].samples
        if sample.name == "rollcall_http_requests_total"
    }


async def test_requests_are_counted_by_route_and_class_of_code(room: Room) -> None:
    for path, times in {
        "/v1/models": 3,
        "/v1/models?limit=0": 2,
        "/v1/models/deepcoder:14b": 1,
        "/v1/models/nobody": 2,
        "/v1/integrations/ollama/health": 1,
        "/nowhere": 4,
    }.items():
        for _ in range(times):
            await room.ask(path)
    await room.ask("/v1/models", headers={"If-None-Match": "*"})
    assert requests_counted(await room.ask("/metrics")) == {
        ("/v1/models", "2xx"): 3,
        ("/v1/models", "3xx"): 1,
        ("/v1/models", "4xx"): 2,
        ("/v1/models/{id}", "2xx"): 1,
        ("/v1/models/{id}", "4xx"): 2,
        ("/v1/integrations/{name}/health", "2xx"): 1,
        ("other", "4xx"): 4,
    }
    counted = requests_counted(await room.ask("/metrics"))
    assert counted["/metrics", "2xx"] == 1


async def test_no_client_can_make_a_label(room: Room) -> None:
    dice = random.Random(7)
    for _ in range(50):
        word = f"{dice.getrandbits(64):x}"
        for path in (f"/{word}/{word}", f"/v1/models/{word}", f"/v1/integrations/{word}"):
            await room.ask(path)
        await room.ask(f"/{word}", "PROPFIND")
    counted = requests_counted(await room.ask("/metrics"))
    assert counted == {
        ("other", "4xx"): 100,
        ("/v1/models/{id}", "4xx"): 50,
        ("/v1/integrations/{name}", "4xx"): 50,
    }


async def test_every_label_is_a_route_of_the_table(room: Room) -> None:
    for template in TEMPLATES:
        await room.ask(template.replace("{id}", "x").replace("{name}", "ollama"))
    counted = requests_counted(await room.ask("/metrics"))
    assert {route for route, _ in counted} == TEMPLATES


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "*/*",
        "text/plain;version=0.0.4;q=0.5",
        "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5",
        "application/openmetrics-text; version=junk",
        "application/openmetrics-text; version=1.0.0<script>",
        "text/plain; version=x; escaping=y",
        ";;=,,",
    ],
)
async def test_the_form_is_the_same_whatever_the_scraper_prefers(
    room: Room, accept: str | None
) -> None:
    reply = await room.ask("/metrics", headers={} if accept is None else {"Accept": accept})
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert reply.headers["Cache-Control"] == "no-store"
    assert requests_counted(reply) == {}


async def test_the_process_is_in_it_too(room: Room) -> None:
    text = (await room.ask("/metrics")).body.decode()
    names = {family.name for family in text_string_to_metric_families(text)}
    assert {"rollcall_build_info", "process_resident_memory_bytes", "python_info"} <= names
