"""Where the list is instead, when it is not where the address says: looked up, not guessed."""

import asyncio

from yarl import URL

from service.core.reasons import Reason
from service.integrations.first_contact.addresses import (
    alternatives,
    in_short,
    list_of,
    ollama_alternatives,
    twice,
)
from service.integrations.first_contact.findings import Cause, Finding
from service.integrations.first_contact.glance import Glance, Looker
from service.integrations.ollama_parsing import version_from
from service.integrations.refusals import reason_for


async def elsewhere(base: URL, seen: Glance, looker: Looker) -> Finding:
    """Look where the list may be instead, and say what was there."""
    use, works = await _found_elsewhere(base, looker)
    path = seen.url.path
    advice = f"use {use}, which works" if works else f"{use} is there, and wants a key"
    if twice(base):
        text = f"/v1 stands twice in the address, and GET {path} is not there ({seen.status})"
        fix = advice if use else "take one away"
        return Finding(cause=Cause.PATH_TWICE, text=f"{text}: {fix}", use=use)
    if seen.is_page and reason_for(seen.status) is Reason.BAD_BODY:
        text = f"GET {path} brings a web page, not a list: this is a user interface, not the API"
        fix = advice if use else "the API may have another path, or a port of its own"
        return Finding(cause=Cause.WEB_PAGE, text=f"{text}; {fix}", use=use)
    if use is not None:
        text = f"it answers, but the list is not at {path} ({seen.status})"
        return Finding(cause=Cause.WRONG_PATH, text=f"{text}: {advice}", use=use)
    if reason_for(seen.status) is Reason.NOT_FOUND:
        tried = ", ".join(list_of(other).path for other in alternatives(base)[:2])
        text = f"it answers, but GET {path} is not there ({seen.status}), nor at {tried} and so on"
        fix = "is it a model server? Behind a proxy, the path that leads to it must be given"
        return Finding(cause=Cause.WRONG_PATH, text=f"{text}: {fix}")
    return Finding(
        cause=Cause.NOT_A_LIST,
        text=f"GET {path} brings something that is no list of models: is it a model server?",
    )


async def _found_elsewhere(base: URL, looker: Looker) -> tuple[str | None, bool]:
    """Give the first other address with a list and ``True``; else one that wants a key."""
    others = alternatives(base)
    ollamas = ollama_alternatives(base)
    looks = await asyncio.gather(
        *(looker.look(list_of(other)) for other in others),
        *(looker.look(other / "api/version") for other in ollamas),
    )
    lists = [
        in_short(other)
        for other, look in zip(others, looks, strict=False)
        if look.entries is not None
    ]
    own = [
        in_short(other)
        for other, look in zip(ollamas, looks[len(others) :], strict=True)
        if version_from(look.document) is not None
    ]
    # Ollama's own API tells more than its /v1, unless that is what was meant.
    for found in (*lists, *own) if twice(base) else (*own, *lists):
        return found, True
    for other, look in zip(others, looks, strict=False):
        if look.error is None and reason_for(look.status, look.body) is Reason.UNAUTHORIZED:
            return in_short(other), False
    return None, True
