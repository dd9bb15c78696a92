"""``/v1/integrations``: which there are, and what a load balancer needs to know of them."""

from typing import Any, Final

from aiohttp import hdrs, web

from service.core.edition import HEALTH_CEILING, Standing, health_body
from service.core.health import State
from service.core.moment import rfc3339
from service.core.page import JSON
from service.core.printing import dump
from service.core.verdict import FailOn, is_good, passes
from service.web.context import CONTEXT, WebContext
from service.web.errors import no_integration
from service.web.negotiation import respond
from service.web.queries import HEALTH_JSON, HealthQuery, read_health_query

_MODERATE: Final = "max-age=5"
_UNEASY: Final = frozenset({State.DEGRADED, State.RECOVERING, State.RATE_LIMITED})


async def list_integrations(request: web.Request) -> web.Response:
    """Answer ``GET /v1/integrations``."""
    edition = request.app[CONTEXT].publication.current
    return respond(request, edition.integrations, headers={hdrs.CACHE_CONTROL: _MODERATE})


async def get_integration(request: web.Request) -> web.Response:
    """Answer ``GET /v1/integrations/{name}``."""
    edition = request.app[CONTEXT].publication.current
    name = request.match_info["name"]
    found = edition.integration.get(name)
    if found is None:
        raise no_integration(name)
    return respond(request, found, headers={hdrs.CACHE_CONTROL: _MODERATE})


async def health(request: web.Request) -> web.Response:
    """Answer ``GET /v1/integrations/health``: 200 if this replica should get traffic."""
    context = request.app[CONTEXT]
    return _answer(context, _query(request, context, fail_on=context.fail_on, configured=True))


async def strict_health(request: web.Request) -> web.Response:
    """Answer ``GET /v1/integrations/health/strict``: any integration in trouble fails it."""
    context = request.app[CONTEXT]
    return _answer(context, _query(request, context, fail_on=FailOn.ANY, configured=False))


async def health_of(request: web.Request) -> web.Response:
    """Answer ``GET /v1/integrations/{name}/health``: that one alone, 200 or 503."""
    context = request.app[CONTEXT]
    name = request.match_info["name"]
    standing = context.publication.current.standings.get(name)
    if standing is None:
        raise no_integration(name)
    ok = _fit(context) and is_good(standing) and not context.vitals.stalled
    return _probe_response(b"{" + dump(name) + b":" + standing.body + b"}", ok=ok)


def _query(
    request: web.Request, context: WebContext, *, fail_on: FailOn, configured: bool
) -> HealthQuery:
    return read_health_query(
        request.query,
        context.publication.current,
        fail_on=fail_on,
        minimum=context.min_healthy if configured else None,
        accept=request.headers.get(hdrs.ACCEPT, ""),
    )


def _answer(context: WebContext, query: HealthQuery) -> web.Response:
    edition = context.publication.current
    ok = _fit(context) and passes(
        query.standings,
        fail_on=query.fail_on,
        minimum=query.minimum,
        stalled=context.vitals.stalled,
    )
    if query.health_json:
        body = _health_json(context, query.standings, ok=ok)
        return _probe_response(body, ok=ok, content_type=HEALTH_JSON)
    body = edition.health.identity.body if query.whole else health_body(query.standings)
    return _probe_response(body, ok=ok)


def _fit(context: WebContext) -> bool:
    """Whether this process has something to serve and means to go on serving it."""
    return context.publication.current.warm and not context.vitals.draining


def _probe_response(body: bytes, *, ok: bool, content_type: str = JSON) -> web.Response:
    return web.Response(
        status=200 if ok else 503,
        body=body,
        headers={hdrs.CONTENT_TYPE: content_type, hdrs.CACHE_CONTROL: "no-store"},
    )


def _health_json(context: WebContext, standings: tuple[Standing, ...], *, ok: bool) -> bytes:
    """Print the facts as an API health-check document (draft-inadarei-api-health-check).

    Where that gets too long for a probe, each check is no more than its word.
    """
    checks = {s.reading.name: [_check(s)] for s in standings}
    words = {check["status"] for (check,) in checks.values()}
    status = "fail" if not ok else "pass" if words <= {"pass"} else "warn"
    document = {"status": status, "version": context.version, "checks": checks}
    body = dump(document)
    if len(body) <= HEALTH_CEILING:
        return body
    short = {name: [{"status": check["status"]}] for name, (check,) in checks.items()}
    return dump(document | {"checks": short})


def _check(standing: Standing) -> dict[str, Any]:
    state = standing.reading.health.state
    if state is State.DISABLED or state is State.HEALTHY:
        word = "pass"
    else:
        word = "warn" if state in _UNEASY else "fail"
    last = standing.reading.last_ok
    check = {
        "componentType": "component",
        "observedValue": str(state),
        "status": word,
        "time": rfc3339(last.wall if last else None),
    }
    reason = standing.reading.health.reason
    return check if reason is None else check | {"output": str(reason)}
