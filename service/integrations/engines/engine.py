"""An engine: what is particular to one kind of server that speaks OpenAI's list, as data.

The integration does the asking; an engine says where, and reads what comes back. A new engine is
one file with a parser, and one line in the table of ``engines/__init__.py``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from service.core.canonical import Canonical
from service.core.model import Model

Read = Callable[[Any], Canonical]
Paths = tuple[tuple[str, ...], ...]
"""Paths at the server's root, each with the older names to try where the server knows it not."""
Beside = Mapping[str, Any]
"""What was answered beside the list, decoded, by the first name of its path; only what was had."""
Enrich = Callable[[tuple[Model, ...], Beside], tuple[Model, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What tells engines apart at first contact: all of it is there without side effects.

    ``listed`` is the decoded answer to ``GET /models`` below the base URL; ``entry`` the first
    entry in it, empty if there is none; ``server`` what the headers say, in lower case: the value
    of ``Server`` and the names of those that begin with ``x-``.
    """

    listed: Any
    entry: Mapping[str, Any]
    server: str


def _never(_: Signs) -> bool | None:
    return False


def _nothing(_: Any) -> Paths:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One kind of server.

    Args:
        name: as in the settings.
        read: turns the decoded list into models. Raises ``BadAnswerError`` if it is no list.
        recognise: says by signs whether this is the engine; ``None`` if they don't tell.
        signs: where they don't, harmless paths at the server's root to GET, and what must hold for
            the answer. One that holds is enough.
        list_path: where the list is, below the base URL; empty if that URL itself is where, and is
            asked as it stands.
        root_list_paths: where better lists are, at the server's root, the best first;
            ``list_path`` where it has none of them.
        beside: which paths tell more, given the decoded list.
        version: where the version is: the first name of one of those paths, and the key there.
        enrich: adds to the models what those paths told.
        hosts: public hosts that are known to be this engine: recognised before anything is asked,
            so that the key goes into the right header.
        query: asked with at the first page of ``list_path``, such as how long a page may be.
        key_header: the header that carries the key; ``None`` is ``Authorization: Bearer``.
        next_page: gives the query for the next page out of an answer, ``None`` at the end.
        fills_in: the facts that it can tell, and where from, for the documentation.
    """

    name: str
    read: Read
    recognise: Callable[[Signs], bool | None] = _never
    signs: tuple[tuple[str, Callable[[Any], bool]], ...] = ()
    list_path: str = "models"
    root_list_paths: tuple[str, ...] = ()
    beside: Callable[[Any], Paths] = _nothing
    version: tuple[str, str] | None = None
    enrich: Enrich | None = None
    hosts: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    key_header: str | None = None
    next_page: Callable[[Any], dict[str, str] | None] | None = None
    fills_in: tuple[tuple[str, str], ...] = ()


def always(*paths: str) -> Callable[[Any], Paths]:
    """Ask for these, whatever was listed."""
    asked = tuple((path,) for path in paths)
    return lambda _: asked
