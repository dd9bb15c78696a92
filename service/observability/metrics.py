"""Metrics for Prometheus. Labels come from the configuration and from our own fixed lists only."""

from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from service.core.health import State
from service.core.reading import Answer, Outcome, Reading

_POLL_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """One registry and what is counted in it; every application has its own."""

    def __init__(self, *, version: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._polls = Counter(
            "rollcall_polls",
            "Polls, by what came of them: ok, or the code of the cause",
            ["integration", "result"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "rollcall_poll_duration_seconds",
            "Seconds that a poll took, from the look-up of the name to the last byte",
            ["integration"],
            buckets=_POLL_BUCKETS,
            registry=self.registry,
        )
        self._states = Gauge(
            "rollcall_integration_state",
            "1 for the state that the integration is in, 0 for all others",
            ["integration", "state"],
            registry=self.registry,
        )
        self._models = Gauge(
            "rollcall_integration_models",
            "Models last known of the integration",
            ["integration"],
            registry=self.registry,
        )
        self._dropped = Gauge(
            "rollcall_integration_dropped_entries",
            "Entries of the last list that were no usable models",
            ["integration"],
            registry=self.registry,
        )
        self._requests = Counter(
            "rollcall_http_requests",
            "Requests answered, by route and class of the status code",
            ["route", "code_class"],
            registry=self.registry,
        )
        self._deaths = Counter(
            "rollcall_task_deaths",
            "Background tasks that died or were found stuck",
            ["task"],
            registry=self.registry,
        )
        self._info = Gauge(
            "rollcall_build_info", "1, with the version", ["version"], registry=self.registry
        )
        self._info.labels(version).set(1)
        self._by_route: dict[tuple[str, int], Callable[[], None]] = {}

    def gauge(self, name: str, text: str, read: Callable[[], float | None]) -> None:
        """Add a gauge that is read when it is scraped; left out while ``read`` gives ``None``."""
        self.registry.register(_Read(name, text, read))

    def polled(self, reading: Reading, outcome: Outcome) -> None:
        """Count one poll and show where it left the integration."""
        result = "ok" if isinstance(outcome, Answer) else str(outcome.reason)
        self._polls.labels(reading.name, result).inc()
        self._seconds.labels(reading.name).observe(outcome.latency)
        self.show(reading)

    def show(self, reading: Reading) -> None:
        """Show the state of an integration."""
        for state in State:
            self._states.labels(reading.name, str(state)).set(state is reading.health.state)
        self._models.labels(reading.name).set(len(reading.models))
        self._dropped.labels(reading.name).set(reading.dropped)

    def forget(self, name: str) -> None:
        """Drop the gauges of an integration that was removed; its counters stay."""
        self._states.remove_by_labels({"integration": name})
        self._models.remove_by_labels({"integration": name})
        self._dropped.remove_by_labels({"integration": name})

    def answered(self, route: str, status: int) -> None:
        """Count one request."""
        key = (route, status // 100)
        count = self._by_route.get(key)
        if count is None:
            # Looking a child up by its labels costs more than counting.
            count = self._by_route[key] = self._requests.labels(route, f"{key[1]}xx").inc
        count()

    def died(self, task: str) -> None:
        """Count a task that died or was stuck."""
        self._deaths.labels(task).inc()


class _Read(Collector):
    def __init__(self, name: str, text: str, read: Callable[[], float | None]) -> None:
        self._name, self._text, self._read = name, text, read

    def collect(self) -> Iterable[Metric]:
        value = self._read()
        if value is not None:
            yield GaugeMetricFamily(self._name, self._text, value=value)
