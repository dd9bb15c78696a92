"""What kubelets, Prometheus and people ask of the process itself."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from aiohttp import hdrs, web
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from service.core.catalogue import SERVICE_NAME
from service.core.page import Page, page
from service.core.printing import dump
from service.web.context import CONTEXT, WebContext
from service.web.docs_page import STYLE_ALONE, docs_page
from service.web.negotiation import respond
from service.web.openapi import openapi_document

_STATIC: Final[Mapping[str, str]] = {hdrs.CACHE_CONTROL: "max-age=300"}
_LINKS: Final = (
    *("/v1/models", "/v1/integrations", "/v1/integrations/health", "/docs", "/openapi.json"),
)


async def livez(request: web.Request) -> web.Response:
    """Answer ``/livez``: can this process still make progress?"""
    context = request.app[CONTEXT]
    return _checked(request, "livez", {"ping": True, "poller": _alive(context)})


async def readyz(request: web.Request) -> web.Response:
    """Answer ``/readyz``: is there something to serve, and does it mean to go on serving?"""
    context = request.app[CONTEXT]
    checks = {
        "catalogue": context.publication.current.warm,
        "not-draining": not context.vitals.draining,
    }
    return _checked(request, "readyz", checks)


async def metrics(request: web.Request) -> web.Response:
    """Answer ``/metrics`` in the one form that every Prometheus reads, whatever it says it prefers.

    The library's own handler negotiates, and falls over an ``Accept`` that makes no sense.
    """
    return web.Response(
        body=generate_latest(request.app[CONTEXT].metrics.registry),
        headers={hdrs.CONTENT_TYPE: CONTENT_TYPE_PLAIN_0_0_4, hdrs.CACHE_CONTROL: "no-store"},
    )


async def root(request: web.Request) -> web.Response:
    """Answer ``/`` with where to go; its ``OPTIONS`` is HAProxy's default check: readiness."""
    if request.method == hdrs.METH_OPTIONS:
        return await readyz(request)
    return _static(request, _root_page)


async def version(request: web.Request) -> web.Response:
    """Answer ``/version``."""
    return _static(request, _version_page)


async def openapi(request: web.Request) -> web.Response:
    """Answer ``/openapi.json``."""
    return _static(request, _openapi_page)


async def docs(request: web.Request) -> web.Response:
    """Answer ``/docs``: the same as a page for people, with nothing fetched from anywhere."""
    response = _static(request, _docs_page)
    response.headers["Content-Security-Policy"] = STYLE_ALONE
    return response


def _static(request: web.Request, make: Callable[[str], Page]) -> web.Response:
    """Answer with a page that only another version of the service changes."""
    return respond(request, make(request.app[CONTEXT].version), headers=dict(_STATIC))


@cache
def _root_page(version: str) -> Page:
    return page(dump({"service": SERVICE_NAME, "version": version, "links": _LINKS}))


@cache
def _version_page(version: str) -> Page:
    return page(dump({"service": SERVICE_NAME, "version": version}))


@cache
def _openapi_page(version: str) -> Page:
    return page(dump(openapi_document(version)))


@cache
def _docs_page(version: str) -> Page:
    shown = docs_page(openapi_document(version))
    return page(shown, content_type="text/html; charset=utf-8")


def _alive(context: WebContext) -> bool:
    return context.vitals.alive(mono=context.now().mono)


def _checked(request: web.Request, name: str, checks: dict[str, bool]) -> web.Response:
    """Answer in the style of the Kubernetes API server: ``ok``, or each check with ``?verbose``."""
    ok = all(checks.values())
    if "verbose" in request.query or not ok:
        lines = [
            f"[{'+' if passed else '-'}]{check} {'ok' if passed else 'failed'}"
            for check, passed in checks.items()
        ]
        text = "\n".join([*lines, f"{name} check {'passed' if ok else 'failed'}", ""])
    else:
        text = "ok"
    return web.Response(
        status=200 if ok else 503,
        text=text,
        headers={hdrs.CACHE_CONTROL: "no-store"},
    )
