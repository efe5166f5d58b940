"""/metrics: what Prometheus reads is what was reported, counted once, and within the budget."""

from __future__ import annotations

import json
import time

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from ci_reporter.hub.ingest.parsing import flat_reports
from ci_reporter.hub.ingest.rows import Origin, rows
from ci_reporter.hub.metrics.snapshot import Snapshot
from ci_reporter.hub.store.opening import open_store
from ci_reporter.hub.store.retention import Keep, sweep

NOW_S = 1_767_225_600.0
UNIT = {"repository": "acme/shop", "pipeline": "CI", "ci_job": "unit", "step": "pytest", "branch": "main"}


class Hub:
    """A store and the snapshot of it; each look is a second after the one before."""

    def __init__(self, store, **how):
        self.store = store
        self._looks = iter(range(1_000))
        self.snapshot = Snapshot(self.store, clock=lambda: float(next(self._looks)), **how)
        self._sent = iter(range(1_000_000))

    def add(self, **more):
        self.store.write([self.rows_of(**more)])

    def rows_of(self, **more):
        report = {
            "report_id": f"r{next(self._sent)}",
            "repository": "acme/shop",
            "pipeline": "CI",
            "job_name": "unit",
            "step": "pytest",
            "branch": "main",
            "duration_ms": 1500,
            "exit_code": 0,
        }
        origin = Origin(sender=None, repository=None, now_s=NOW_S)
        return rows(flat_reports(json.dumps(report | more).encode()), origin, ("main",))

    def samples(self, openmetrics=False):
        text = b"".join(self.snapshot.text(openmetrics=openmetrics)).decode() + ("# EOF\n" if openmetrics else "")
        families = parse_openmetrics(text) if openmetrics else parse(text)
        return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}

    def value(self, name, **labels):
        return self.samples().get((name, frozenset((UNIT | labels).items())))


@pytest.fixture
def hub(store):
    return Hub(store)


def test_a_gauge_is_what_the_latest_report_says(hub):
    hub.add(duration_ms=1500, coverage={"unit": "line", "covered": 9, "total": 10})
    assert hub.value("ci_step_duration_seconds") == 1.5
    assert hub.value("ci_coverage_ratio", unit="line") == 0.9
    assert hub.value("ci_step_result", result="success") == 1
    hub.add(duration_ms=2500)
    assert hub.value("ci_step_duration_seconds") == 2.5


def test_each_run_counts_also_between_two_scrapes(hub):
    for code in (0, 1, 0, 0):
        hub.add(exit_code=code)
    assert hub.value("ci_step_runs_total", result="success") == 3
    assert hub.value("ci_step_runs_total", result="failure") == 1


def test_durations_are_a_histogram(hub):
    for duration_ms in (1000, 1001, 9_000_000, None):
        hub.add(duration_ms=duration_ms)
    name = "ci_step_run_duration_seconds"
    found = [hub.value(f"{name}_bucket", le=le) for le in ("1.0", "5.0", "7200.0", "+Inf")]
    assert found == [1, 2, 2, 3]
    assert (hub.value(f"{name}_count"), hub.value(f"{name}_sum")) == (3, 9002.001)


def test_text_and_openmetrics_say_the_same(hub):
    hub.add(job_name='a "b" \\c', pipeline="日本")
    hub.add(exit_code=2)
    assert hub.samples() == hub.samples(openmetrics=True) != {}


def test_promtool_has_nothing_to_say(hub, promtool_says):
    hub.add(tests={"total": 2, "passed": 1, "failed": 1, "errors": 0, "skipped": 0})
    assert promtool_says(b"".join(hub.snapshot.text(openmetrics=False)).decode()) == ""


def test_counters_go_on_after_a_restart(database):
    store = open_store(database)
    Hub(store).add()
    store.close()
    hub = Hub(open_store(database))
    hub.add(report_id="later")
    assert hub.value("ci_step_runs_total", result="success") == 2
    hub.store.close()


def test_series_beyond_the_budget_are_one_other(store):
    hub = Hub(store, budget=2)
    for job in ("a", "b", "c", "d", "a"):
        hub.add(job_name=job)
    runs = {key[1]: value for key, value in hub.samples().items() if key[0] == "ci_step_runs_total"}
    by_job = {dict(labels)["ci_job"]: value for labels, value in runs.items()}
    assert by_job == {"a": 2, "b": 1, "other": 2}
    assert (hub.snapshot.shown, hub.snapshot.folded) == (2, 2)
    hub.add(job_name="e")
    assert (
        hub.value(
            "ci_step_runs_total", ci_job="other", pipeline="other", step="other", branch="other", result="success"
        )
        == 3
    )


def test_a_series_that_was_deleted_is_not_shown(hub):
    hub.add()
    assert hub.samples()
    with hub.store.reports() as reports:
        list(sweep(reports, Keep(age_s=1), NOW_S + 86_500))
    assert hub.samples() == {}


def test_a_snapshot_is_read_at_most_once_a_second(store):
    hub = Hub(store)
    times = iter([0.0, 0.5, 1.5])
    hub.snapshot = Snapshot(hub.store, clock=lambda: next(times))
    found = []
    for _ in range(3):
        hub.add()
        found.append(hub.value("ci_step_runs_total", result="success"))
    assert found == [1, 1, 3]


def test_a_scrape_of_many_series_does_not_take_long(store):
    """25,000 samples: the first scrape renders them all, the next ones only what has changed, 2.5 to 4.5 ms."""
    hub = Hub(store)
    hub.store.write([hub.rows_of(job_name=f"job {job}") for job in range(1000)])
    assert len(b"".join(hub.snapshot.text(openmetrics=False)).splitlines()) > 20_000
    hub.add(job_name="job 1")
    begun = time.process_time()
    hub.snapshot.text(openmetrics=False)
    assert time.process_time() - begun < 0.1


def test_a_failure_keeps_the_last_success_and_what_only_it_measured(hub):
    hub.add(finished_at="2025-12-31T12:00:00Z", coverage={"unit": "line", "covered": 8, "total": 10})
    hub.add(finished_at="2025-12-31T13:00:00Z", exit_code=1)
    hub.add(finished_at="2025-12-31T14:00:00Z", exit_code=2)
    assert hub.value("ci_step_exit_code") == 2
    assert hub.value("ci_step_last_success_timestamp_seconds") == NOW_S - 12 * 3600
    assert hub.value("ci_coverage_ratio", unit="line") == 0.8
