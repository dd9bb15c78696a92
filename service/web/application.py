"""The table of routes, and the aiohttp application made of it."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import hdrs, web

from service.web import integrations, models, operations
from service.web.context import CONTEXT, WebContext
from service.web.middlewares import PROBES, finish, outermost

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ROUTES: Final[tuple[tuple[str, Handler], ...]] = (
    ("/", operations.root),
    ("/v1/models", models.list_models),
    ("/v1/models/{id:.+}", models.get_model),
    ("/v1/integrations", integrations.list_integrations),
    # Before the integrations' own paths: none of them can be called "health".
    ("/v1/integrations/health", integrations.health),
    ("/v1/integrations/health/strict", integrations.strict_health),
    ("/v1/integrations/{name}", integrations.get_integration),
    ("/v1/integrations/{name}/models", models.list_models_of),
    ("/v1/integrations/{name}/health", integrations.health_of),
    ("/livez", operations.livez),
    ("/readyz", operations.readyz),
    ("/healthz", operations.livez),
    ("/metrics", operations.metrics),
    ("/version", operations.version),
    ("/openapi.json", operations.openapi),
    ("/docs", operations.docs),
)
ALLOWED: Final = "GET, HEAD, OPTIONS"


def create_web_app(context: WebContext) -> web.Application:
    """Make the application that answers from ``context`` and from nothing else."""
    app = web.Application(middlewares=[outermost])
    app[CONTEXT] = context
    app.on_response_prepare.append(finish)
    for path, handler in ROUTES:
        app.router.add_get(path, handler, expect_handler=_ignore_expectation)
        # Balancers probe with OPTIONS too, and want the same verdict by it.
        probed = path in PROBES and path != "/metrics"
        app.router.add_route(
            hdrs.METH_OPTIONS,
            path,
            handler if probed else _options,
            expect_handler=_ignore_expectation,
        )
    return app


async def _ignore_expectation(_: web.Request) -> None:
    """Say nothing to ``Expect``: no body is wanted, and aiohttp would echo what it can't meet."""


async def _options(_: web.Request) -> web.Response:
    return web.Response(status=204, headers={hdrs.ALLOW: ALLOWED})
