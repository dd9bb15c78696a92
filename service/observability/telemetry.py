"""One place that is told what happened to integrations and tasks, and says it on.

It speaks on change: one line for each transition, none for each poll; a failure that lasts is
repeated at every tenth poll only, and so is a bug.
"""

from collections import Counter
from typing import Final

import structlog

from service.core.health import State
from service.core.reading import Answer, Outcome, Reading
from service.observability.metrics import Metrics

_REPEAT_EVERY: Final = 10
_log = structlog.get_logger()


class Telemetry:
    """Turns events into log lines and metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._crashes: Counter[str] = Counter()

    def registered(self, reading: Reading) -> None:
        """An integration is there now."""
        self._metrics.show(reading)
        _log.info("integration.registered", integration=reading.name, type=reading.type)

    def removed(self, name: str) -> None:
        """An integration is gone."""
        self._metrics.forget(name)
        del self._crashes[name]
        _log.info("integration.removed", integration=name)

    def polled(self, before: Reading, after: Reading, outcome: Outcome) -> None:
        """One poll is over."""
        self._metrics.polled(after, outcome)
        if after.health.ok_streak >= after.policy.thresholds.rise:
            del self._crashes[after.name]
        if after.health.state is not before.health.state:
            self._status_changed(before, after)
        elif isinstance(outcome, Answer):
            _log.debug("integration.polled", integration=after.name, models=len(after.models))
        else:
            self._failed_again(after, outcome.reason)

    def _status_changed(self, before: Reading, after: Reading) -> None:
        well = after.health.state.usable or after.policy.optional
        say = _log.info if well else _log.warning
        say(
            "integration.status_changed",
            integration=after.name,
            was=str(before.health.state),
            now=str(after.health.state),
            reason=after.health.reason,
            models=len(after.models),
        )

    def _failed_again(self, after: Reading, reason: str) -> None:
        fails = after.health.fail_streak
        lasting = after.health.state is State.DOWN and fails % _REPEAT_EVERY == 0
        say = _log.warning if lasting and not after.policy.optional else _log.debug
        say("integration.still_failing", integration=after.name, reason=reason, failures=fails)

    def discarded(self, name: str, *, lag: float) -> None:
        """A failure was not counted: this process itself was too late to have seen an answer."""
        _log.debug("poll.discarded", integration=name, lag_seconds=round(lag, 3))

    def crashed(self, name: str, error: BaseException) -> None:
        """An integration raised what it must not: a bug."""
        say = _log.debug if self._crashes[name] % _REPEAT_EVERY else _log.error
        self._crashes[name] += 1
        say("integration.crashed", integration=name, exc_info=error)

    def died(self, task: str, error: BaseException | None) -> None:
        """A background task died or was found stuck."""
        self._metrics.died(task)
        _log.critical("task.died", task=task, exc_info=error)
