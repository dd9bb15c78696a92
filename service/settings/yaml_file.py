"""One YAML file, read with distrust: bounded in size, depth and aliases, and with no key twice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from service.settings.errors import Complaint, SettingsError
from service.settings.places import place

LARGEST: Final = 1024 * 1024
"""Bytes; the settings of 200 integrations take a tenth of it."""
MOST_ALIASES: Final = 20
DEEPEST: Final = 16
"""Levels of nesting. The settings need six."""
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Step = str | int


class _UnusableError(Exception):
    """The file is no use; the text says why."""


def read(path: Path) -> tuple[dict[Any, Any], list[Complaint]]:
    """Read the file into plain values, with a complaint for each key that is set twice.

    Raises:
        SettingsError: there is no file, or nothing can be made of it.
    """
    try:
        return _parse(_text(path))
    except OSError as error:
        why = (error.strerror or "it can't be read").lower()
    except UnicodeDecodeError as error:
        why = f"expected UTF-8 text; byte {error.start + 1} is none"
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        why = f"not YAML{where}: {', '.join(filter(None, (error.context, error.problem)))}"
    except yaml.YAMLError:
        why = "not YAML: it holds a character that YAML does not allow"
    except _UnusableError as error:
        why = str(error)
    raise SettingsError([Complaint(str(path), why)])


def scalar(text: str) -> Any:
    """Read one value as YAML would: a number, true, null; quoted or anything else, it is text."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    loader: Any = yaml.SafeLoader("")
    try:
        tag = loader.resolve(yaml.ScalarNode, text, (True, False))
        return loader.construct_object(yaml.ScalarNode(tag, text))
    except (yaml.YAMLError, ValueError):  # such as =, or a date with a 13th month
        return text
    finally:
        loader.dispose()


def _text(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise _UnusableError("expected at most 1 MiB, found more")
    text = content.decode("utf-8-sig")
    line = text[: text.find("\0")].count("\n") + 1
    if "\0" in text:
        raise _UnusableError(f"expected text, found a NUL byte in line {line}")
    return text


def _parse(text: str) -> tuple[dict[Any, Any], list[Complaint]]:
    _bounded(text)
    loader = _LOADER(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return {}, []
        twice = list(_twice(root))
        try:
            value = loader.construct_document(root)
        except (ValueError, OverflowError):
            raise _UnusableError(
                "it holds a date or number that is none; put it in quotes if it is text"
            ) from None
    finally:
        loader.dispose()
    if value is None:
        return {}, []
    if not isinstance(value, dict):
        kind = "a list" if isinstance(value, list) else "a single value"
        raise _UnusableError(f"expected a mapping of settings, found {kind}")
    return value, twice


def _bounded(text: str) -> None:
    """Go through the events before anything is built: an alias costs nothing yet here."""
    aliases = depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        aliases += isinstance(event, yaml.AliasEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        line = event.start_mark.line + 1 if event.start_mark else 0
        if aliases > MOST_ALIASES:
            raise _UnusableError(
                f"expected at most {MOST_ALIASES} aliases (*name), found more in line {line}"
            )
        if depth > DEEPEST:
            raise _UnusableError(f"expected at most {DEEPEST} levels, found more in line {line}")
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise _UnusableError(f"expected no tags, found {_short(tag)} in line {line}")


def _short(tag: str) -> str:
    return f"!{tag.removeprefix('tag:yaml.org,2002:').lstrip('!')}"[:32]


def _twice(
    node: yaml.Node, steps: tuple[Step, ...] = (), above: tuple[yaml.Node, ...] = ()
) -> Iterator[Complaint]:
    """Find keys that are set twice, which YAML would settle in silence.

    Raises:
        _UnusableError: an alias stands for something that holds it.
    """
    if node in above:
        raise _UnusableError(f"the alias in {place(steps)} stands for something that holds itself")
    inside = (*above, node)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _twice(item, (*steps, index), inside)
    elif isinstance(node, yaml.MappingNode):
        first: dict[tuple[str, str], int] = {}
        for key, value in node.value:
            here = (*steps, str(key.value) if isinstance(key, yaml.ScalarNode) else "?")
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode):
                before = first.setdefault((key.tag, key.value), line)
                if before != line:
                    text = f"set twice, in lines {before} and {line}; keep one of them"
                    yield Complaint(place(here), text)
            yield from _twice(value, here, inside)
