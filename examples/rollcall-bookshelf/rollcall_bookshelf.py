"""Lists the models of a bookshelf, a service with an API of its own."""

from typing import Any, Self

from service.core.canonical import canonical_list, described
from service.core.model import Model
from service.core.reasons import Reason
from service.integrations import BadAnswerError, Credential, HttpIntegration, OptionsError, Refresh
from service.settings import PluginSettings


class Bookshelf(HttpIntegration):
    """``GET /books`` answers ``{"books": [{"title": "poet:7b", "pages": 8192}]}``."""

    kind = "bookshelf"

    @classmethod
    def configured(cls, settings: PluginSettings, *, timeout: float) -> Self:
        """Make one from its part of the configuration."""
        url = settings.options.get("url")
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise OptionsError("url: expected where the bookshelf is, such as http://shelf:7000")
        return cls(
            url,
            timeout=timeout,
            headers=settings.headers,
            credential=Credential.named(settings.api_key_env, settings.api_key_file),
            verify_tls=settings.verify_tls,
        )

    async def look(self) -> Refresh:
        """Look once at everything a poll wants to know."""
        shelf = (await self.document("books")).value
        if not isinstance(shelf, dict) or not isinstance(shelf.get("books"), list):
            raise BadAnswerError(Reason.BAD_BODY)
        checked = canonical_list(_model(book) for book in shelf["books"])
        return Refresh(models=checked.models, dropped=checked.dropped)


def _model(book: Any) -> Model | None:
    """Read one book; ``None`` is counted as an entry that was no model."""
    if not isinstance(book, dict):
        return None
    return described(book.get("title"), details={"context_length": book.get("pages")})
