"""The API as an OpenAPI 3.1 document, kept by hand; the words of its enumerations are the code's.

Tests hold it to what the handlers do: every route is in it, every answer fits its schema.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, Final

from service.core.health import State
from service.core.model import (
    ALL_CAPABILITIES,
    CAPABILITIES,
    RARE_CAPABILITIES,
    Residence,
    Source,
)
from service.core.reading import Freshness
from service.core.reasons import Reason
from service.core.verdict import FailOn

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_FLAG: Final[Schema] = {"type": "boolean"}
_MAYBE_TEXT: Final[Schema] = {"type": ["string", "null"]}
_MAYBE_FLAG: Final[Schema] = {"type": ["boolean", "null"]}
_MAYBE_COUNT: Final[Schema] = {"type": ["integer", "null"], "minimum": 0}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_MAYBE_TIME: Final[Schema] = {"type": ["string", "null"], "format": "date-time"}
_UNCHANGED: Final[Schema] = {"304": {"description": "What If-None-Match names is still right"}}


@cache
def openapi_document(version: str) -> Schema:
    """Give the whole document for this ``version`` of the service."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Rollcall",
            "version": version,
            "description": "Which models there are, what each can do, and which backend is well:"
            " answered from memory, so that no request ever waits on a backend.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [
            {"name": "catalogue", "description": "Models, over all integrations"},
            {"name": "integrations", "description": "Backends, and how they are"},
            {"name": "operations", "description": "The process itself"},
        ],
        "paths": _paths(),
        "components": {"schemas": _schemas()},
    }


def _paths() -> Schema:
    models = _answer("The catalogue", "ModelList")
    not_ready = {"503": _error("Nothing is known yet")}
    health = {
        "200": _health("Traffic is welcome"),
        "503": _health("This replica should get no traffic"),
    }
    health_of_one = {
        "200": _content("It is well", "Health"),
        "503": _content("It is not, or this replica should get no traffic", "Health"),
    }
    name = _in_path("name", "The integration's name in the configuration")
    return {
        "/": _get("operations", "Where to go", _answer("Links", "Root")),
        "/v1/models": _get(
            "catalogue",
            "List models",
            models | {"400": _error("A bad query parameter")} | not_ready,
            _model_parameters(),
        ),
        "/v1/models/{id}": _get(
            "catalogue",
            "One model, with where each fact is known from",
            _answer("The model", "ModelDetail")
            | {"404": _error("There is no such model")}
            | not_ready,
            [_in_path("id", "The model's id; slashes and colons raw or percent-encoded")],
        ),
        "/v1/integrations": _get(
            "integrations",
            "List integrations",
            _answer("All integrations", "IntegrationList"),
        ),
        "/v1/integrations/{name}": _get(
            "integrations",
            "One integration",
            _answer("The integration", "Integration") | _no_integration(),
            [name],
        ),
        "/v1/integrations/{name}/models": _get(
            "catalogue",
            "The models of one integration",
            models | _no_integration() | not_ready,
            [name],
        ),
        "/v1/integrations/{name}/health": _get(
            "integrations", "Is this integration well?", health_of_one | _no_integration(), [name]
        ),
        "/v1/integrations/health": _get(
            "integrations",
            "Should this replica get traffic?",
            health | {"400": _error("A bad query parameter")} | _no_integration(),
            _health_parameters(),
        ),
        "/v1/integrations/health/strict": _get(
            "integrations",
            "The same, failing on any integration in trouble",
            health | {"400": _error("A bad query parameter")} | _no_integration(),
            _health_parameters(),
        ),
        "/livez": _probe("Can this process still make progress?"),
        "/readyz": _probe("Is there something to serve, and no drain?"),
        "/healthz": _probe("The same as /livez"),
        "/metrics": _get(
            "operations",
            "Metrics for Prometheus",
            {"200": {"description": "Metrics", "content": {"text/plain": {"schema": _TEXT}}}},
        ),
        "/version": _get("operations", "The service's version", _answer("Version", "Version")),
        "/openapi.json": _get(
            "operations",
            "This document",
            {
                "200": {
                    "description": "OpenAPI 3.1",
                    "content": {"application/json": {"schema": {"type": "object"}}},
                }
            }
            | _UNCHANGED,
        ),
        "/docs": _get(
            "operations",
            "This document as a page",
            {"200": {"description": "A page", "content": {"text/html": {"schema": _TEXT}}}}
            | _UNCHANGED,
        ),
    }


def _schemas() -> Schema:
    entry = {
        "id": _TEXT | {"description": "Unique in the list"},
        "object": {"const": "model"},
        "created": _COUNT | {"description": "Unix seconds; 0 where nobody said"},
        "owned_by": _TEXT | {"description": "The integration's name in the configuration"},
        "supports_agent": _FLAG,
        "supports_tools": _FLAG,
        "capabilities": _ref("Capabilities"),
        "details": _ref("Details"),
        "integrations": _list(_TEXT),
        "available": _FLAG | {"description": "Whether it can be had now"},
        "freshness": _words(Freshness),
    }
    listed = {"object": {"const": "list"}, "data": _list(_ref("Model"))}
    paging = {"has_more": _FLAG, "first_id": _MAYBE_TEXT, "last_id": _MAYBE_TEXT}
    optional = {"alias_of": _TEXT} | _extras()
    return {
        "Model": _object(entry, optional=optional),
        "ModelDetail": _object(
            entry
            | {
                "provenance": {"type": "object", "additionalProperties": _words(Source)},
                "per_integration": {
                    "type": "object",
                    "additionalProperties": _ref("Placement"),
                },
                "same_weights": _list(_TEXT)
                | {"description": "Other ids under which the same weights are listed"},
            },
            optional=optional,
        ),
        "ModelList": _object(listed, optional=paging),
        "Capabilities": _object(
            dict.fromkeys(CAPABILITIES, _MAYBE_FLAG),
            optional={name: {"const": True} for name in RARE_CAPABILITIES},
        )
        | {"description": "true, false, or null where nobody said"},
        "Details": _object(
            {
                "size": _MAYBE_TEXT | {"examples": ["8.4GB"]},
                "family": _TEXT,
                "parameter_size": _MAYBE_TEXT,
                "quantization_level": _MAYBE_TEXT,
                "format": _MAYBE_TEXT,
                "context_length": _MAYBE_COUNT,
            }
        ),
        "Placement": _object(
            {
                "digest": _MAYBE_TEXT,
                "loaded": _MAYBE_FLAG,
                "state": {"enum": [*map(str, Residence), None]},
                "size_vram": _MAYBE_COUNT,
                "loaded_context_length": _MAYBE_COUNT,
            }
        ),
        "IntegrationList": _object(
            {
                "integrations": _list(_TEXT),
                "available": _list(_TEXT),
                "data": _list(_ref("Integration")),
            }
        ),
        "Integration": _object(
            {
                "name": _TEXT,
                "type": _TEXT,
                "status": _words(State),
                "available": _FLAG,
                "version": _MAYBE_TEXT,
                "models": _COUNT,
            }
        ),
        "Health": {"type": "object", "additionalProperties": _ref("IntegrationHealth")},
        "IntegrationHealth": _object(
            {"available": _FLAG, "status": _words(State)},
            optional={
                "version": _MAYBE_TEXT,
                "reason": {"enum": [*map(str, Reason), None]},
                "since": _MAYBE_TIME,
                "last_success": _MAYBE_TIME,
                "freshness": {"enum": [*map(str, Freshness), None]},
                "models": _COUNT,
                "latency_ms": {"type": ["number", "null"]},
            },
        ),
        "HealthCheckDocument": _object(
            {
                "status": {"enum": ["pass", "warn", "fail"]},
                "version": _TEXT,
                "checks": {
                    "type": "object",
                    "additionalProperties": _list({"type": "object"}),
                },
            }
        ),
        "Error": _object(
            {
                "error": _object(
                    {"message": _TEXT, "type": _TEXT, "param": _MAYBE_TEXT, "code": _TEXT}
                )
            }
        ),
        "Root": _object({"service": _TEXT, "version": _TEXT, "links": _list(_TEXT)}),
        "Version": _object({"service": _TEXT, "version": _TEXT}),
    }


def _extras() -> Schema:
    """Describe what is there only where a server tells it."""
    words = _list(_TEXT)
    return {
        "name": _TEXT | {"description": "What people call it"},
        "parent": _TEXT | {"description": "The base of a LoRA adapter"},
        "max_output_tokens": _COUNT,
        "input_modalities": words,
        "output_modalities": words,
        "pricing": {
            "type": "object",
            "additionalProperties": _TEXT,
            "description": "US dollars a token, as decimal text",
        },
        "deprecated_at": _TEXT | {"format": "date-time"},
        "shutdown_date": _TEXT | {"format": "date-time"},
    }


def _model_parameters() -> list[Schema]:
    return [
        _query("integration", "Only what this integration has", _TEXT),
        _query(
            "capability",
            "May be given more than once: all must be true",
            _list({"enum": list(ALL_CAPABILITIES)}),
        ),
        _query("family", "Only this family", _TEXT),
        _query(
            "available", "Only what can be had now, or only what can't", {"enum": ["true", "false"]}
        ),
        _query("freshness", "Only what is this fresh", _words(Freshness)),
        _query("q", "Only ids that hold this text, in any case", _TEXT | {"maxLength": 256}),
        _query("limit", "Models on one page", {"type": "integer", "minimum": 1, "maximum": 1000}),
        _query("after", "The last id of the page before", _TEXT),
    ]


def _health_parameters() -> list[Schema]:
    return [
        _query("fail_on", "Which trouble fails the probe", _words(FailOn)),
        _query("min_healthy", "How many must be good", _TEXT | {"examples": ["50%", "2"]}),
        _query("integration", "Only these, with commas between", _TEXT),
        _query("exclude", "All but these, with commas between", _TEXT),
        _query("format", "Which form", {"enum": ["json", "health+json"]}),
    ]


def _get(tag: str, summary: str, responses: Schema, parameters: Iterable[Schema] = ()) -> Schema:
    operation: Schema = {"tags": [tag], "summary": summary, "responses": responses}
    listed = list(parameters)
    return {"get": operation | ({"parameters": listed} if listed else {})}


def _probe(summary: str) -> Schema:
    content = {"text/plain": {"schema": _TEXT}}
    responses = {
        "200": {"description": "Yes", "content": content},
        "503": {"description": "No", "content": content},
    }
    return _get(
        "operations", summary, responses, [_query("verbose", "Each check on a line", _TEXT)]
    )


def _answer(text: str, schema: str) -> Schema:
    return {"200": _content(text, schema)} | _UNCHANGED


def _health(text: str) -> Schema:
    answer = _content(text, "Health")
    answer["content"]["application/health+json"] = {"schema": _ref("HealthCheckDocument")}
    return answer


def _no_integration() -> Schema:
    return {"404": _error("There is no such integration")}


def _error(text: str) -> Schema:
    return _content(text, "Error")


def _content(text: str, schema: str) -> Schema:
    return {"description": text, "content": {"application/json": {"schema": _ref(schema)}}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _words(words: Iterable[str]) -> Schema:
    return {"enum": [str(word) for word in words]}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _object(required: Schema, optional: Schema | None = None) -> Schema:
    return {
        "type": "object",
        "properties": required | (optional or {}),
        "required": list(required),
        "additionalProperties": False,
    }


def _in_path(name: str, text: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "description": text, "schema": _TEXT}


def _query(name: str, text: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "description": text, "schema": schema}
