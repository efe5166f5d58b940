"""`ci_pipeline_*`: each pipeline's last run, and counters of all its runs."""

from __future__ import annotations

from ci_reporter.hub.exposition import exposition
from ci_reporter.hub.metrics.pipelines import Pipelines
from ci_reporter.hub.runs.book import Source, record
from tests.sightings import make_run

_NOW_S = 1_767_225_600.0


class Clock:
    """A clock that is a second later each time that it is asked."""

    def __init__(self):
        self.now_s = _NOW_S

    def __call__(self):
        self.now_s += 1
        return self.now_s


def _see(store, *seen):
    record(store, seen, source=Source.WEBHOOK, now_ms=round(_NOW_S * 1000))


def _run(status, run_id, **more):
    at_ms = round(_NOW_S * 1000) + int(run_id) * 1000
    known = {"queued_ms": at_ms - 9_000, "started_ms": at_ms - 7_000, "finished_ms": at_ms}
    return make_run(status, at_ms, run_id=run_id, **{**known, **more})


def _lines(pipelines):
    return [each for each in exposition(pipelines.blocks(), openmetrics=False).splitlines() if each[0] != "#"]


def test_the_last_run_that_was_over_is_the_state_of_a_pipeline(store):
    _see(store, _run("failure", "1"), _run("success", "2"), _run("cancellation", "3"), _run("running", "4"))
    inner = '{repository="acme/shop",pipeline="CI",branch="main"}'
    found = _lines(Pipelines(store, clock=Clock()))
    for line in (
        f"ci_pipeline_status{inner} 1",
        f"ci_pipeline_running{inner} 1",
        f"ci_pipeline_last_duration_seconds{inner} 7",
        f"ci_pipeline_last_run_timestamp_seconds{inner} 1767225602",
        f'ci_pipeline_success_ratio{inner[:-1]},window="7d"}} 0.5',
        f'ci_pipeline_runs_total{inner[:-1]},result="cancellation"}} 1',
        f'ci_pipeline_duration_seconds_bucket{inner[:-1]},le="15.0"}} 3',
        f"ci_pipeline_queued_seconds_sum{inner} 6",
    ):
        assert line in found


def test_what_changes_is_shown_and_the_rest_stays(store):
    pipelines = Pipelines(store, clock=Clock())
    _see(store, _run("failure", "1"), _run("success", "2", pipeline="Nightly"))
    before = _lines(pipelines)
    _see(store, _run("success", "3"))
    after = _lines(pipelines)
    assert [each for each in before if 'pipeline="Nightly"' in each] == [
        each for each in after if 'pipeline="Nightly"' in each
    ]
    assert 'ci_pipeline_status{repository="acme/shop",pipeline="CI",branch="main"} 1' in after


def test_beyond_the_budget_pipelines_are_counted_together(store):
    pipelines = Pipelines(store, budget=1, clock=Clock())
    _see(store, *(_run("success", str(number), pipeline=f"p{number}") for number in range(1, 4)))
    found = _lines(pipelines)
    other = 'repository="acme/shop",pipeline="other",branch="other"'
    assert f'ci_pipeline_runs_total{{{other},result="success"}} 2' in found
    assert not [each for each in found if "p2" in each or "p3" in each]


def test_promtool_has_nothing_to_say(store, promtool_says):
    _see(store, _run("failure", "1"), _run("success", "2", environment="production"))
    assert promtool_says(exposition(Pipelines(store, clock=Clock()).blocks(), openmetrics=False)) == ""
