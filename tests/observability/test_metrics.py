"""What is counted, as a scrape sees it."""

import re
from typing import Any, Final

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from service.core.health import Health, State
from service.core.model import Model
from service.core.moment import Moment
from service.core.reading import Answer, Failure, Outcome, Policy, Reading, advance
from service.core.reasons import Reason
from service.observability.metrics import Metrics

Labels = dict[str, str]
ANSWER: Final = Answer(models=[Model(id="m1"), Model(id="m2")], latency=0.3, dropped=4)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(version="1.2.3")


def scraped(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Read the exposition back, as a server of Prometheus does."""
    text = generate_latest(metrics.registry).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return scraped(metrics).get((name, frozenset(labels.items())))


def told_of(metrics: Metrics, integration: str) -> set[str]:
    return {name for name, labels in scraped(metrics) if ("integration", integration) in labels}


def polled(metrics: Metrics, reading: Reading, *outcomes: Outcome) -> Reading:
    for number, outcome in enumerate(outcomes):
        reading = advance(reading, outcome, now=Moment(float(number), float(number)))
        metrics.polled(reading, outcome)
    return reading


def test_polls_are_counted_by_what_came_of_them(metrics: Metrics) -> None:
    refused, slow = Failure(reason=Reason.REFUSED), Failure(reason=Reason.TIMEOUT, latency=5.0)
    polled(metrics, Reading(name="a"), ANSWER, refused, refused, ANSWER, slow, ANSWER)
    polled(metrics, Reading(name="b"), refused)
    counts = {
        (integration, result): value(
            metrics, "rollcall_polls_total", integration=integration, result=result
        )
        for integration in ("a", "b")
        for result in ("ok", "refused", "timeout")
    }
    assert counts == {
        ("a", "ok"): 3,
        ("a", "refused"): 2,
        ("a", "timeout"): 1,
        ("b", "ok"): None,
        ("b", "refused"): 1,
        ("b", "timeout"): None,
    }


def test_durations_are_seconds_in_buckets(metrics: Metrics) -> None:
    polled(metrics, Reading(name="a"), ANSWER, Failure(reason=Reason.TIMEOUT, latency=5.0))
    name = "rollcall_poll_duration_seconds"
    assert value(metrics, f"{name}_count", integration="a") == 2
    assert value(metrics, f"{name}_sum", integration="a") == pytest.approx(5.3)
    assert value(metrics, f"{name}_bucket", integration="a", le="0.25") == 0
    assert value(metrics, f"{name}_bucket", integration="a", le="0.5") == 1
    assert value(metrics, f"{name}_bucket", integration="a", le="5.0") == 2


@pytest.mark.parametrize("state", State)
def test_exactly_one_state_is_shown_and_it_is_the_one(metrics: Metrics, state: State) -> None:
    metrics.show(Reading(name="a", health=Health(state=State.HEALTHY)))
    metrics.show(Reading(name="a", health=Health(state=state)))
    shown = {
        each: value(metrics, "rollcall_integration_state", integration="a", state=str(each))
        for each in State
    }
    assert shown == {each: float(each is state) for each in State}


def test_models_and_dropped_entries_are_those_last_known(metrics: Metrics) -> None:
    reading = polled(metrics, Reading(name="a"), ANSWER)
    polled(metrics, reading, Failure(reason=Reason.REFUSED))
    assert value(metrics, "rollcall_integration_models", integration="a") == 2
    assert value(metrics, "rollcall_integration_dropped_entries", integration="a") == 4
    polled(metrics, reading, Answer(models=[], latency=0.1))
    assert value(metrics, "rollcall_integration_models", integration="a") == 0
    assert value(metrics, "rollcall_integration_dropped_entries", integration="a") == 0


def test_of_an_integration_that_is_gone_only_counters_stay(metrics: Metrics) -> None:
    polled(metrics, Reading(name="gone"), ANSWER)
    polled(metrics, Reading(name="stays"), ANSWER)
    before = told_of(metrics, "stays")
    metrics.forget("gone")
    assert told_of(metrics, "stays") == before
    assert {name for name in before if name.startswith("rollcall_integration_")}
    assert told_of(metrics, "gone") == {
        name for name in before if not name.startswith("rollcall_integration_")
    }
    assert value(metrics, "rollcall_polls_total", integration="gone", result="ok") == 1


def test_forgetting_what_was_never_there_hurts_nobody(metrics: Metrics) -> None:
    metrics.show(Reading(name="a"))
    metrics.forget("b")
    assert value(metrics, "rollcall_integration_models", integration="a") == 0


def test_requests_are_counted_by_route_and_class_of_the_code(metrics: Metrics) -> None:
    for status in (200, 204, 304, 404, 429, 500, 503, 503):
        metrics.answered("/v1/models", status)
    metrics.answered("/livez", 200)
    counts = {
        (route, code): value(metrics, "rollcall_http_requests_total", route=route, code_class=code)
        for route in ("/v1/models", "/livez")
        for code in ("2xx", "3xx", "4xx", "5xx")
    }
    assert counts == {
        ("/v1/models", "2xx"): 2,
        ("/v1/models", "3xx"): 1,
        ("/v1/models", "4xx"): 2,
        ("/v1/models", "5xx"): 3,
        ("/livez", "2xx"): 1,
        ("/livez", "3xx"): None,
        ("/livez", "4xx"): None,
        ("/livez", "5xx"): None,
    }


def test_a_gauge_is_read_when_it_is_scraped_and_left_out_where_there_is_nothing(
    metrics: Metrics,
) -> None:
    values = iter([1.5, None, 2.5])
    metrics.gauge("rollcall_snapshot_age_seconds", "Age", lambda: next(values))
    assert value(metrics, "rollcall_snapshot_age_seconds") == 1.5
    assert value(metrics, "rollcall_snapshot_age_seconds") is None
    assert value(metrics, "rollcall_snapshot_age_seconds") == 2.5


def test_deaths_are_counted_by_task(metrics: Metrics) -> None:
    metrics.died("poll:a")
    metrics.died("poll:a")
    metrics.died("publisher")
    assert value(metrics, "rollcall_task_deaths_total", task="poll:a") == 2
    assert value(metrics, "rollcall_task_deaths_total", task="publisher") == 1


def test_the_version_is_told(metrics: Metrics) -> None:
    assert value(metrics, "rollcall_build_info", version="1.2.3") == 1


def test_two_applications_in_one_process_count_each_for_itself(metrics: Metrics) -> None:
    other = Metrics(version="1.2.3")
    metrics.answered("/livez", 200)
    assert value(other, "rollcall_http_requests_total", route="/livez", code_class="2xx") is None


def test_every_metric_of_ours_has_a_name_by_the_rules_and_says_what_it_is(
    metrics: Metrics,
) -> None:
    polled(metrics, Reading(name="a"), ANSWER)
    metrics.answered("/livez", 200)
    metrics.died("publisher")
    text = generate_latest(metrics.registry).decode()
    ours = [
        family
        for family in text_string_to_metric_families(text)
        if family.name.startswith("rollcall_")
    ]
    assert len(ours) >= 8
    for family in ours:
        assert re.fullmatch(r"rollcall_[a-z_]+", family.name)
        assert family.documentation


def test_nothing_from_upstream_becomes_a_label(metrics: Metrics) -> None:
    """Ten thousand models of hostile names make not one series more."""
    polled(metrics, Reading(name="a"), ANSWER)
    series = len(scraped(metrics))
    models = [Model(id=f'evil"{number}\n') for number in range(10_000)]
    hostile: dict[str, Any] = {"latency": 0.3, "version": "sk-canary"}
    polled(metrics, Reading(name="a"), Answer(models=models, **hostile))
    assert len(scraped(metrics)) == series
    text = generate_latest(metrics.registry).decode()
    assert "evil" not in text
    assert "sk-canary" not in text


def test_every_cause_there_is_can_be_counted(metrics: Metrics) -> None:
    polled(metrics, Reading(name="a", policy=Policy()), *[Failure(reason=r) for r in Reason])
    for reason in Reason:
        assert value(metrics, "rollcall_polls_total", integration="a", result=str(reason)) == 1
