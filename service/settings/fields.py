"""The kinds of value that settings are made of, each with the words for what it expects.

Every kind is a marker for ``Annotated``: it gives pydantic the check, the JSON Schema its form, and
a complaint of ours the sentence ``expected …``. No wording of pydantic reaches an operator.
They are plain classes: a dataclass would cost a millisecond at every start.
"""

from typing import Annotated, Any, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from service.core.canonical import ID_CEILING, TEXT_CEILING, text
from service.settings.durations import PATTERN, seconds, written
from service.settings.places import choice

EXPECTED = "expected"
"""The type of an error whose context says ``what`` was expected, and which names are ``known``."""
REFUSED = "refused"
"""The type of an error whose context says ``why``; what was found is not repeated."""


def _expecting(
    schema: core_schema.CoreSchema, what: str, known: tuple[str, ...] = ()
) -> core_schema.CoreSchema:
    return core_schema.custom_error_schema(
        schema,
        EXPECTED,
        custom_error_message=what,
        custom_error_context={"what": what, "known": known},
    )


class Expected:
    """Whatever the type says, in our words."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return _expecting(handler(source), self.what)


class OneOf:
    """One of the names of a ``Literal``; a name that is close to one of them is pointed out."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        names = get_args(source)
        return _expecting(handler(source), choice(names), names)


class Whole:
    """A whole number from ``low`` to ``high``; ``true`` is none, nor is ``8.0``."""

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high

    def __get_pydantic_core_schema__(
        self, _source: Any, _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        number = core_schema.int_schema(strict=True, ge=self.low, le=self.high)
        return _expecting(number, f"a whole number from {self.low} to {self.high}")


class Duration:
    """A duration from ``low`` to ``high`` seconds, kept as seconds and dumped as text."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    def __get_pydantic_core_schema__(
        self, _source: Any, _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._read,
            serialization=core_schema.plain_serializer_function_ser_schema(
                written, when_used="json"
            ),
        )

    def __get_pydantic_json_schema__(
        self, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {
            "anyOf": [
                {"type": "string", "pattern": PATTERN},
                {"type": "number", "minimum": self.low, "maximum": self.high},
            ],
        }

    def _read(self, value: Any) -> float:
        read = seconds(value)
        if read is None or not self.low <= read <= self.high:
            what = f"a duration such as 30s, from {written(self.low)} to {written(self.high)}"
            raise PydanticCustomError(EXPECTED, "{what}", {"what": what})
        return read


class Text:
    """One line of printable text, not empty, of at most ``longest`` characters.

    ``what`` is the end of the sentence ``expected …``. ``pattern`` is a regular expression that
    Rust and JavaScript read alike; ``reserved`` are texts that are taken.
    """

    def __init__(
        self,
        what: str,
        *,
        longest: int = TEXT_CEILING,
        pattern: str | None = None,
        reserved: tuple[str, ...] = (),
    ) -> None:
        self.what, self.longest, self.pattern, self.reserved = what, longest, pattern, reserved

    def __get_pydantic_core_schema__(
        self, _source: Any, _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        line = core_schema.str_schema(
            strict=True, min_length=1, max_length=self.longest, pattern=self.pattern
        )
        checked = core_schema.no_info_after_validator_function(self._check, line)
        return _expecting(checked, self.what)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        form = handler(schema)
        return {**form, "not": {"enum": list(self.reserved)}} if self.reserved else form

    def _check(self, value: str) -> str:
        if value in self.reserved or text(value, ceiling=self.longest) != value:
            raise ValueError
        return value


Switch = Annotated[bool, Expected("true or false")]
ModelId = Annotated[
    str, Text(f"the id of a model, 1 to {ID_CEILING} printable characters", longest=ID_CEILING)
]
