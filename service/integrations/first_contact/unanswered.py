"""Why there was no HTTP answer: the name, the connection, TLS, or what is spoken there."""

import errno
import ipaddress
import os
import ssl
from typing import Final

import aiohttp
from yarl import URL

from service.integrations.errors import IntegrationError
from service.integrations.first_contact.addresses import in_short
from service.integrations.first_contact.findings import Cause, Finding
from service.integrations.first_contact.glance import Glance, Looker
from service.integrations.first_contact.tls import about_certificate, speaks_tls
from service.integrations.ollama_host import in_container

_NO_ROUTE: Final = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN)
_HANDSHAKE: Final = 2.0


async def without_answer(base: URL, seen: Glance, looker: Looker) -> Finding:
    """Say why ``seen`` brought no answer."""
    match seen.error:
        case aiohttp.ClientConnectorCertificateError() as error:
            return await about_certificate(base, error.certificate_error)
        case aiohttp.ClientConnectorDNSError() | IntegrationError():
            return _no_such_name(base)
        case aiohttp.ClientSSLError():
            pass
        case aiohttp.ClientConnectorError() as error:
            return _no_connection(base, error.os_error.errno)
    # Something listens there: it may speak the other one of http and https.
    return await mixed_up(base, looker) or _by_kind(base, seen, looker)


def _by_kind(base: URL, seen: Glance, looker: Looker) -> Finding:
    match seen.error:
        case aiohttp.ClientSSLError() | ssl.SSLError():
            text = "no TLS connection came about, and plain HTTP is not what it speaks either"
            return Finding(cause=Cause.TLS_FAILED, text=text)
        case TimeoutError() as error:
            return _late(base, seen, error, looker.timeout)
        case aiohttp.ClientResponseError() | aiohttp.ClientPayloadError():
            text = f"what answers on port {base.port} does not speak HTTP: is the port right?"
            return Finding(cause=Cause.NOT_HTTP, text=text)
    return Finding(
        cause=Cause.RESET,
        text="it took the connection and closed it without an answer: is the port right, and does"
        " the server's own log say why?",
    )


async def mixed_up(base: URL, looker: Looker) -> Finding | None:
    """Find out whether http was spoken to an https port, or the other way round."""
    if base.scheme == "http":
        if not await speaks_tls(base, within=min(_HANDSHAKE, looker.timeout)):
            return None
        use = in_short(_under("https", base))
        return Finding(
            cause=Cause.NEEDS_HTTPS,
            text=f"port {base.port} speaks TLS, and plain HTTP was spoken to it: use {use}",
            use=use,
        )
    plain = _under("http", base)
    # Another origin, so no key goes over the open wire.
    if (await looker.look(plain, within=min(_HANDSHAKE, looker.timeout))).error is not None:
        return None
    use = in_short(plain)
    return Finding(
        cause=Cause.NEEDS_HTTP,
        text=f"port {base.port} speaks plain HTTP, and TLS was spoken to it: use {use}",
        use=use,
    )


def _no_such_name(base: URL) -> Finding:
    return Finding(
        cause=Cause.DNS,
        text=f"the name {base.host} can't be resolved: is it spelt right, and known on this machine"
        " (or in this container's network)?",
    )


def _no_connection(base: URL, code: int | None) -> Finding:
    if code in _NO_ROUTE:
        return Finding(
            cause=Cause.UNREACHABLE,
            text=f"there is no way from here to {base.host}: is the address right, and the network"
            " (or VPN) up?",
        )
    text = (
        f"nothing listens on port {base.port} of {base.host}: is the server running, and is the"
        " port right?"
    )
    if not _is_loopback(base.host or ""):
        text += (
            " It may listen on its own loopback only: to be reached from here, Ollama needs"
            " OLLAMA_HOST=0.0.0.0, vLLM and llama.cpp need --host 0.0.0.0."
        )
    elif in_container(environ=os.environ):
        text += (
            " This is a container, and loopback is the container itself: use the other container's"
            " name, or host.docker.internal for the host."
        )
    return Finding(cause=Cause.REFUSED, text=text)


def _late(base: URL, seen: Glance, error: TimeoutError, timeout: float) -> Finding:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return Finding(
            cause=Cause.NO_CONNECTION,
            text=f"no connection to port {base.port} of {base.host} came about: a firewall may"
            " drop it, or the address is wrong",
        )
    return Finding(
        cause=Cause.TIMEOUT,
        text=f"it took the connection, and gave no whole answer to GET {seen.url.path} within"
        f" {timeout:g} s: it may be busy, or hang",
    )


def _under(scheme: str, url: URL) -> URL:
    """Give the same place under another scheme, on the same port."""
    return url.with_port(url.port).with_scheme(scheme)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
