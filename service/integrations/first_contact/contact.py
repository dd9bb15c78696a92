"""What first contact brought: who answers at an address, with what, or why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from yarl import URL

from service.core.model import Model
from service.integrations.first_contact.findings import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """What was found behind one address.

    ``url`` is what an integration would be given. ``engine`` is ``None`` where nobody answered as a
    model server; then ``finding`` says why. A server that answers well may have one too.
    ``latency`` is in seconds. ``settings`` is what stands for it in a configuration, but its name;
    of one that does not give its list, a guess.
    """

    url: str
    engine: str | None = None
    version: str | None = None
    models: Sequence[Model] = ()
    latency: float | None = None
    finding: Finding | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def well(self) -> bool:
        """Whether it gives its list."""
        return self.engine is not None

    @property
    def port(self) -> int:
        """The port that was asked."""
        return URL(self.url).port or 0
