"""Where Ollama is: every form of ``OLLAMA_HOST``, and the default for a host or a container.

The forms and their defaults are those of Ollama's own envconfig/config.go (``Host``), with two
differences that Ollama's clients make too: an address to listen on is dialled on loopback, and an
empty host is loopback.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from yarl import URL

IN_CONTAINER: Final = "http://ollama:11434"
ON_HOST: Final = "http://localhost:11434"
_PORT: Final = 11434
_SCHEME_PORTS: Final = {"http": 80, "https": 443}
_NO_HOST: Final = re.compile(r"[\s?#\\<>\"%]")
_PORT_TEXT: Final = re.compile(r"[0-9]{1,5}")
_NO_PATH: Final = re.compile(r"[\s?#\\]")
_LISTEN_TO_ALL: Final = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- translated, not bound


def parse_ollama_host(text: str) -> URL:
    """Read one of the forms of ``OLLAMA_HOST`` into the URL to dial.

    Raises:
        ValueError: it holds a user name or password, or is no address at all.
    """
    trimmed = text.strip().strip("\"'").strip()
    scheme, separator, rest = trimmed.partition("://")
    if not separator:
        rest = trimmed
        scheme = "https" if rest.partition("/")[0] == "ollama.com" else ""
    default_port = _SCHEME_PORTS.get(scheme.lower(), _PORT)
    authority, slash, path = rest.partition("/")
    # In the path as well: a password with a slash in it ends up there.
    if "@" in rest:
        raise ValueError("a user name or password has no place in it; use headers instead")
    host, port = _split(authority, default_port)
    if port == 0 or _NO_HOST.search(host) or _NO_PATH.search(path):
        raise ValueError("expected a host, host:port, or a URL such as http://localhost:11434")
    return URL.build(
        scheme="https" if scheme.lower() == "https" else "http",
        host=_LISTEN_TO_ALL.get(host, host),
        port=port,
        path=(slash + path).rstrip("/"),
    )


def _split(authority: str, default_port: int) -> tuple[str, int]:
    """Split ``host:port``; a port that is none falls back to the default, as in Ollama."""
    if authority.startswith("["):
        host, _, after = authority[1:].partition("]")
        port = after.removeprefix(":")
    elif authority.count(":") > 1:
        host, port = authority, ""
    else:
        host, _, port = authority.partition(":")
    # Python refuses to read thousands of digits: the pattern keeps them out.
    if not _PORT_TEXT.fullmatch(port) or int(port) > 65535:  # noqa: PLR2004 -- the last port
        return host, default_port
    return host, int(port)


def in_container(*, environ: Mapping[str, str], root: Path = Path("/")) -> bool:
    """Tell a container from a host: by Kubernetes' variable, or by the runtimes' marker files."""
    if "KUBERNETES_SERVICE_HOST" in environ:
        return True
    return (root / ".dockerenv").exists() or (root / "run" / ".containerenv").exists()


def default_host(*, environ: Mapping[str, str] | None = None, root: Path = Path("/")) -> str:
    """Give ``OLLAMA_HOST``, else where Ollama usually is: in another container, or on this host."""
    environ = os.environ if environ is None else environ
    if said := environ.get("OLLAMA_HOST", "").strip():
        return said
    return IN_CONTAINER if in_container(environ=environ, root=root) else ON_HOST
