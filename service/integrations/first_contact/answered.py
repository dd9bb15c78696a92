"""Why an HTTP answer is no list of models: the status, the key, or the name it was called by."""

import re
from typing import Final

from yarl import URL

from service.core.reasons import Reason
from service.integrations.first_contact.elsewhere import elsewhere
from service.integrations.first_contact.findings import Cause, Finding
from service.integrations.first_contact.glance import Glance, Looker
from service.integrations.first_contact.unanswered import mixed_up
from service.integrations.refusals import reason_for

_BAD_REQUEST: Final = 400
_GATEWAY: Final = (502, 504)
_REFUSES_HOST: Final = (400, 403, 421)
_AT_HOST: Final = re.compile(rb"\bhost\b", re.IGNORECASE)
_EXCERPT: Final = 16 * 1024
_LOG_IN: Final = re.compile(r"log-?in|sign-?in|sso|oauth|auth", re.IGNORECASE)


async def without_list(base: URL, seen: Glance, looker: Looker) -> Finding:
    """Say why the answer ``seen`` is no list of models, or that the list is empty."""
    if seen.status == _BAD_REQUEST and base.scheme == "http":
        mixed = await mixed_up(base, looker)
        if mixed is not None:
            return mixed
    if seen.entries is not None:
        return _unusable(len(seen.entries))
    if seen.status in _REFUSES_HOST and (not seen.body.strip() or _AT_HOST.search(seen.body)):
        refused = await _host_refused(base, seen, looker)
        if refused is not None:
            return refused
    reason = reason_for(seen.status, seen.body[:_EXCERPT])
    if reason in (Reason.NOT_FOUND, Reason.BAD_BODY):
        return await elsewhere(base, seen, looker)
    if reason is Reason.UNAUTHORIZED:
        return _about_key(seen, has_key=looker.has_key)
    return _about_status(reason, seen)


def in_one_look(seen: Glance, *, has_key: bool) -> Finding | None:
    """Say what ``seen`` tells by itself of a model server that gives no list now, if it does."""
    reason = reason_for(seen.status, seen.body[:_EXCERPT])
    if seen.error is not None or seen.is_page:
        return None
    if reason is Reason.UNAUTHORIZED and seen.body.strip():
        return _about_key(seen, has_key=has_key)
    return _about_status(reason, seen) if reason is Reason.LOADING else None


def _unusable(entries: int) -> Finding:
    return Finding(
        cause=Cause.UNUSABLE_LIST,
        text=f"it gives a list of {entries}, yet not one that can be used: entries may have no"
        " usable id, or it failed when it was asked again",
    )


async def _host_refused(base: URL, seen: Glance, looker: Looker) -> Finding | None:
    """Ask the same server under a local name: if that is served, the name was what it refused."""
    again = await looker.look(seen.url, host="localhost")
    if again.error is not None or again.status in _REFUSES_HOST:
        return None
    return Finding(
        cause=Cause.HOST_REFUSED,
        text=f"it refuses to be called {base.host} ({seen.status}); called localhost, it answers."
        " An Ollama that listens on loopback does so: start it with OLLAMA_HOST=0.0.0.0, let the"
        " proxy before it send Host: localhost, or set headers: {Host: localhost} for it in the"
        " configuration",
    )


def _about_key(seen: Glance, *, has_key: bool) -> Finding:
    if has_key:
        return Finding(
            cause=Cause.KEY_REJECTED,
            text=f"it rejected the key ({seen.status}): is it the right one for this server, and"
            " still valid?",
        )
    # Bare 403s come from proxies and firewalls too; who wants a key mostly says so.
    if seen.status == 403 and not seen.body.strip():  # noqa: PLR2004 -- Forbidden
        return Finding(
            cause=Cause.FORBIDDEN,
            text="it refuses (403) and does not say why: it may want a key (--api-key-env NAME or"
            " --api-key-file PATH), or let in only some addresses",
        )
    return Finding(
        cause=Cause.KEY_MISSING,
        text=f"it wants a key ({seen.status}): give one with --api-key-env NAME or"
        " --api-key-file PATH",
    )


def _about_status(reason: Reason, seen: Glance) -> Finding:
    status = seen.status
    if reason is Reason.REDIRECT:
        return _about_redirect(seen)
    if reason is Reason.LOADING:
        text = f"it is still loading a model ({status}): try again in a while"
        return Finding(cause=Cause.LOADING, text=text)
    if reason is Reason.RATE_LIMITED:
        text = f"it is asked too often ({status}): try again later"
        return Finding(cause=Cause.RATE_LIMITED, text=text)
    if status in _GATEWAY:
        text = f"a proxy answers ({status}), but the server behind it does not: is that running?"
        return Finding(cause=Cause.SERVER_ERROR, text=text)
    if reason is Reason.HTTP_5XX:
        text = f"it failed by itself ({status}): its own log says why"
        return Finding(cause=Cause.SERVER_ERROR, text=text)
    text = f"it answered GET {seen.url.path} with the status {status}: is it a model server?"
    return Finding(cause=Cause.BAD_STATUS, text=text)


def _about_redirect(seen: Glance) -> Finding:
    """Say where it leads: the server only, as the rest may hold tokens."""
    try:
        target = seen.url.join(URL(seen.headers.get("Location", "")))
        origin = str(target.origin())
    except ValueError:
        origin, target = "", seen.url
    if not origin or not origin.isascii() or not origin.isprintable():
        text = f"it redirects ({seen.status}) to nowhere that can be read"
        return Finding(cause=Cause.REDIRECT, text=text)
    text = f"it redirects ({seen.status}) to {origin}, and redirects are not followed"
    if _LOG_IN.search(target.path):
        return Finding(
            cause=Cause.REDIRECT,
            text=f"{text}: it looks like a page to log in, so a proxy before it wants you to",
        )
    if target.origin() == seen.url.origin():
        return Finding(cause=Cause.REDIRECT, text=f"{text}: give the path that it leads to")
    return Finding(cause=Cause.REDIRECT, text=f"{text}: use {origin} in the address", use=origin)
