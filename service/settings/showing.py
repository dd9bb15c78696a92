"""The effective settings as YAML that loads again, with secrets masked."""

from typing import Any, Final

import yaml

from service.settings.schema import Settings

MASK: Final = "***"
_MASKED: Final = frozenset({"headers", "options"})
"""Mappings of which nobody knows which value is a key."""


def shown(settings: Settings) -> str:
    """Write every setting with its effective value; what may hold keys is masked."""
    document = settings.model_dump(mode="json")
    for integration in document["integrations"]:
        for name in _MASKED & integration.keys():
            integration[name] = dict.fromkeys(integration[name], MASK)
    overrides = document["catalogue"]["overrides"]
    document["catalogue"]["overrides"] = _without_nothing(overrides)
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def _without_nothing(value: dict[str, Any]) -> dict[str, Any]:
    """Leave out of an override what it does not override."""
    said = {
        name: _without_nothing(inner) if isinstance(inner, dict) else inner
        for name, inner in value.items()
    }
    return {name: inner for name, inner in said.items() if inner is not None and inner != {}}
