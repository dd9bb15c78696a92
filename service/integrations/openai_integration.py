"""OpenAI: the models that it hosts for one account.

Its list is asked for and nothing else; that costs nothing.
"""

from collections.abc import Mapping
from typing import ClassVar, Final, Self

from multidict import CIMultiDict
from yarl import URL

from service.integrations.credentials import Credential
from service.integrations.engines.openai import OPENAI
from service.integrations.openai_compatible_integration import OpenAICompatibleIntegration
from service.settings import OpenAISettings

_URL: Final = "https://api.openai.com/v1"


class OpenAIIntegration(OpenAICompatibleIntegration):
    """The models of one account at OpenAI.

    Args:
        base_url: where the API begins.
        timeout: seconds one refresh may take, body included.
        organization: whose models, where the key has more than one organization.
        project: of which project.
        headers: sent with every request.
        credential: the key.
        verify_tls: whether certificates are checked.
    """

    kind: ClassVar[str] = "openai"
    fills_in: ClassVar[tuple[tuple[str, str], ...]] = OPENAI.fills_in
    backoff_cap: ClassVar[float] = 300.0

    def __init__(
        self,
        base_url: str | URL = _URL,
        timeout: float = 5.0,
        *,
        organization: str | None = None,
        project: str | None = None,
        headers: Mapping[str, str] | None = None,
        credential: Credential | None = None,
        verify_tls: bool = True,
    ) -> None:
        said = {"OpenAI-Organization": organization, "OpenAI-Project": project}
        sent = CIMultiDict({name: value for name, value in said.items() if value is not None})
        sent.update(headers or {})
        super().__init__(
            base_url,
            timeout,
            engine=OPENAI,
            headers=dict(sent),
            credential=credential,
            verify_tls=verify_tls,
        )

    @classmethod
    def configured(
        cls,
        settings: OpenAISettings,  # type: ignore[override]  # each type has its own
        *,
        timeout: float,
    ) -> Self:
        """Make one from its part of the configuration."""
        return cls(
            settings.base_url,
            timeout,
            organization=settings.organization,
            project=settings.project,
            headers=settings.headers,
            credential=Credential.named(settings.api_key_env, settings.api_key_file),
            verify_tls=settings.verify_tls,
        )
