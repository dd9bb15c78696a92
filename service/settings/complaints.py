"""From pydantic's errors to complaints that an operator can act on: a table, and one form.

``<path>: expected <what>, found <what>``. The path is the environment variable where one set it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from service.settings.errors import Complaint
from service.settings.fields import EXPECTED, REFUSED
from service.settings.integration import IntegrationSettings
from service.settings.kinds import MODELS, known_types
from service.settings.places import choice, found, place
from service.settings.schema import Settings
from service.settings.sections import Section

MOST: Final = 50
"""Complaints at a time; after that, only how many more there are."""

Steps = tuple[int | str, ...]
Labels = Mapping[Steps, str]
"""Paths that the environment set, with the variable that did."""

_KEY_IN_FILE: Final = (
    "a key in plain text is refused; use api_key_env (the name of an environment variable) or "
    "api_key_file (the path of a file) instead"
)


def translated(error: ValidationError, labels: Labels) -> Iterator[Complaint]:
    """Say each error in our words, up to a number that can be read."""
    details = error.errors(include_url=False)
    for detail in details[:MOST]:
        steps = _steps(detail)
        says = _SAYS.get(detail["type"], _other)
        yield Complaint(labelled(steps, labels), says(detail, steps))
    if len(details) > MOST:
        yield Complaint("settings", f"{len(details) - MOST} more complaints are not shown")


def labelled(steps: Steps, labels: Labels) -> str:
    """Name a path as the operator knows it."""
    return labels.get(steps[:2]) or place(steps)


def meant(name: str, known: Sequence[str], *, prefix: str = "") -> str:
    """Write ``; did you mean …?`` where a known name is close; ``prefix`` goes before it."""
    import difflib  # noqa: PLC0415 -- only where something is wrong already

    close = difflib.get_close_matches(name[:64], known, n=1)
    return f"; did you mean '{prefix}{close[0]}'?" if close else ""


def _steps(detail: ErrorDetails) -> Steps:
    """Leave out of pydantic's path what is no part of the file's."""
    steps = tuple(step for step in detail["loc"] if step != "[key]")
    if steps[:1] == ("integrations",) and len(steps) > _TYPE_AT:
        return steps[:_TYPE_AT] + steps[_TYPE_AT + 1 :]
    return (*steps, "type") if detail["type"] in _TYPE_ERRORS else steps


_TYPE_AT: Final = 2
_TYPE_ERRORS: Final = frozenset({"union_tag_not_found", "union_tag_invalid"})


def _expected(what: str) -> Callable[[ErrorDetails, Steps], str]:
    return lambda detail, steps: f"expected {what}, found {found(detail['input'], steps)}"


def _in_context(detail: ErrorDetails, steps: Steps) -> str:
    near = _meant_by(detail["input"], detail["ctx"].get("known", ()))
    return _expected(detail["ctx"]["what"])(detail, steps) + near


def _meant_by(value: object, known: Sequence[str]) -> str:
    return meant(value, known) if isinstance(value, str) else ""


def _unknown(detail: ErrorDetails, steps: Steps) -> str:
    name = str(steps[-1])
    if name == "api_key":
        return _KEY_IN_FILE
    return f"unknown setting{meant(name, tuple(_section(detail['loc']).model_fields))}"


def _unknown_type(detail: ErrorDetails, steps: Steps) -> str:
    said, known = detail["input"].get("type"), known_types()
    return _expected(choice(known))({**detail, "input": said}, steps) + _meant_by(said, known)


def _too_many(detail: ErrorDetails, _: Steps) -> str:
    return f"expected at most {detail['ctx']['max_length']} of them, found more"


def _other(detail: ErrorDetails, steps: Steps) -> str:
    return f"not a value for this setting, found {found(detail['input'], steps)}"


_SAYS: Final[Mapping[str, Callable[[ErrorDetails, Steps], str]]] = {
    EXPECTED: _in_context,
    REFUSED: lambda detail, _: str(detail["ctx"]["why"]),
    "extra_forbidden": _unknown,
    "missing": lambda *_: "missing; it is required",
    "invalid_key": lambda *_: "unknown setting",
    "model_type": _expected("a mapping of settings"),
    "dict_type": _expected("a mapping"),
    "tuple_type": _expected("a list"),
    "too_short": _expected("a list of at least one"),
    "too_long": _too_many,
    "union_tag_not_found": lambda *_: f"missing; expected {choice(known_types())}",
    "union_tag_invalid": _unknown_type,
}
"""pydantic's type of error → what we say."""


def _section(steps: Sequence[int | str]) -> type[Section]:
    """Find the section that holds the last step of a path, as pydantic gives it."""
    section: type[Section] = Settings
    for step in steps[:-1]:
        if section is IntegrationSettings:
            section = MODELS.get(str(step), section)
        elif step in section.model_fields:
            section = _inside(section.model_fields[str(step)].annotation) or section
    return section


def _inside(annotation: Any) -> type[Section] | None:
    """Find the section in an annotation such as ``dict[str, ModelOverride]``."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next(filter(None, map(_inside, get_args(annotation))), None)
