"""The kind of value that is a URL of an API."""

import ipaddress
import re
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from service.settings.fields import EXPECTED, REFUSED, Text

_WHAT: Final = "the URL of an API such as http://gpu-1:8000/v1"
_LONGEST: Final = 2048
_PATTERN: Final = (
    r"^[Hh][Tt][Tt][Pp][Ss]?://"
    r"([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?|\[[0-9A-Fa-f:.]+\])"
    r"(:[0-9]{1,5})?"
    r"(/[^\s?#@\\]*)?$"
)
"""Read alike by Python and JavaScript. Names beyond ASCII are written as they travel: ``xn--``."""
_URL: Final = re.compile(_PATTERN)
_PORTS: Final = range(1, 65536)


def _no_secret(value: object) -> object:
    """Refuse, before anything else could repeat it, what may hold a password or a key."""
    if isinstance(value, str) and "@" in value:
        why = "a user name or password has no place in it; use api_key_env, api_key_file or headers"
        raise PydanticCustomError(REFUSED, "{why}", {"why": why})
    if isinstance(value, str) and ("?" in value or "#" in value):
        why = "a query has no place in it, as a key may stand there; use headers"
        raise PydanticCustomError(REFUSED, "{why}", {"why": why})
    return value


def _api(value: str) -> str:
    found = _URL.fullmatch(value)
    if found is None or not _can_be_dialled(found[1], found[3]):
        raise PydanticCustomError(EXPECTED, "{what}", {"what": _WHAT})
    return value


def _can_be_dialled(host: str, port: str | None) -> bool:
    if port is not None and int(port[1:]) not in _PORTS:
        return False
    if not host.startswith("["):
        return True
    try:
        ipaddress.IPv6Address(host[1:-1])
    except ValueError:
        return False
    return True


ApiUrl = Annotated[
    str,
    Text(_WHAT, longest=_LONGEST),
    AfterValidator(_api),
    BeforeValidator(_no_secret),
    WithJsonSchema({"type": "string", "pattern": _PATTERN, "maxLength": _LONGEST}),
]
"""An http or https URL with a host, and nothing in it that may be a secret."""
