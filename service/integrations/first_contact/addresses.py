"""Where else the list may be, when it is not where the address says."""

import re
from typing import Final

from yarl import URL

from service.integrations.openai_compatible_integration import with_api_path

MOST: Final = 8
_ENDPOINT: Final = re.compile(
    r"/(models|chat/completions|completions|embeddings|responses"
    r"|api/(tags|version|ps|show|chat|generate|embed))$"
)
"""What people copy out of an example along with the address."""
_REPEATED: Final = re.compile(r"(/v1)(?:/v1)+(?=/|$)")
_USUAL: Final = ("/v1", "/api/v1", "/engines/v1", "/openai/v1", "/v1beta", "/openai", "/api")


def list_of(base: URL) -> URL:
    """Give the address of OpenAI's list below ``base``."""
    return with_api_path(base) / "models"


def server_of(base: URL) -> URL:
    """Give the address below which Ollama's own API would be."""
    return base.with_path(base.path.rstrip("/").removesuffix("/v1"))


def twice(base: URL) -> bool:
    """Say whether ``/v1`` stands twice in the address."""
    return _REPEATED.search(base.path) is not None


def alternatives(base: URL) -> list[URL]:
    """List bases of OpenAI's list that are worth a look, the likeliest first."""
    asked = with_api_path(base).path
    tidy = _ENDPOINT.sub("", asked)
    once = _REPEATED.sub(r"\1", tidy)
    above = once.rpartition("/")[0]
    paths = [once, tidy, f"{tidy}/v1", above, f"{above}/v1", *_USUAL]
    # An empty path is no other place: /v1 is added to it.
    fresh = [path for path in dict.fromkeys(paths) if path not in ("", asked)]
    return [base.with_path(path) for path in fresh if not _REPEATED.search(path)][:MOST]


def ollama_alternatives(base: URL) -> list[URL]:
    """List where Ollama's own API may be instead."""
    tidy = _ENDPOINT.sub("", base.path).removesuffix("/api")
    paths = (_REPEATED.sub(r"\1", tidy).removesuffix("/v1"), "")
    asked = server_of(base).path.rstrip("/")
    fresh = [path for path in dict.fromkeys(paths) if path != asked]
    return [base.with_path(path) for path in fresh]


def in_short(url: URL) -> str:
    """Write an address as people do, without a slash at its end."""
    return str(url).rstrip("/")
