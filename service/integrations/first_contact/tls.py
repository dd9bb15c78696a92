"""Certificates and handshakes: what exactly was not accepted, and which side speaks TLS."""

import asyncio
import ssl
from contextlib import suppress
from typing import Final

from yarl import URL

from service.core.canonical import text
from service.integrations.first_contact.findings import Cause, Finding

_EXPIRED: Final = 10
_SELF_SIGNED: Final = 18
_PRIVATE_ROOT: Final = 19
_UNKNOWN_ISSUER: Final = (20, 21)
_OTHER_NAME: Final = (62, 64)
"""OpenSSL's codes for why a certificate was not accepted (x509_vfy.h)."""
_NAMES_SHOWN: Final = 3
_TRUST: Final = "set SSL_CERT_FILE to a file with {what}, or verify_tls: false in the configuration"


async def about_certificate(url: URL, error: Exception) -> Finding:
    """Say what is wrong with the certificate that ``url`` shows."""
    code = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else 0
    if code in _OTHER_NAME:
        return Finding(cause=Cause.TLS_NAME, text=await _about_names(url))
    if code == _SELF_SIGNED:
        return Finding(
            cause=Cause.TLS_SELF_SIGNED,
            text="its certificate is self-signed, so nobody vouches for it: "
            + _TRUST.format(what="that certificate"),
        )
    if code == _PRIVATE_ROOT or code in _UNKNOWN_ISSUER:
        return Finding(
            cause=Cause.TLS_UNTRUSTED,
            text="its certificate comes from an authority that is not trusted here: "
            + _TRUST.format(what="that authority's certificate")
            + "; a server with a public certificate must send the intermediate one along",
        )
    if code == _EXPIRED:
        return Finding(
            cause=Cause.TLS_EXPIRED,
            text="its certificate has expired: renew it (or this machine's clock is wrong)",
        )
    return Finding(
        cause=Cause.TLS_FAILED, text=f"its certificate was not accepted (OpenSSL's code {code})"
    )


async def speaks_tls(url: URL, *, within: float) -> bool:
    """Say whether a TLS handshake succeeds there, whatever the certificate; nothing is sent."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return await _shaken_hands(url, context, within=within) is not None


async def _about_names(url: URL) -> str:
    """Name whom the certificate is for; its chain is good, or another error would have come."""
    context = ssl.create_default_context()
    context.check_hostname = False
    names = await _shaken_hands(url, context, within=2.0) or []
    shown = ", ".join(names[:_NAMES_SHOWN]) + (" and more" if len(names) > _NAMES_SHOWN else "")
    return (
        f"its certificate is for {shown or 'another name'}, not for {url.host}: use a name that it"
        f" is for, or give the server a certificate for {url.host}"
    )


async def _shaken_hands(url: URL, context: ssl.SSLContext, *, within: float) -> list[str] | None:
    """Shake hands and leave; give the names in the certificate, ``None`` without a handshake."""
    try:
        async with asyncio.timeout(within):
            _, writer = await asyncio.open_connection(
                url.host, url.port, ssl=context, server_hostname=url.host
            )
    except (OSError, TimeoutError, ValueError):
        return None
    shown = writer.get_extra_info("peercert") or {}
    writer.close()
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(within):
            await writer.wait_closed()
    said = [value for _, value in shown.get("subjectAltName", ())]
    return [name for value in said if (name := text(value))]
