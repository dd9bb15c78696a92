"""A page: one answer in every form it can be sent in, made when the facts change."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from service.core.encoding import IDENTITY, encode

JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Form:
    """The bytes of a page in one content coding, and the strong ETag that only they have."""

    coding: str
    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Page:
    """An answer's forms by content coding; ``identity`` is always one of them."""

    forms: Mapping[str, Form]
    content_type: str = JSON

    @property
    def identity(self) -> Form:
        """The form that every client can read."""
        return self.forms[IDENTITY]


def page(body: bytes, *, content_type: str = JSON, compress: bool = True) -> Page:
    """Make a page of ``body``: the same bytes give the same ETags in every replica."""
    tag = hashlib.sha256(body).hexdigest()[:24]
    bodies = encode(body) if compress else {IDENTITY: body}
    return Page(
        {
            coding: Form(coding, packed, f'"{tag}"' if coding == IDENTITY else f'"{tag}-{coding}"')
            for coding, packed in bodies.items()
        },
        content_type,
    )
