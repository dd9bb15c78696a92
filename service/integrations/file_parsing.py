"""A list of models as people write it, in YAML or JSON."""

from collections.abc import Mapping
from typing import Any

from service.core.canonical import Canonical, canonical_list, model_from
from service.core.reasons import Reason
from service.integrations.decoding import decoded
from service.integrations.errors import BadAnswerError
from service.integrations.plain_yaml import plain_values


def models_from_file(content: bytes, *, json_only: bool = False) -> Canonical:
    """Read a list of models, alone or under ``models`` or ``data``; a plain text is an id.

    Raises:
        BadAnswerError: ``bad_body``; there is no list, or it has entries and none is a model.
            Nothing at all is no list either: it is what a file looks like before it is written.
    """
    listed = _plain(content, json_only=json_only)
    if isinstance(listed, Mapping):
        listed = listed.get("models", listed.get("data"))
    if not isinstance(listed, list):
        raise BadAnswerError(Reason.BAD_BODY)
    checked = canonical_list(
        model_from({"id": entry} if isinstance(entry, str) else entry) for entry in listed
    )
    if listed and not checked.models:
        raise BadAnswerError(Reason.BAD_BODY)
    return checked


def _plain(content: bytes, *, json_only: bool) -> Any:
    """Read the content into plain values; most of JSON is YAML too, and is read far quicker."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    if json_only or content.lstrip()[:1] in (b"{", b"["):
        try:
            return decoded(content)
        except BadAnswerError:
            if json_only:
                raise
    try:
        return plain_values(content.decode())
    except ValueError:
        # Theirs quote the file.
        raise BadAnswerError(Reason.BAD_BODY) from None
