"""``/v1/models``, ``/v1/models/{id}`` and each integration's part of the catalogue."""

from collections.abc import Sequence
from email.utils import formatdate
from itertools import islice
from typing import Any

from aiohttp import hdrs, web

from service.core.catalogue import SERVICE_NAME, Entry
from service.core.edition import Edition
from service.core.page import page
from service.core.printing import join_list
from service.web.context import CONTEXT
from service.web.errors import no_integration, no_model, not_ready
from service.web.negotiation import respond
from service.web.queries import ModelQuery, read_model_query

CACHE_CONTROL = "max-age=5, stale-while-revalidate=30, stale-if-error=3600"


async def list_models(request: web.Request) -> web.Response:
    """Answer ``GET /v1/models``."""
    edition = _served(request)
    headers = _headers(request, edition)
    if not request.query_string:
        return respond(request, edition.models, headers=headers)
    query = read_model_query(request.query, edition)
    # Made for this request and so not compressed: that is done in advance or not at all.
    found = page(_found(edition, query), compress=False)
    return respond(request, found, headers=headers)


async def get_model(request: web.Request) -> web.Response:
    """Answer ``GET /v1/models/{id}``; the id may hold slashes and colons, raw or encoded."""
    edition = _served(request)
    model_id = request.match_info["id"]
    found = edition.detail(model_id)
    if found is None:
        raise no_model(model_id)
    return respond(request, found, headers=_headers(request, edition))


async def list_models_of(request: web.Request) -> web.Response:
    """Answer ``GET /v1/integrations/{name}/models``."""
    edition = request.app[CONTEXT].publication.current
    name = request.match_info["name"]
    if name not in edition.standings:
        raise no_integration(name)
    if not edition.servable:
        raise not_ready()
    return respond(request, edition.part(name), headers=_headers(request, edition))


def _served(request: web.Request) -> Edition:
    edition = request.app[CONTEXT].publication.current
    if not edition.servable:
        raise not_ready()
    return edition


def _headers(request: web.Request, edition: Edition) -> dict[str, str]:
    headers = {
        hdrs.CACHE_CONTROL: CACHE_CONTROL,
        hdrs.LAST_MODIFIED: formatdate(edition.changed.wall, usegmt=True),
        "Cache-Status": f"{SERVICE_NAME}; hit; detail={edition.freshness}",
    }
    if edition.oldest is not None:
        age = request.app[CONTEXT].now().mono - edition.oldest
        headers[hdrs.AGE] = str(max(0, int(age)))
    return headers


def _found(edition: Edition, query: ModelQuery) -> bytes:
    entries = edition.entries(query.wants)
    if not query.paged:
        return join_list(body for _, body in entries)
    shown, more = _cut(edition, entries, query)
    tail: dict[str, Any] = {
        "has_more": more,
        "first_id": shown[0][0].id if shown else None,
        "last_id": shown[-1][0].id if shown else None,
    }
    return join_list((body for _, body in shown), tail)


def _cut(
    edition: Edition, entries: Sequence[tuple[Entry, bytes]], query: ModelQuery
) -> tuple[list[tuple[Entry, bytes]], bool]:
    """Take one page: what comes after ``after`` in the catalogue, up to ``limit``."""
    start = 0
    if query.after is not None:
        # It need not be one of the entries that the filters pick, only one of the catalogue.
        positions = {name: position for position, name in enumerate(edition.printed)}
        last = positions[query.after]
        start = sum(1 for entry, _ in entries if positions[entry.id] <= last)
    limit = len(entries) if query.limit is None else query.limit
    return list(islice(entries, start, start + limit)), start + limit < len(entries)
