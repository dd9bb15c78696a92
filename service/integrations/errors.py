"""What can go wrong upstream, in one tree: every error carries a code, none carries their text.

Exceptions of the HTTP client hold hosts, URLs and even the Authorization header, so they are
translated here, at the wall, and never travel further.
"""

import ssl

import aiohttp

from service.core.reasons import Reason


class IntegrationError(Exception):
    """An integration could not give what was asked, for ``reason``.

    ``retry_after`` is in seconds, where the server asked for a pause.
    """

    def __init__(self, reason: Reason, *, retry_after: float | None = None) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.retry_after = retry_after


class UnreachableError(IntegrationError):
    """No connection could be made: the request never reached the server."""


class BadAnswerError(IntegrationError):
    """The server answered with something that can't be used."""


class StatusError(BadAnswerError):
    """The server answered with a status that brings no list, and meant it."""


def translated(error: Exception) -> IntegrationError:  # noqa: PLR0911 -- a table of types in order
    """Give the error of our own for whatever the HTTP client raised.

    By type only: garbage from a server surfaces in aiohttp as a response error with the made-up
    status 400, and the text of a ``TimeoutError`` is empty. The order matters, as aiohttp's classes
    inherit from one another.
    """
    match error:
        case IntegrationError():
            return error
        case aiohttp.ClientConnectorDNSError():
            return UnreachableError(Reason.DNS)
        case aiohttp.ClientSSLError() | aiohttp.ServerFingerprintMismatch() | ssl.SSLError():
            return BadAnswerError(Reason.TLS)
        case aiohttp.ConnectionTimeoutError():
            return UnreachableError(Reason.TIMEOUT)
        case TimeoutError():
            return BadAnswerError(Reason.TIMEOUT)
        case aiohttp.ClientConnectorError() | ConnectionRefusedError():
            return UnreachableError(Reason.REFUSED)
        case aiohttp.ClientPayloadError():
            return BadAnswerError(Reason.BAD_PROTOCOL)
        case aiohttp.ClientConnectionError() | OSError():
            return BadAnswerError(Reason.RESET)
        case aiohttp.ClientError():
            return BadAnswerError(Reason.BAD_PROTOCOL)
    return IntegrationError(Reason.INTERNAL)
