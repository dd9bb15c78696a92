"""Anthropic: the models that it hosts for one account.

Its list is asked for, all pages of it, and nothing else; that costs nothing.
"""

from collections.abc import Mapping
from typing import ClassVar, Final, Self

from multidict import CIMultiDict
from yarl import URL

from service.integrations.credentials import Credential
from service.integrations.engines.anthropic import ANTHROPIC
from service.integrations.openai_compatible_integration import OpenAICompatibleIntegration
from service.settings import AnthropicSettings

_URL: Final = "https://api.anthropic.com/v1"
_VERSION: Final = {"anthropic-version": "2023-06-01"}
"""Of the API; without it every request is refused. Newer fields come with this one too."""


class AnthropicIntegration(OpenAICompatibleIntegration):
    """The models of one account at Anthropic.

    Args:
        base_url: where the API begins.
        timeout: seconds one refresh may take, all pages of the list included.
        headers: sent with every request.
        credential: the key.
        verify_tls: whether certificates are checked.
    """

    kind: ClassVar[str] = "anthropic"
    fills_in: ClassVar[tuple[tuple[str, str], ...]] = ANTHROPIC.fills_in
    backoff_cap: ClassVar[float] = 300.0

    def __init__(
        self,
        base_url: str | URL = _URL,
        timeout: float = 5.0,
        *,
        headers: Mapping[str, str] | None = None,
        credential: Credential | None = None,
        verify_tls: bool = True,
    ) -> None:
        sent = CIMultiDict(_VERSION)
        sent.update(headers or {})
        super().__init__(
            base_url,
            timeout,
            engine=ANTHROPIC,
            headers=dict(sent),
            credential=credential,
            verify_tls=verify_tls,
        )

    @classmethod
    def configured(
        cls,
        settings: AnthropicSettings,  # type: ignore[override]  # each type has its own
        *,
        timeout: float,
    ) -> Self:
        """Make one from its part of the configuration."""
        return cls(
            settings.base_url,
            timeout,
            headers=settings.headers,
            credential=Credential.named(settings.api_key_env, settings.api_key_file),
            verify_tls=settings.verify_tls,
        )
