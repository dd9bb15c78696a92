"""``rollcall check`` with a configuration: poll every integration once, and show what is there."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any, Final

from service.app import build_manager
from service.cli.advice import ADVICE
from service.cli.configuration import load_settings
from service.cli.model_table import model_table
from service.cli.table import table
from service.settings import Settings

_GOOD: Final = frozenset({"healthy", "degraded", "recovering", "rate_limited", "disabled"})


def check_configured(path: Path | None, *, as_json: bool) -> int:
    """Poll once: 0 if every integration that is not optional is good, 1 if one is not.

    Raises:
        SettingsError: the configuration can't be used.
        ValueError: an address in it is none.
    """
    settings = load_settings(path)
    health, models = asyncio.run(_poll_once(settings))
    optional = {item.name for item in settings.integrations if item.optional}
    ok = all(facts["status"] in _GOOD for name, facts in health.items() if name not in optional)
    if as_json:
        print(json.dumps({"ok": ok, "integrations": health, "models": models}, indent=2))
    else:
        print(_for_people(health, models))
    return 0 if ok else 1


async def _poll_once(settings: Settings) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    async with build_manager(settings) as manager:
        return await manager.check()


def _for_people(health: dict[str, Any], models: list[dict[str, Any]]) -> str:
    width = shutil.get_terminal_size((80, 24)).columns
    parts = [
        table(
            ("INTEGRATION", "STATUS", "VERSION", "MODELS", "LATENCY"),
            [_integration_row(name, facts) for name, facts in health.items()],
            width=width,
        )
    ]
    parts += [
        f"{name}: {ADVICE[facts['reason']]}" for name, facts in health.items() if facts["reason"]
    ]
    shown = [model for model in models if model["freshness"] != "default"]
    if shown:
        parts += ["", model_table(shown, width=width)]
    elif models:
        parts += ["", f"No models are known; the default model {models[0]['id']} is served."]
    else:
        parts += ["", "There are no models."]
    return "\n".join(parts)


def _integration_row(name: str, facts: dict[str, Any]) -> tuple[str, ...]:
    latency = facts["latency_ms"]
    return (
        name,
        facts["reason"] if facts["status"] == "unknown" else facts["status"],
        facts["version"] or "-",
        str(facts["models"]),
        "-" if latency is None else f"{latency} ms",
    )
