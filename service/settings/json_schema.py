"""The JSON Schema of the file, for editors and for checks before a deployment.

Imported only where it is asked for: neither this nor reading the docstrings below the fields out
of the source belongs into a start.
"""

import ast
import inspect
from itertools import pairwise
from typing import Any, Final

from service.settings.durations import PATTERN, written
from service.settings.schema import Settings
from service.settings.sections import Section

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def document() -> dict[str, Any]:
    """Make the schema, in JSON Schema 2020-12."""
    made = Settings.model_json_schema()
    for title, section in sections().items():
        form = made if section is Settings else made["$defs"].get(title)
        if form is None:  # a base of other sections
            continue
        meanings = descriptions(section)
        for name, field in form["properties"].items():
            field["description"] = meanings[name]
            default = field.get("default")
            if isinstance(default, dict) or name == "integrations":  # its parts have their own
                field.pop("default", None)
            elif _is_duration(field) and default is not None:
                field["default"] = written(default)
    _tidied(made)
    return {"$schema": _DIALECT, "title": "Rollcall settings", **made}


def sections() -> dict[str, type[Section]]:
    """Give every section, those inside of others too, by the name of its class."""
    found = [Section]
    for section in found:
        found += section.__subclasses__()
    return {section.__name__: section for section in found}


def descriptions(section: type[Section]) -> dict[str, str]:
    """Read the docstrings below the fields of a section, its own and the inherited ones."""
    texts: dict[str, str] = {}
    for model in reversed(section.__mro__):
        if not issubclass(model, Section):
            continue
        body = ast.parse(inspect.getsource(model)).body[0]
        lines = body.body if isinstance(body, ast.ClassDef) else []
        for field, below in pairwise(lines):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
            ):
                texts[field.target.id] = " ".join(str(below.value.value).split())
    return texts


def _is_duration(field: dict[str, Any]) -> bool:
    return any(form.get("pattern") == PATTERN for form in field.get("anyOf", ()))


def _tidied(form: Any) -> None:
    """Close mappings whose names have a pattern, and drop titles that only repeat names."""
    if isinstance(form, dict):
        if isinstance(form.get("title"), str):
            del form["title"]
        if "patternProperties" in form:
            form["additionalProperties"] = False
        form = list(form.values())
    if isinstance(form, list):
        for inner in form:
            _tidied(inner)
