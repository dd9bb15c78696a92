"""The settings of an integration of type ``ollama``."""

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from service.settings.fields import EXPECTED, REFUSED, Text
from service.settings.integration import HttpIntegrationSettings

_NO_ADDRESS: Final = re.compile(r"[\s?#\\<>\"]")
_HOST: Final = "a host, host:port, or a URL such as http://localhost:11434"


def _address(value: str) -> str:
    """Refuse what can't be an address; the integration reads the many forms that can."""
    if "@" in value:  # never echoed: a password may stand before it
        why = "a user name or password has no place in it; use headers instead"
        raise PydanticCustomError(REFUSED, "{why}", {"why": why})
    if _NO_ADDRESS.search(value):
        raise PydanticCustomError(EXPECTED, "{what}", {"what": _HOST})
    return value


def _unquoted_off(value: object) -> object:
    """YAML 1.1 reads a bare ``off`` as false."""
    return "off" if value is False else value


class OllamaSettings(HttpIntegrationSettings):
    """One Ollama server."""

    type: Literal["ollama"]
    """What it talks to: ollama. Required."""
    host: Annotated[str, Text(_HOST, longest=2048), AfterValidator(_address)] | None = None
    """Where Ollama is, in any form of OLLAMA_HOST. Default: null, which is OLLAMA_HOST or, without
    it, http://ollama:11434 in a container and http://localhost:11434 elsewhere."""
    cli_fallback: Annotated[
        str,
        Text("auto, off or an absolute path", longest=4096, pattern=r"^(auto|off|/.*)$"),
        BeforeValidator(_unquoted_off),
        WithJsonSchema(
            {"anyOf": [{"enum": ["auto", "off", False]}, {"type": "string", "pattern": "^/"}]}
        ),
    ] = "auto"
    """Whether `ollama list` is asked when the server can't be reached: auto (if ollama is on the
    PATH, and not in a container), off, or the absolute path of ollama. Default: auto."""
