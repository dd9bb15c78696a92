"""Ollama's answers, read into models: pure functions over decoded JSON.

The shapes are those of ollama/ollama api/types.go; which server tells what since when is noted
where it matters.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from service.core.canonical import (
    ID_CEILING,
    Canonical,
    canonical_list,
    details_from,
    digest,
    integer,
    text,
    unix_seconds,
)
from service.core.model import ALL_CAPABILITIES, RARE_CAPABILITIES, Loaded, Model, Source
from service.core.reasons import Reason
from service.integrations.errors import BadAnswerError

_VERSION: Final = re.compile(r"(\d{1,4})\.(\d{1,4})\.(\d{1,4})")
_KNOWS_THINKING: Final = (0, 9, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What ``/api/show`` adds to a model that the list says too little of."""

    capabilities: Mapping[str, bool] = field(default_factory=dict)
    source: Source = Source.DECLARED
    context_length: int | None = None


def models_from_tags(document: object) -> Canonical:
    """Read ``/api/tags``. ``{"models": null}`` is an empty list (LocalAI says it so).

    Raises:
        BadAnswerError: ``bad_body``; it is no such list, or holds entries and none is a model.
    """
    listed = document.get("models", ...) if isinstance(document, Mapping) else ...
    if listed is None:
        listed = []
    if not isinstance(listed, list):
        raise BadAnswerError(Reason.BAD_BODY)
    checked = canonical_list(_model_from_tag(entry) for entry in listed)
    if listed and not checked.models:
        raise BadAnswerError(Reason.BAD_BODY)
    return checked


def _model_from_tag(entry: object) -> Model | None:
    if not isinstance(entry, Mapping):
        return None
    name = text(entry.get("name"), ceiling=ID_CEILING) or text(
        entry.get("model"), ceiling=ID_CEILING
    )
    if name is None:
        return None
    given = entry.get("details")
    # The few hundred bytes of a cloud model are its manifest, not its weights.
    size = None if entry.get("remote_model") else entry.get("size")
    details, provenance = details_from(
        name, {**(given if isinstance(given, Mapping) else {}), "size": size}
    )
    created = unix_seconds(entry.get("modified_at"))
    if created:
        provenance["created"] = Source.DECLARED
    model = Model(
        id=name,
        created=created,
        details=details,
        provenance=provenance,
        digest=digest(entry.get("digest")),
    )
    declared = _declared(entry.get("capabilities"), server=None)
    return with_shown(model, Shown(capabilities=declared)) if declared else model


def _declared(listed: object, *, server: tuple[int, ...] | None) -> dict[str, bool]:
    """Read a list of capabilities: what is not in it is false, if the server knows of it at all."""
    if not isinstance(listed, list) or not listed:
        return {}
    known = {name: name in listed for name in ALL_CAPABILITIES}
    if server is not None and server < _KNOWS_THINKING and not known["thinking"]:
        del known["thinking"]
    return {name: has for name, has in known.items() if has or name not in RARE_CAPABILITIES}


def shown_from(document: object, *, version: str | None) -> Shown:
    """Read ``/api/show``.

    Servers before 0.6.4 list no capabilities; there they are read from where the server itself
    reads them since: the template, the projector and the pooling type of the weights.
    """
    if not isinstance(document, Mapping):
        raise BadAnswerError(Reason.BAD_BODY)
    info = document.get("model_info")
    info = info if isinstance(info, Mapping) else {}
    architecture = text(info.get("general.architecture"))
    context = integer(info.get(f"{architecture}.context_length"), floor=1) if architecture else None
    declared = _declared(document.get("capabilities"), server=version_tuple(version))
    if declared:
        return Shown(capabilities=declared, context_length=context)
    return Shown(
        capabilities=_from_template(document, info, architecture),
        source=Source.TEMPLATE,
        context_length=context,
    )


def _from_template(
    document: Mapping[str, Any], info: Mapping[str, Any], architecture: str | None
) -> dict[str, bool]:
    if not architecture:
        return {}
    embedding = f"{architecture}.pooling_type" in info
    template = document.get("template")
    template = template if isinstance(template, str) else ""
    projector = document.get("projector_info")
    return {
        "completion": not embedding,
        "embedding": embedding,
        "tools": ".Tools" in template,
        "insert": ".Suffix" in template,
        "vision": bool(projector) or f"{architecture}.vision.block_count" in info,
    }


def with_shown(model: Model, shown: Shown) -> Model:
    """Add to ``model`` what ``/api/show`` told of it; what the list said stays."""
    context = model.details.context_length
    provenance = dict(model.provenance)
    provenance |= {f"capabilities.{name}": shown.source for name in shown.capabilities}
    details = model.details
    if context is None and shown.context_length is not None:
        details = replace(details, context_length=shown.context_length)
        provenance["details.context_length"] = Source.DECLARED
    return replace(model, capabilities=shown.capabilities, details=details, provenance=provenance)


def loaded_from_ps(document: object) -> dict[str, Loaded] | None:
    """Read ``/api/ps``: what is in memory now, by name; ``None`` if it is no such list.

    When a model will be unloaded is left out: it moves with every use.
    """
    listed = document.get("models") if isinstance(document, Mapping) else None
    if not isinstance(listed, list):
        return None
    found: dict[str, Loaded] = {}
    for entry in listed:
        name = text(entry.get("name"), ceiling=ID_CEILING) if isinstance(entry, Mapping) else None
        if name is not None:
            found[name] = Loaded(
                size_vram=integer(entry.get("size_vram")),
                context_length=integer(entry.get("context_length"), floor=1),
            )
    return found


def version_from(document: object) -> str | None:
    """Read ``/api/version``."""
    said = document.get("version") if isinstance(document, Mapping) else None
    return text(said, ceiling=64)


def version_tuple(version: str | None) -> tuple[int, ...] | None:
    """Read ``0.12.6-rc1`` as ``(0, 12, 6)``.

    ``None`` where there is none, and for ``0.0.0``, which development builds say.
    """
    found = _VERSION.match(version or "")
    numbers = tuple(int(part) for part in found.groups()) if found else None
    return numbers if numbers and any(numbers) else None


def models_from_cli(printed: str, *, known: Mapping[str, Model]) -> tuple[Model, ...]:
    """Read the table that ``ollama list`` prints.

    Columns are padded and stand at least two spaces apart, while sizes and times hold single ones.
    Where the digest still is that of a model in ``known``, all that was known of it stays.

    Raises:
        BadAnswerError: ``bad_body``; there is no header line, or a row that does not fit it.
    """
    lines = [line.rstrip() for line in printed.splitlines() if line.strip()]
    if not lines or lines[0].split()[:3] != ["NAME", "ID", "SIZE"]:
        raise BadAnswerError(Reason.BAD_BODY)
    rows = [re.split(r"\s{2,}", line.strip()) for line in lines[1:]]
    checked = canonical_list(_model_from_row(row, known) for row in rows)
    if rows and not checked.models:
        raise BadAnswerError(Reason.BAD_BODY)
    return checked.models


def _model_from_row(row: list[str], known: Mapping[str, Model]) -> Model | None:
    name = text(row[0], ceiling=ID_CEILING)
    if name is None or len(row) < 3:  # noqa: PLR2004 -- name, id, size
        return None
    prefix = digest(row[1])
    before = known.get(name)
    if before and before.digest and prefix and before.digest.startswith(prefix):
        return replace(before, loaded=None)
    details, provenance = details_from(name, {"size": row[2]})
    return Model(id=name, details=details, provenance=provenance, digest=prefix)
