"""What holds for every answer: the error shape, the count, the access log, and a few headers."""

import re
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import hdrs, web

from service.core.catalogue import SERVICE_NAME
from service.web.context import CONTEXT, WebContext
from service.web.errors import ApiError, error_response

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PROBES: Final = frozenset(
    {
        *("/", "/livez", "/readyz", "/healthz", "/metrics"),
        *("/v1/integrations/health", "/v1/integrations/health/strict"),
        "/v1/integrations/{name}/health",
    }
)
REQUEST_ID: Final = "X-Request-ID"
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_OTHER_ROUTE: Final = "other"

_log = structlog.get_logger()


@web.middleware
async def outermost(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever happens into an answer of ours, and count it."""
    context = request.app[CONTEXT]
    try:
        response = await (_no_body_wanted if request.can_read_body else handler)(request)
    except ApiError as error:
        response = error_response(error)
    except web.HTTPException as error:
        response = error_response(_as_api_error(error))
    except Exception as error:  # noqa: BLE001 -- a bug of ours must not reach the client as one
        _log.error("request.crashed", route=_route(request), exc_info=error)
        response = error_response(ApiError(500, "Something broke here", code="internal_error"))
    if request.can_read_body:
        response.force_close()
    route = _route(request)
    context.metrics.answered(route, response.status)
    if context.access_log == "all" or (context.access_log and route not in PROBES):
        _log_access(context, request, route, response.status)
    return response


async def finish(request: web.Request, response: web.StreamResponse) -> None:
    """Set the headers that every answer carries; while draining, each is its connection's last."""
    response.headers[hdrs.SERVER] = SERVICE_NAME
    response.headers["X-Content-Type-Options"] = "nosniff"
    request_id = _request_id(request)
    if request_id is not None:
        response.headers[REQUEST_ID] = request_id
    if request.app[CONTEXT].vitals.draining:
        response.force_close()
        response.headers[hdrs.CONNECTION] = "close"


async def _no_body_wanted(_: web.Request) -> web.StreamResponse:
    raise ApiError(413, "A request here carries no body", code="body_not_accepted")


def _as_api_error(error: web.HTTPException) -> ApiError:
    allow = error.headers.get(hdrs.ALLOW)
    if error.status == 405 and allow is not None:  # noqa: PLR2004 -- Method Not Allowed
        return ApiError(
            405,
            f"This method is not allowed here; expected one of {allow.replace(',', ', ')}",
            code="method_not_allowed",
            headers={hdrs.ALLOW: allow.replace(",", ", ")},
        )
    if error.status == 404:  # noqa: PLR2004 -- Not Found
        return ApiError(404, "There is nothing at this path; see /docs", code="not_found")
    return ApiError(error.status, error.reason, code="http_error")


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return _OTHER_ROUTE if resource is None else resource.canonical


def _request_id(request: web.Request) -> str | None:
    """Take the client's id for its request if it is one that may be repeated anywhere."""
    said = request.headers.get(REQUEST_ID, "")
    return said if _REQUEST_ID.fullmatch(said) else None


def _log_access(context: WebContext, request: web.Request, route: str, status: int) -> None:
    _log.info(
        "request.answered",
        method=request.method,
        route=route,
        status=status,
        request_id=_request_id(request),
        draining=context.vitals.draining or None,
    )
