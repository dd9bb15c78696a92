"""YAML from strangers as plain values: bounded, without tags, and with times left as text.

The values are built from the parser's events. The library's own way makes a tree of nodes first,
several objects for each value, and the garbage collector going through hundreds of thousands of
them would stop the event loop for longer than a probe may be late.
"""

from collections.abc import Iterator
from typing import Any, Final

import yaml

DEEPEST: Final = 16
MOST_VALUES: Final = 500_000
"""Twice what 10,000 models with twenty facts each come to."""
_TAG: Final = "tag:yaml.org,2002:"
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def plain_values(text: str) -> Any:
    """Read one document.

    Raises:
        ValueError: it is no YAML, holds a tag or an alias of nothing, or is too deep or too much.
    """
    builder = _Builder(text)
    try:
        return builder.document()
    except (yaml.YAMLError, OverflowError):
        raise ValueError("no YAML") from None
    finally:
        builder.dispose()


class _Builder:
    """Builds values out of events. An alias gives the very value that it stands for, uncopied."""

    def __init__(self, text: str) -> None:
        self._loader = _LOADER(text)
        self.dispose = self._loader.dispose
        self._anchored: dict[str, Any] = {}
        self._values = 0

    def document(self) -> Any:
        """Build the only document that there is; no document is ``None``."""
        value = None
        documents = 0
        for event in iter(self._loader.get_event, None):
            if isinstance(event, yaml.NodeEvent):
                value = self._value(event, 0)
            documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > 1:
            raise ValueError("more than one document")
        return value

    def _value(self, event: Any, depth: int) -> Any:
        self._count(1)
        if depth > DEEPEST or getattr(event, "tag", None) is not None:
            raise ValueError("too deep, or with a tag")
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchored:
                raise ValueError("an alias of nothing, or of what holds it")
            return self._anchored[event.anchor]
        value: Any
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = [self._value(item, depth + 1) for item in self._inside()]
        else:
            value = self._mapping(depth + 1)
        if event.anchor:
            self._anchored[event.anchor] = value
        return value

    def _mapping(self, depth: int) -> dict[Any, Any]:
        """Build a mapping; what is merged into it by ``<<`` gives way to what it says itself."""
        own: dict[Any, Any] = {}
        merged: dict[Any, Any] = {}
        for event in self._inside():
            if not isinstance(event, yaml.ScalarEvent):
                raise ValueError("a key that is no single value")  # noqa: TRY004 -- of the document
            key = self._value(event, depth)
            value = self._value(self._loader.get_event(), depth)
            if key == "<<" and event.implicit[0]:
                for other in value if isinstance(value, list) else [value]:
                    if not isinstance(other, dict):
                        raise ValueError("a merge of no mapping")  # noqa: TRY004 -- as above
                    self._count(len(other))
                    for name, item in other.items():
                        merged.setdefault(name, item)
            else:
                own[key] = value
        return merged | own if merged else own

    def _inside(self) -> Iterator[Any]:
        """Give the events up to the end of the collection that has begun."""
        while not isinstance(event := self._loader.get_event(), yaml.CollectionEndEvent):
            yield event

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        tag = self._loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        if tag.removeprefix(_TAG) in ("null", "bool", "int", "float"):
            made = self._loader.yaml_constructors[tag]
            return made(self._loader, yaml.ScalarNode(tag, event.value))
        return event.value

    def _count(self, values: int) -> None:
        self._values += values
        if self._values > MOST_VALUES:
            raise ValueError("too much")
