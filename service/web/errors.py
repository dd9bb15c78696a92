"""Every error of the service, in the one shape that OpenAI's clients understand."""

from typing import Final

from aiohttp import web

from service.core.page import JSON
from service.core.printing import dump

_CLIENT_ERRORS_UNTIL: Final = 500
_ECHO_CEILING: Final = 256


class ApiError(Exception):
    """A request that can't be answered as asked.

    ``param`` names what was wrong with it, ``code`` says it for programs.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str,
        param: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.headers = headers or {}


def error_response(error: ApiError) -> web.Response:
    """Print an error; its text is ours and holds nothing but what the client itself sent."""
    ours = error.status >= _CLIENT_ERRORS_UNTIL
    body = {
        "error": {
            "message": error.message,
            "type": "api_error" if ours else "invalid_request_error",
            "param": error.param,
            "code": error.code,
        }
    }
    return web.Response(
        status=error.status,
        body=dump(body),
        headers={"Content-Type": JSON, "Cache-Control": "no-store", **error.headers},
    )


def quoted(text: str) -> str:
    """Quote what a client sent, cut to a sane length and fit for UTF-8."""
    safe = text[:_ECHO_CEILING].encode("utf-8", errors="replace").decode("utf-8")
    return f"'{safe}'"


def bad_value(param: str, expected: str) -> ApiError:
    """Say that a query parameter has a value it can't have."""
    return ApiError(
        400,
        f"{quoted(param)}: expected {expected}",
        code="invalid_value",
        param=param[:_ECHO_CEILING],
    )


def unknown_param(param: str, known: str) -> ApiError:
    """Say that there is no such query parameter here."""
    return ApiError(
        400,
        f"Unknown query parameter {quoted(param)}; expected one of {known}",
        code="unknown_parameter",
        param=quoted(param)[1:-1],
    )


def no_model(model_id: str) -> ApiError:
    """Say that there is no such model, in OpenAI's own words."""
    return ApiError(
        404,
        f"The model {quoted(model_id)} does not exist",
        code="model_not_found",
        param="model",
    )


def no_integration(name: str) -> ApiError:
    """Say that there is no such integration."""
    return ApiError(
        404,
        f"The integration {quoted(name)} does not exist",
        code="integration_not_found",
        param="integration",
    )


def not_ready() -> ApiError:
    """Say that nothing is known yet, and that it soon will be."""
    return ApiError(
        503,
        "No integration has answered yet; try again in a second",
        code="not_ready",
        headers={"Retry-After": "1"},
    )
