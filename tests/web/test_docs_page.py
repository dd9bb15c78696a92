"""``/docs``: all of the API on one page that fetches nothing and lets nothing in."""

import base64
import hashlib
import re
from collections import Counter
from html import escape
from html.parser import HTMLParser
from typing import Any, Final

import pytest

from service.web import operations
from service.web.openapi import openapi_document
from tests.web.building import Room

DOCUMENT: Final[dict[str, Any]] = openapi_document("1.2.3")
HOSTILE: Final = """"'><img src=x onerror=alert(1)></style></script><script>alert(2)</script>&lt;"""
VOID: Final = frozenset({"meta", "link", "img", "br", "input"})


class Page(HTMLParser):
    """Reads a page into its tags, their attributes, its text, and what was left open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: set[tuple[str, str]] = set()
        self.text = ""
        self.style = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == [], "every tag is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes |= {(name, value or "") for name, value in attrs}
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] == ["style"]:
            self.style += data
        else:
            self.text += data


async def served(room: Room) -> str:
    return (await room.ask("/docs")).body.decode()


async def test_every_path_parameter_and_schema_is_on_the_page(room: Room) -> None:
    page = Page(await served(room))
    for path, item in DOCUMENT["paths"].items():
        assert path in page.text
        assert item["get"]["summary"] in page.text
        for parameter in item["get"].get("parameters", ()):
            assert parameter["description"] in page.text
    for name in DOCUMENT["components"]["schemas"]:
        assert ("id", name) in page.attributes
    assert "1.2.3" in page.text
    assert page.tags["summary"] >= len(DOCUMENT["paths"])


async def test_every_link_leads_somewhere(room: Room) -> None:
    page = Page(await served(room))
    ids = {value for name, value in page.attributes if name == "id"}
    links = {value for name, value in page.attributes if name == "href"}
    assert {link[1:] for link in links if link.startswith("#")} <= ids
    assert {link for link in links if not link.startswith("#")} == {"openapi.json"}


async def test_nothing_is_fetched_from_anywhere(room: Room) -> None:
    html = await served(room)
    page = Page(html)
    assert not re.search(r"https?:|//|@import|url\(", html, re.IGNORECASE)
    assert not page.tags.keys() & {"script", "link", "img", "iframe", "object", "embed", "base"}
    names = {name for name, _ in page.attributes}
    assert not names & {"src", "srcset", "action", "style"}
    assert not any(name.startswith("on") for name in names)


async def test_the_policy_lets_in_its_own_style_and_nothing_else(room: Room) -> None:
    reply = await room.ask("/docs")
    style = Page(reply.body.decode()).style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert reply.headers["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'"
    )
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


def poisoned(value: Any, keys: frozenset[str]) -> Any:
    """Put hostile text behind every description, summary and the like."""
    if isinstance(value, dict):
        return {
            key: value[key] + HOSTILE
            if key in keys and isinstance(value[key], str)
            else poisoned(value[key], keys)
            for key in value
        }
    return [poisoned(each, keys) for each in value] if isinstance(value, list) else value


async def test_no_text_becomes_markup(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    clean = Page(await served(room))
    keys = frozenset({"description", "summary", "title", "version", "const"})
    bad = poisoned(DOCUMENT, keys)
    paths, schemas = bad["paths"], bad["components"]["schemas"]
    bad["paths"] = {path + HOSTILE: item for path, item in paths.items()}
    schemas["Model"]["properties"][HOSTILE] = {"enum": [HOSTILE]}
    schemas["Model"]["properties"]["id"]["type"] = HOSTILE
    monkeypatch.setattr(operations, "openapi_document", lambda _: bad)
    monkeypatch.setattr(operations, "_docs_page", operations._docs_page.__wrapped__)
    html = await served(room)
    page = Page(html)
    assert escape(HOSTILE) in html
    assert HOSTILE not in html
    assert page.text.count(HOSTILE) > len(DOCUMENT["paths"])
    # One row more, for the one member more.
    one_more = Counter({"tr": 1, "td": 3, "code": 2})
    assert page.tags - clean.tags <= one_more
    assert page.tags.keys() == clean.tags.keys()
    assert page.attributes == clean.attributes
