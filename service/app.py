"""The composition root: the only place that knows every room.

Everything is built here once and handed inward by constructor; there is no global state.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from aiohttp import web

from service import __version__
from service.core.moment import Moment
from service.core.schedule import Uniform
from service.integrations import INTEGRATIONS, IntegrationManager, plugged_in
from service.observability.metrics import Metrics
from service.observability.telemetry import Telemetry
from service.polling import LagMonitor, Supervisor, supervised
from service.publication import Publication
from service.settings import PluginSettings, Settings, policy, rules
from service.store import MemoryStore
from service.vitals import Vitals
from service.web import WebContext, create_web_app


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The whole service, built and not yet running: it runs while ``web_app`` does."""

    manager: IntegrationManager
    store: MemoryStore
    publication: Publication
    vitals: Vitals
    metrics: Metrics
    web_app: web.Application


def build_manager(
    settings: Settings, *, wall: Callable[[], float] = time.time
) -> IntegrationManager:
    """Make the configured integrations and register them.

    Raises:
        ValueError: one of them can't be made; the text says which, and why.
    """
    manager = IntegrationManager(rules=rules(settings), wall=wall)
    for configured in settings.integrations:
        judged = policy(settings, configured)
        if isinstance(configured, PluginSettings):
            integration = plugged_in(configured, timeout=judged.deadline)
        else:
            kind = INTEGRATIONS[configured.type]
            integration = kind.configured(configured, timeout=judged.deadline)
        manager.add_integration(
            configured.name,
            integration,
            policy(settings, configured, backoff_cap=integration.backoff_cap),
        )
    return manager


def build(
    settings: Settings,
    *,
    manager: IntegrationManager | None = None,
    rng: Uniform | None = None,
    wall: Callable[[], float] = time.time,
) -> Service:
    """Build the service; a loop must be running.

    Args:
        settings: the effective configuration.
        manager: the integrations; made from ``settings`` where none is given.
        rng: where jitter comes from.
        wall: gives Unix time.
    """
    loop = asyncio.get_running_loop()

    def now() -> Moment:
        return Moment(loop.time(), wall())

    manager = manager or build_manager(settings, wall=wall)
    store = MemoryStore()
    vitals = Vitals()
    metrics = Metrics(version=__version__)
    telemetry = Telemetry(metrics)
    publication = Publication(rules=rules(settings), now=now, grace=settings.polling.startup_grace)
    lag = LagMonitor()
    supervisor = Supervisor(
        manager,
        store=store,
        vitals=vitals,
        max_concurrent=settings.polling.max_concurrent,
        now=now,
        rng=rng or random.Random(),  # noqa: S311 -- jitter, not a secret
        lag=lag,
        telemetry=telemetry,
    )
    _add_gauges(metrics, publication=publication, vitals=vitals, lag=lag, now=now)
    web_app = create_web_app(
        WebContext(
            publication=publication,
            vitals=vitals,
            metrics=metrics,
            now=now,
            version=__version__,
            fail_on=settings.health.fail_on,
            min_healthy=settings.health.minimum,
            access_log=settings.server.access_log,
        )
    )

    def died(task: str, error: BaseException | None) -> None:
        telemetry.died(task, error)
        vitals.stall(task, mono=now().mono)

    async def background(_: web.Application) -> AsyncIterator[None]:
        tasks = {
            "supervisor": supervisor.run(),
            "publisher": publication.follow(store.watch()),
            "lag-monitor": lag.run(),
        }
        async with AsyncExitStack() as stack:
            stack.push_async_callback(manager.close)
            for name, work in tasks.items():
                _task = await stack.enter_async_context(supervised(work, name=name, on_death=died))
            yield

    web_app.cleanup_ctx.append(background)
    return Service(
        manager=manager,
        store=store,
        publication=publication,
        vitals=vitals,
        metrics=metrics,
        web_app=web_app,
    )


def _add_gauges(
    metrics: Metrics,
    *,
    publication: Publication,
    vitals: Vitals,
    lag: LagMonitor,
    now: Callable[[], Moment],
) -> None:
    def age() -> float | None:
        oldest = publication.current.oldest
        return None if oldest is None else now().mono - oldest

    metrics.gauge("rollcall_snapshot_age_seconds", "Age of the oldest list that is served", age)
    metrics.gauge(
        "rollcall_catalogue_models",
        "Models in the catalogue",
        lambda: float(len(publication.current.printed)),
    )
    metrics.gauge(
        "rollcall_catalogue_changed_timestamp_seconds",
        "When the catalogue last changed",
        lambda: publication.current.changed.wall or None,
    )
    metrics.gauge(
        "rollcall_poller_stalled",
        "1 while a background task makes no progress",
        lambda: float(vitals.stalled),
    )
    metrics.gauge("rollcall_draining", "1 while the process drains", lambda: float(vitals.draining))
    metrics.gauge(
        "rollcall_event_loop_lag_seconds",
        "Worst lag of the event loop in the last minute",
        lambda: lag.worst_since(now().mono - 60.0),
    )
