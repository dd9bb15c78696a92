"""Hosted services that a variable alone registers: a key that is set is a service to ask.

Only where no file is given: a file says for itself what is asked, whatever else a machine has set.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from service.settings.durations import seconds

_INTERVAL: Final = 60.0
"""Seconds between two probes at the least: lists of hosted models change by the month."""


class _Hosted(NamedTuple):
    """A service, the variable of its key, and the variable of its URL, as its own clients do."""

    kind: str
    key: str
    url: str
    api_path: str = ""
    """What its own clients put behind the URL by themselves."""


_HOSTED: Final = (
    _Hosted("openai", "OPENAI_API_KEY", "OPENAI_BASE_URL"),
    # A key that is meant for a proxy must not be sent to Anthropic, so its URL counts as well.
    _Hosted("anthropic", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "/v1"),
)


def with_hosted(
    given: Mapping[Any, Any], environ: Mapping[str, str]
) -> tuple[dict[Any, Any], dict[tuple[int | str, ...], str]]:
    """Add to the settings what keys in the environment register, beside the usual Ollama.

    Returns:
        The settings, and the variable to blame for each integration that is added.
    """
    found = [hosted for hosted in _HOSTED if environ.get(hosted.key, "").strip()]
    if not found:
        return dict(given), {}
    entries = [{"name": "ollama", "type": "ollama"}]
    entries += [_entry(hosted, environ) | _rarely(given) for hosted in found]
    labels: dict[tuple[int | str, ...], str] = {
        ("integrations", index): hosted.url for index, hosted in enumerate(found, start=1)
    }
    return {**given, "integrations": entries}, labels


def _entry(hosted: _Hosted, environ: Mapping[str, str]) -> dict[str, Any]:
    entry = {"name": hosted.kind, "type": hosted.kind, "api_key_env": hosted.key}
    url = environ.get(hosted.url, "").strip().rstrip("/")
    if url:
        entry["base_url"] = url.removesuffix(hosted.api_path) + hosted.api_path
    return entry


def _rarely(given: Mapping[Any, Any]) -> dict[str, Any]:
    """Set the interval of hosted services, unless what is set for all is as long by itself."""
    polling = given.get("polling")
    polling = polling if isinstance(polling, dict) else {}
    said = [seconds(polling.get(name)) or 0.0 for name in ("interval", "timeout")]
    return {} if max(said) >= _INTERVAL else {"interval": _INTERVAL}
