"""What first contact found, printed: tables and sentences for people, one document for programs."""

import textwrap
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml

from service.cli.model_table import model_table
from service.cli.table import table
from service.core.catalogue import Rules, compose
from service.core.moment import Moment
from service.core.printing import entry_document
from service.core.reading import Answer, Reading, advance
from service.core.snapshot import Snapshot
from service.integrations.discovery import configuration
from service.integrations.first_contact import Contact

_HEADER: Final = ("NAME", "ENGINE", "VERSION", "MODELS", "STATUS", "URL")


def for_people(contacts: Sequence[Contact], *, width: int) -> str:
    """Print a table of the servers, what is wrong in sentences, and a table of the models."""
    names = _names(contacts)
    rows = [_row(name, contact) for name, contact in zip(names, contacts, strict=True)]
    parts = [table(_HEADER, rows, width=width)]
    for contact in contacts:
        if contact.finding is not None:
            parts += ["", _wrapped(f"{contact.url}: {contact.finding.text}", width)]
    models = _catalogue(names, contacts)
    if models:
        several = sum(contact.well for contact in contacts) > 1
        parts += ["", model_table(models, width=width, with_place=several)]
    return "\n".join(parts)


def for_programs(contacts: Sequence[Contact], *, ok: bool) -> dict[str, Any]:
    """Give the same as a document; its fields are described in docs/first-contact.md."""
    names = _names(contacts)
    return {
        "ok": ok,
        "servers": [
            _document(name, contact) for name, contact in zip(names, contacts, strict=True)
        ],
        "models": _catalogue(names, contacts),
    }


def snippet(contacts: Sequence[Contact]) -> str:
    """Write what can be pasted into a configuration, for those that need nothing more."""
    ready = [contact for contact in contacts if contact.well]
    return str(yaml.safe_dump({"integrations": configuration(ready)}, sort_keys=False)).rstrip()


def _names(contacts: Sequence[Contact]) -> list[str | None]:
    """Give each the name that it would be polled under; ``None`` to what can't be polled."""
    named = iter(configuration([contact for contact in contacts if contact.well]))
    return [next(named)["name"] if contact.well else None for contact in contacts]


def _row(name: str | None, contact: Contact) -> tuple[str, ...]:
    return (
        name or "-",
        contact.engine or "-",
        contact.version or "-",
        str(len(contact.models)) if contact.well else "-",
        "well" if contact.well or contact.finding is None else str(contact.finding.cause),
        contact.url,
    )


def _wrapped(text: str, width: int) -> str:
    return textwrap.fill(
        text, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def _document(name: str | None, contact: Contact) -> dict[str, Any]:
    finding = contact.finding
    return {
        "name": name,
        "url": contact.url,
        "engine": contact.engine,
        "version": contact.version,
        "models": len(contact.models),
        "latency_ms": None if contact.latency is None else round(contact.latency * 1000, 1),
        "cause": None if finding is None else str(finding.cause),
        "explanation": None if finding is None else finding.text,
        "use": None if finding is None else finding.use,
        "settings": dict(contact.settings) if contact.well else None,
    }


def _catalogue(names: Sequence[str | None], contacts: Sequence[Contact]) -> list[Mapping[str, Any]]:
    """Make the one list over all of them, as the service would."""
    now, snapshot = Moment(0.0, time.time()), Snapshot()
    for name, contact in zip(names, contacts, strict=True):
        if name is not None:
            answer = Answer(models=contact.models, latency=contact.latency or 0.0)
            snapshot = snapshot.with_reading(advance(Reading(name=name), answer, now=now))
    catalogue = compose(snapshot, Rules(default_model=None), mono=now.mono)
    return [entry_document(entry) for entry in catalogue.entries]
