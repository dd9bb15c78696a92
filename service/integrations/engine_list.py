"""The list of one engine, all pages of it, read again only where its bytes changed."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

from service.core.canonical import MODELS_CEILING, Canonical, canonical_list
from service.core.reasons import Reason
from service.integrations.engines import GENERIC, Engine
from service.integrations.errors import BadAnswerError
from service.integrations.http_integration import Document

PAGES_CEILING: Final = 50
_ELSEWHERE: Final = frozenset({Reason.NOT_FOUND, Reason.UNAUTHORIZED, Reason.BAD_BODY})
"""What an answer may say for the list to be had at another path. A hiccup says none of it: the
facts of the better list must not come and go with it."""


class GetDocument(Protocol):
    """``HttpIntegration.document``."""

    def __call__(  # noqa: D102 -- said there
        self, path: str, *, query: Mapping[str, str] | None = None, at_root: bool = False
    ) -> Awaitable[Document]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The whole list as ``engine`` reads it, its first page, and the digest of each page.

    ``better``: it was had from one of the engine's own paths, not from OpenAI's.
    """

    engine: str
    better: bool
    checked: Canonical
    first: Document
    digests: tuple[bytes, ...]


class EngineList:
    """Asks for the list, and remembers how it was read.

    Args:
        document: gives the document at a path.
    """

    def __init__(self, document: GetDocument) -> None:
        self._document = document
        self._last: Listed | None = None
        self._pages: dict[bytes, Canonical] = {}
        """The last list's pages as they were read, by digest."""

    async def get(self, engine: Engine, *, known: Document | None) -> Listed:
        """Give the whole list; ``known`` is what is at OpenAI's path, if that was just had.

        Raises:
            IntegrationError: a page of it can't be had, or is no list.
        """
        last = self._last
        before = self._pages if last is not None and last.engine == engine.name else {}
        pages: dict[bytes, Canonical] = {}

        def read(page: Document) -> Canonical:
            found = before.get(page.digest) or engine.read(page.value)
            pages[page.digest] = found
            return found

        document, better = await self._first(engine, known, read)
        digests, count, cut_off = [], 0, False
        seen = set()
        first = document
        while True:
            count += len(read(document).models)
            digests.append(document.digest)
            query = engine.next_page(document.value) if engine.next_page else None
            if query is None:
                break
            mark = tuple(sorted(query.items()))
            if mark in seen or len(digests) >= PAGES_CEILING or count > MODELS_CEILING:
                cut_off = True
                break
            seen.add(mark)
            document = await self._document(engine.list_path, query=query)
        if last is not None and before and last.digests == tuple(digests):
            return last
        whole = _joined([pages[digest] for digest in digests])
        checked = replace(whole, truncated=True) if cut_off else whole
        self._pages = pages
        self._last = Listed(
            engine=engine.name,
            better=better,
            checked=checked,
            first=first,
            digests=tuple(digests),
        )
        return self._last

    async def _first(
        self, engine: Engine, known: Document | None, read: Callable[[Document], Canonical]
    ) -> tuple[Document, bool]:
        for path in engine.root_list_paths:
            try:
                document = await self._document(path, at_root=True)
                read(document)
            except BadAnswerError as error:
                if error.reason not in _ELSEWHERE:
                    raise
            else:
                return document, True
        if known is not None and engine.list_path == GENERIC.list_path and not engine.query:
            return known, False
        return await self._document(engine.list_path, query=engine.query), False


def _joined(pages: list[Canonical]) -> Canonical:
    if len(pages) == 1:
        return pages[0]
    whole = canonical_list(model for page in pages for model in page.models)
    return replace(
        whole,
        dropped=whole.dropped + sum(page.dropped for page in pages),
        truncated=whole.truncated or any(page.truncated for page in pages),
    )
