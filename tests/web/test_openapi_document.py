"""The OpenAPI document and the service are one: routes, parameters, and every answer given."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from service.core.health import State
from service.core.model import Model
from service.core.reading import Reading
from service.web.openapi import openapi_document
from tests.web.building import DEEPCODER, HOSTED, Reply, Room, fallen, in_state, well

DOCUMENT: Final[dict[str, Any]] = openapi_document("1.2.3")
REGISTRY: Final[Registry[Any]] = Registry().with_resource(
    "urn:api", DRAFT202012.create_resource(DOCUMENT)
)
HEALTH: Final = "/v1/integrations/health"
HEALTH_JSON: Final = {"Accept": "application/health+json"}
ANYTHING: Final = {"If-None-Match": "*"}


@dataclass(frozen=True)
class Asked:
    """One request to a route of the document; ``when`` names the situation it is asked in."""

    route: str
    path: str = ""
    when: str = "mixed"
    headers: Mapping[str, str] = field(default_factory=dict)

    async def of(self, room: Room) -> Reply:
        return await room.ask(self.path or self.route, headers=self.headers)


def requests_for_operations() -> Iterable[Asked]:
    for route in ("/", "/version", "/openapi.json", "/docs", "/metrics"):
        yield Asked(route)
    for route in ("/", "/version", "/openapi.json", "/docs"):
        yield Asked(route, headers=ANYTHING)
    for route in ("/livez", "/readyz", "/healthz"):
        yield Asked(route)
        yield Asked(route, f"{route}?verbose")
        yield Asked(route, when="beyond saving")


def requests_for_models() -> Iterable[Asked]:
    for route in ("/v1/models", "/v1/integrations"):
        yield Asked(route)
        yield Asked(route, headers=ANYTHING)
    for query in ("q=a", "limit=1", "limit=1&after=deepcoder:14b", "limit=0", "page=2"):
        yield Asked("/v1/models", f"/v1/models?{query}")
    yield Asked("/v1/models", when="cold")
    yield Asked("/v1/models", when="default")
    for name in ("deepcoder:14b", HOSTED.id, "bare", "nobody"):
        yield Asked("/v1/models/{id}", f"/v1/models/{name}")
    yield Asked("/v1/models/{id}", "/v1/models/bare", headers=ANYTHING)
    yield Asked("/v1/models/{id}", "/v1/models/bare", when="cold")
    yield Asked("/v1/models/{id}", "/v1/models/deepcoder:14b", when="default")


def requests_for_integrations() -> Iterable[Asked]:
    for tail in ("", "/models", "/health"):
        route = f"/v1/integrations/{{name}}{tail}"
        for name in ("ollama", "spare", "new", "nobody"):
            yield Asked(route, f"/v1/integrations/{name}{tail}")
        yield Asked(route, f"/v1/integrations/ollama{tail}", headers=ANYTHING)
    yield Asked("/v1/integrations/{name}/models", "/v1/integrations/ollama/models", when="silent")


def requests_for_health() -> Iterable[Asked]:
    for route in (HEALTH, f"{HEALTH}/strict"):
        for query in ("", "?fail_on=none", "?fail_on=any", "?integration=new", "?fail_on=x"):
            for headers in ({}, HEALTH_JSON):
                yield Asked(route, f"{route}{query}", headers=headers)
        yield Asked(route, f"{route}?integration=nobody")
        for when in ("cold", "beyond saving", "many"):
            yield Asked(route, f"{route}?fail_on=none", when=when)
            yield Asked(route, f"{route}?fail_on=none", when=when, headers=HEALTH_JSON)


ASKED: Final = (
    *requests_for_operations(),
    *requests_for_models(),
    *requests_for_integrations(),
    *requests_for_health(),
)


async def arrange(room: Room, when: str) -> None:
    """Bring the room into the situation called ``when``."""
    now = room.clock()
    match when:
        case "mixed" | "beyond saving":
            room.publish(
                well("ollama", DEEPCODER, HOSTED, "bare", now=now),
                fallen(well("spare", Model(id="a"), now=room.clock.ago(60)), now=now),
                in_state("new", State.UNKNOWN, now=now),
            )
        case "many":
            room.publish(*(in_state(f"n{i:040}", State.LOADING, now=now) for i in range(500)))
        case "default":
            await room.outlast_grace()
        case "silent":
            room.publish(Reading(name="ollama"))
        case "cold":
            pass
    if when == "beyond saving":
        room.vitals.draining = True
        room.vitals.stall("poll ollama", mono=room.clock.mono - 60)


def pointer(*steps: str) -> str:
    return "/".join(step.replace("~", "~0").replace("/", "~1") for step in steps)


def content_type(reply: Reply) -> str:
    return reply.headers.get("Content-Type", "").split(";")[0]


def test_the_document_is_valid() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(DOCUMENT).validate()


async def test_what_is_served_is_the_document(room: Room) -> None:
    reply = await room.ask("/openapi.json")
    assert reply.json == DOCUMENT
    assert reply.json["info"]["version"] == "1.2.3"


def test_every_route_is_in_the_document_and_nothing_else_is(room: Room) -> None:
    served = {
        (resource.canonical, route.method)
        for resource in room.client.app.router.resources()
        for route in resource
    }
    paths = DOCUMENT["paths"]
    assert {path for path, _ in served} == set(paths)
    for method in ("GET", "HEAD", "OPTIONS"):
        assert {path for path, each in served if each == method} == set(paths)
    assert {operation for item in paths.values() for operation in item} == {"get"}


@pytest.mark.parametrize("asked", ASKED, ids=str)
async def test_every_answer_fits_what_the_document_says(cold_room: Room, asked: Asked) -> None:
    await arrange(cold_room, asked.when)
    reply = await asked.of(cold_room)
    responses = DOCUMENT["paths"][asked.route]["get"]["responses"]
    assert str(reply.status) in responses
    kind = content_type(reply)
    if reply.status == 304:
        assert reply.body == b""
        return
    assert kind in responses[str(reply.status)]["content"]
    steps = ("paths", asked.route, "get", "responses", str(reply.status), "content", kind)
    schema = {"$ref": f"urn:api#/{pointer(*steps, 'schema')}"}
    value = reply.json if kind.endswith("json") else reply.body.decode()
    Draft202012Validator(schema, registry=REGISTRY).validate(value)


async def test_every_answer_that_the_document_promises_was_given(cold_room: Room) -> None:
    """Whatever is documented and never seen is a promise that nobody keeps."""
    promised = {
        (route, status, kind)
        for route, item in DOCUMENT["paths"].items()
        for status, response in item["get"]["responses"].items()
        for kind in response.get("content", {"": None})
    }
    given = set()
    for when in ("cold", "silent", "default", "mixed", "many", "beyond saving"):
        if when != "cold":
            await arrange(cold_room, when)
        for asked in ASKED:
            if asked.when == when:
                reply = await asked.of(cold_room)
                given.add((asked.route, str(reply.status), content_type(reply)))
    assert promised == given


SAMPLES: Final = {
    "integration": "ollama",
    "capability": "tools",
    "family": "llama",
    "available": "true",
    "freshness": "fresh",
    "q": "a",
    "limit": "1",
    "after": "deepcoder:14b",
    "fail_on": "any",
    "min_healthy": "50%25",
    "exclude": "spare",
    "format": "json",
    "verbose": "",
}


def parameters(route: str, where: str = "query") -> dict[str, dict[str, Any]]:
    listed = DOCUMENT["paths"][route]["get"].get("parameters", ())
    return {each["name"]: each["schema"] for each in listed if each["in"] == where}


@pytest.mark.parametrize("route", ["/v1/models", HEALTH, f"{HEALTH}/strict"])
async def test_parameters_are_those_that_the_handler_knows(cold_room: Room, route: str) -> None:
    await arrange(cold_room, "mixed")
    refusal = (await cold_room.ask(f"{route}?nonsense=1")).error["message"]
    assert refusal.partition("expected one of ")[2].split(", ") == list(parameters(route))
    for name in parameters(route):
        reply = await cold_room.ask(f"{route}?{name}={SAMPLES[name]}")
        assert reply.status != 400, name


@pytest.mark.parametrize("route", ["/livez", "/readyz", "/healthz"])
async def test_verbose_is_all_that_a_probe_knows(room: Room, route: str) -> None:
    assert set(parameters(route)) == {"verbose"}
    assert (await room.ask(f"{route}?verbose")).body != (await room.ask(route)).body


def test_no_other_route_looks_at_its_query() -> None:
    with_query = {route for route in DOCUMENT["paths"] if parameters(route)}
    assert with_query == {
        *("/v1/models", HEALTH, f"{HEALTH}/strict", "/livez", "/readyz", "/healthz"),
    }


@pytest.mark.parametrize(
    ("route", "name"),
    [
        (route, name)
        for route in ("/v1/models", HEALTH)
        for name, schema in parameters(route).items()
        if "enum" in schema or "enum" in schema.get("items", ())
    ],
)
async def test_every_word_of_an_enumeration_is_taken_and_no_other(
    cold_room: Room, route: str, name: str
) -> None:
    await arrange(cold_room, "mixed")
    schema = parameters(route)[name]
    words = schema.get("enum") or schema["items"]["enum"]
    for word in words:
        reply = await cold_room.ask(f"{route}?{name}={word.replace('+', '%2B')}")
        assert reply.status != 400, word
    assert (await cold_room.ask(f"{route}?{name}=no-such-word")).status == 400


def test_parts_of_a_path_are_named_as_in_the_path() -> None:
    for route in DOCUMENT["paths"]:
        named = {part[1:-1] for part in route.split("/") if part.startswith("{")}
        assert set(parameters(route, "path")) == named
