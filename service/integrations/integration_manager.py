"""The manager: which integrations there are, and what they say together.

Usable as a library with no service around it, and the service's register of integrations: the
poller asks it what to poll, and is told when that changes.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self

from service.core.catalogue import Rules, compose
from service.core.moment import Moment
from service.core.printing import entry_document, health_document, model_document
from service.core.reading import Answer, Outcome, Policy, Reading, advance, freshness
from service.core.snapshot import Snapshot
from service.integrations.base_integration import BaseIntegration
from service.integrations.probe import probe

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,47}")
RESERVED: Final = frozenset({"health"})


class UnknownIntegrationError(LookupError):
    """There is no integration of that name."""


@dataclass(frozen=True, slots=True)
class Registration:
    """An integration under its name, and how it is polled and judged."""

    name: str
    integration: BaseIntegration
    policy: Policy


class IntegrationManager:
    """Coordinates integrations; a failure of one never reaches another.

    Last known good is kept: where an integration fails, what it last said is given, and when
    nothing is known at all, the default model.

    Args:
        rules: the operator's rules for the catalogue.
        wall: gives Unix time.
    """

    def __init__(
        self, *, rules: Rules | None = None, wall: Callable[[], float] = time.time
    ) -> None:
        self._rules = rules or Rules()
        self._wall = wall
        self._registrations: dict[str, Registration] = {}
        self._snapshot = Snapshot()
        self._listeners: list[Callable[[], None]] = []

    @property
    def registrations(self) -> Mapping[str, Registration]:
        """The registered integrations by name, in the order in which they came."""
        return MappingProxyType(self._registrations)

    def add_integration(
        self, name: str, integration: BaseIntegration, policy: Policy | None = None
    ) -> None:
        """Register ``integration`` under ``name``; it is polled from now on.

        Raises:
            ValueError: the name is taken, is ``health``, or is not one to be put in a URL.
        """
        if not NAME.fullmatch(name) or name in RESERVED:
            raise ValueError(
                f"{name!r} can't name an integration: expected up to 48 letters, digits, '.', '_'"
                " or '-', and not 'health'"
            )
        if name in self._registrations:
            raise ValueError(f"an integration named {name!r} is registered already")
        policy = policy or Policy(backoff_cap=integration.backoff_cap)
        self._registrations[name] = Registration(name, integration, policy)
        self._changed()

    async def remove_integration(self, name: str) -> None:
        """Take an integration out and close it; its models go with it.

        Raises:
            UnknownIntegrationError: there is none of that name.
        """
        registration = self._registration(name)
        del self._registrations[name]
        self._snapshot = self._snapshot.without(name)
        self._changed()
        await registration.integration.close()

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` whenever an integration was added or removed."""
        self._listeners.append(listener)

    async def get_all_models(self) -> list[dict[str, Any]]:
        """Ask all integrations at once, and give one catalogue in the OpenAI form.

        Entries are those of ``GET /v1/models``. Never empty because of errors.
        """
        await self._ask(self._registrations)
        return self._listed()

    async def get_models_from(self, name: str) -> list[dict[str, Any]]:
        """Ask one integration for its models; what it last said where it can't answer.

        Raises:
            UnknownIntegrationError: there is none of that name.
        """
        self._registration(name)
        await self._ask([name])
        # It may have been removed meanwhile, and even been given anew.
        reading = self._snapshot.readings.get(name) or first_reading(self._registration(name))
        return [model_document(model, owned_by=name) for model in reading.models]

    async def health_check(self) -> dict[str, dict[str, Any]]:
        """Ask all integrations at once how they are, in the form of ``/v1/integrations/health``."""
        await self._ask(self._registrations)
        return self._how_they_are()

    async def check(self) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
        """Ask all integrations once, and give both: how they are, and the catalogue."""
        await self._ask(self._registrations)
        return self._how_they_are(), self._listed()

    def _listed(self) -> list[dict[str, Any]]:
        catalogue = compose(self._snapshot, self._rules, mono=self._now().mono)
        return [entry_document(entry) for entry in catalogue.entries]

    def _how_they_are(self) -> dict[str, dict[str, Any]]:
        return {
            reading.name: health_document(
                reading,
                freshness(
                    reading,
                    mono=self._now().mono,
                    stale_if_error=self._rules.stale_if_error,
                    max_stale=self._rules.max_stale,
                ),
            )
            for reading in self._snapshot
        }

    async def close(self) -> None:
        """Close every integration."""
        await asyncio.gather(
            *(registration.integration.close() for registration in self._registrations.values()),
            return_exceptions=True,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _ask(self, names: Mapping[str, Registration] | list[str]) -> None:
        registrations = [self._registration(name) for name in names]
        outcomes = await asyncio.gather(*(self._probe(item) for item in registrations))
        for registration, outcome in zip(registrations, outcomes, strict=True):
            if self._registrations.get(registration.name) is registration:
                self._note(registration, outcome)

    async def _probe(self, registration: Registration) -> Outcome:
        if not registration.policy.enabled:
            return Answer(models=(), latency=0.0)
        return await probe(registration.integration, deadline=registration.policy.deadline)

    def _note(self, registration: Registration, outcome: Outcome) -> None:
        before = self._snapshot.readings.get(registration.name) or first_reading(registration)
        self._snapshot = self._snapshot.with_reading(advance(before, outcome, now=self._now()))

    def _registration(self, name: str) -> Registration:
        try:
            return self._registrations[name]
        except KeyError:
            raise UnknownIntegrationError(f"no integration is named {name!r}") from None

    def _now(self) -> Moment:
        return Moment(asyncio.get_running_loop().time(), self._wall())

    def _changed(self) -> None:
        for listener in self._listeners:
            listener()


def first_reading(registration: Registration) -> Reading:
    """Give what is known of an integration before its first probe."""
    return Reading(
        name=registration.name, type=registration.integration.kind, policy=registration.policy
    )
