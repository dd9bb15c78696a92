"""From settings to the values that the core decides with."""

from types import MappingProxyType

from service.core.catalogue import Rules
from service.core.health import Thresholds
from service.core.reading import Policy
from service.settings.integration import IntegrationSettings
from service.settings.schema import Settings


def rules(settings: Settings) -> Rules:
    """Give the operator's rules for the catalogue."""
    catalogue = settings.catalogue
    return Rules(
        default_model=catalogue.default_model,
        collisions=catalogue.collisions,
        stale_if_error=catalogue.stale_if_error,
        max_stale=catalogue.max_stale,
        aliases=MappingProxyType(dict(catalogue.aliases)),
        overrides=MappingProxyType(
            {
                name: MappingProxyType(override.model_dump(exclude_none=True))
                for name, override in catalogue.overrides.items()
            }
        ),
    )


def policy(
    settings: Settings, integration: IntegrationSettings, backoff_cap: float = 30.0
) -> Policy:
    """Say how one integration is polled and judged; what it leaves open is that of ``polling``.

    ``backoff_cap`` is the longest pause between trials while it is down, in seconds.
    """
    polling = settings.polling
    return Policy(
        interval=polling.interval if integration.interval is None else integration.interval,
        deadline=polling.timeout if integration.timeout is None else integration.timeout,
        backoff_cap=backoff_cap,
        thresholds=Thresholds(rise=settings.health.rise, fall=settings.health.fall),
        priority=integration.priority,
        optional=integration.optional,
        enabled=integration.enabled,
        include=integration.include,
        exclude=integration.exclude,
        prefix=integration.prefix,
    )
