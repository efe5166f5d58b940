"""The end of every step: record, deliver, and what is said of both."""

import json

import pytest

from ci_reporter.model import Result
from ci_reporter.step.draft import Draft
from ci_reporter.step.finish import finish, timing
from ci_reporter.step.start import start


@pytest.fixture
def conclude(make_report):
    """Start a step and finish it at once."""

    def call(context, *, draft=None, **step):
        started = start(context, make_report(context))
        report = make_report(context, **step)
        draft = draft or Draft(report=report)
        return finish(context, started, draft, timing(context.config, report))

    return call


def test_a_step_without_a_sink_is_recorded(conclude, make_context):
    context = make_context()
    conclusion = conclude(context)
    assert (conclusion.fate, conclusion.exit_code, conclusion.warnings) == ("recorded", 0, ())
    assert list(context.journal.reports()) == [conclusion.report]


def test_the_steps_own_exit_code_wins(conclude, make_context):
    assert conclude(make_context(), result=Result.FAILURE, exit_code=7).exit_code == 7


def test_a_missed_limit_is_exit_1(conclude, make_context, make_report):
    context = make_context()
    draft = Draft(report=make_report(context), missed=("coverage is unknown",))
    assert conclude(context, draft=draft).exit_code == 1


def test_what_was_not_delivered_is_spooled_and_said(conclude, make_context, free_port):
    context = make_context(pushgateway=f"http://127.0.0.1:{free_port()}")
    conclusion = conclude(context)
    assert (conclusion.fate, conclusion.exit_code) == ("not delivered", 0)
    assert conclusion.warnings[-1].endswith("connection refused; 'ci-reporter flush' sends it again")
    assert [each.sink for each in context.journal.spool.pending()] == ["pushgateway"]


def test_strict_makes_a_failed_delivery_exit_70(conclude, make_context, free_port):
    context = make_context(pushgateway=f"http://127.0.0.1:{free_port()}", strict=True)
    assert conclude(context).exit_code == 70


def test_strict_leaves_a_failed_command_its_code(conclude, make_context, free_port):
    context = make_context(pushgateway=f"http://127.0.0.1:{free_port()}", strict=True)
    assert conclude(context, result=Result.FAILURE, exit_code=3).exit_code == 3


def test_a_dry_run_shows_what_would_be_sent_and_owes_nothing(conclude, make_context, free_port):
    context = make_context(pushgateway=f"http://127.0.0.1:{free_port()}", dry_run=True)
    conclusion = conclude(context)
    assert conclusion.fate == "recorded, nothing sent (dry run)"
    assert [preview.split(" ")[0] for preview in conclusion.previews] == ["POST"]
    assert context.journal.spool.pending() == []


@pytest.mark.services
def test_a_report_that_arrived_is_pushed(conclude, make_context, pushgateway):
    context = make_context(pushgateway=pushgateway.url)
    assert conclude(context).fate == "pushed"
    assert "ci_step_success" in pushgateway.get("/metrics").decode()


def test_the_openmetrics_file_has_this_runs_steps(conclude, make_context, tmp_path):
    conclude(make_context(openmetrics="out/metrics.txt"))
    assert 'ci_step_success{ci_job="",step="unit"} 1' in (tmp_path / "out/metrics.txt").read_text()


def test_the_record_on_disk_is_the_report(conclude, make_context):
    context = make_context()
    conclusion = conclude(context)
    with open(context.journal.steps, encoding="utf-8") as file:
        assert json.loads(file.read())["report_id"] == conclusion.report.report_id
