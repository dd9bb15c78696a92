"""Settings from the environment: ``ROLLCALL_SERVER__PORT=9000`` sets ``server.port``.

The two underscores are what makes a setting of a variable. Kubernetes injects ROLLCALL_PORT,
ROLLCALL_SERVICE_HOST and more for a Service called rollcall; these are no settings.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from service.settings.complaints import Labels, meant
from service.settings.errors import Complaint
from service.settings.places import quoted
from service.settings.schema import Settings
from service.settings.sections import Section
from service.settings.yaml_file import scalar

PREFIX: Final = "ROLLCALL_"
CONFIG: Final = "ROLLCALL_CONFIG"
"""The variable that names the file."""
_NESTED: Final = "__"


def config_path(argument: str | Path | None, environ: Mapping[str, str]) -> Path | None:
    """Say which file to load: the argument, else ``ROLLCALL_CONFIG``, else none."""
    said = argument or environ.get(CONFIG)
    return Path(said) if said else None


def overlaid(
    given: Mapping[Any, Any], environ: Mapping[str, str]
) -> tuple[dict[Any, Any], Labels, list[Complaint]]:
    """Lay the environment over what the file gave.

    Returns:
        The values, the variable behind each path that has one, and what is wrong with variables.
    """
    merged = dict(given)
    labels: dict[tuple[int | str, ...], str] = {}
    complaints = []
    known = _variables()
    for variable in sorted(name for name in environ if name.startswith(PREFIX)):
        rest = variable.removeprefix(PREFIX)
        if _NESTED not in rest:
            continue
        if rest not in known:
            shown = variable if variable.isprintable() else quoted(variable)
            near = meant(rest.upper(), tuple(known), prefix=PREFIX)
            complaints.append(Complaint(shown, f"unknown setting{near}"))
            continue
        if not environ[variable]:
            complaints.append(Complaint(variable, "expected a value, found none; unset it instead"))
            continue
        title, name = known[rest]
        section = merged.get(title, {})
        if isinstance(section, dict):  # else the file is wrong there, and is told so
            merged[title] = {**section, name: scalar(environ[variable])}
            labels[(title, name)] = variable
    return merged, labels, complaints


def _variables() -> dict[str, tuple[str, str]]:
    """List the settings by what follows the prefix. Lists and mappings are for the file."""
    return {
        f"{title}{_NESTED}{name}".upper(): (title, name)
        for title, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
        for name, inner in field.annotation.model_fields.items()
        if inner.default_factory is None
    }
