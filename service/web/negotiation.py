"""Content negotiation and conditions: which form of a page to send, or none at all."""

from functools import lru_cache
from typing import Final

from aiohttp import hdrs, web

from service.core.encoding import IDENTITY
from service.core.page import Form, Page

_PREFERENCE: Final = ("zstd", "br", "gzip", IDENTITY)
_HEADERS_REMEMBERED: Final = 256


@lru_cache(maxsize=_HEADERS_REMEMBERED)
def choose_coding(accepted: str | None, available: tuple[str, ...]) -> str:
    """Pick the coding to send: highest quality first, of equal ones the one we prefer.

    Where nothing on offer is acceptable, identity is sent all the same: a client that asks for the
    impossible is served better by bytes than by a 406.
    """
    if accepted is None:
        return IDENTITY
    qualities = _qualities(accepted)
    rest = qualities.get("*")

    def quality(coding: str) -> float:
        if coding in qualities:
            return qualities[coding]
        if coding == IDENTITY:
            # Not named, it is acceptable, though less welcome than anything that was named.
            return 0.0 if rest == 0 else 0.0001
        return rest or 0.0

    best = max(
        (coding for coding in _PREFERENCE if coding in available),
        key=lambda coding: (quality(coding), -_PREFERENCE.index(coding)),
    )
    return best if quality(best) > 0 else IDENTITY


def _qualities(header: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for item in header.split(","):
        coding, _, parameters = item.partition(";")
        coding = coding.strip().lower()
        if coding:
            found["gzip" if coding == "x-gzip" else coding] = _quality(parameters)
    return found


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                quality = float(value.strip())
            except ValueError:
                return 0.0
            return quality if 0.0 <= quality <= 1.0 else 0.0
    return 1.0


def chosen_form(request: web.Request, page: Page) -> Form:
    """Pick the form of ``page`` that this client likes best."""
    accepted = request.headers.getall(hdrs.ACCEPT_ENCODING, None)
    joined = None if accepted is None else ",".join(accepted)
    return page.forms[choose_coding(joined, tuple(page.forms))]


def is_unchanged(request: web.Request, etag: str) -> bool:
    """Say whether the client holds this form already.

    Compared weakly: a proxy that compresses on its way makes our strong tag a weak one.
    """
    asked = request.headers.getall(hdrs.IF_NONE_MATCH, None)
    if asked is None:
        return False
    tags = {tag.strip().removeprefix("W/") for line in asked for tag in line.split(",")}
    return etag in tags or "*" in tags


def respond(
    request: web.Request, page: Page, *, status: int = 200, headers: dict[str, str]
) -> web.Response:
    """Answer with a page: in the form the client likes, or with 304 where it has it already."""
    form = chosen_form(request, page)
    sent = {hdrs.ETAG: form.etag, hdrs.VARY: hdrs.ACCEPT_ENCODING, **headers}
    if status == 200 and is_unchanged(request, form.etag):  # noqa: PLR2004 -- OK
        return web.Response(status=304, headers=sent)
    sent[hdrs.CONTENT_TYPE] = page.content_type
    if form.coding != IDENTITY:
        sent[hdrs.CONTENT_ENCODING] = form.coding
    return web.Response(status=status, body=form.body, headers=sent)
