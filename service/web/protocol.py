"""Connections: what aiohttp answers before any handler is reached, in our shape and our words.

Its own answer to bytes that are no HTTP repeats them, names its version and Python's, and logs a
traceback for each. This leans on ``RequestHandler.handle_error``, which aiohttp documents for
subclasses, and on ``Server`` and ``AppRunner`` making what they are told to make.
"""

import structlog
from aiohttp import hdrs, web
from aiohttp.web_protocol import RequestHandler

from service.core.catalogue import SERVICE_NAME
from service.web.errors import ApiError, error_response

_log = structlog.get_logger()
_SERVER_ERROR = 500


class Connection(RequestHandler):
    """One client's connection."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 -- it holds what the client sent
    ) -> web.StreamResponse:
        """Answer what can't be parsed, or what broke outside every handler, and hang up."""
        if request.writer.output_size > 0:
            raise ConnectionError("part of an answer is sent already")
        if status >= _SERVER_ERROR:
            _log.error("request.crashed", route=None, exc_info=exc)
            error = ApiError(status, "Something broke here", code="internal_error")
        else:
            _log.debug("request.malformed", kind=type(exc).__name__)
            error = ApiError(status, "This is not a request that HTTP allows", code="bad_request")
        response = error_response(error)
        response.headers[hdrs.SERVER] = SERVICE_NAME
        response.force_close()
        return response


class Connections(web.Server):
    """Makes a ``Connection`` for each client."""

    def __call__(self) -> RequestHandler:
        """Make one."""
        return Connection(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """Runs an application over connections of ours."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return Connections(
            made.request_handler,
            request_factory=made.request_factory,
            loop=made._loop,  # noqa: SLF001 -- there is no other way to pass them on
            **made._kwargs,  # noqa: SLF001
        )
