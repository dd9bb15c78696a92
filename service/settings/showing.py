"""The effective settings as YAML that loads again, with secrets masked."""

from typing import Any, Final

import yaml

from service.settings.schema import Settings

MASK: Final = "***"


def shown(settings: Settings) -> str:
    """Write every setting with its effective value; headers may hold keys, so they are masked."""
    document = settings.model_dump(mode="json")
    for integration in document["integrations"]:
        if "headers" in integration:
            integration["headers"] = dict.fromkeys(integration["headers"], MASK)
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
