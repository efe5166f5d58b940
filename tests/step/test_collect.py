"""Report files of another step, as a step of their own."""

from ci_reporter.model import Run
from ci_reporter.step.collect import collect


def test_files_are_recorded_whatever_their_age(make_context, tmp_path):
    (tmp_path / "lcov.info").write_text("SF:a\nDA:1,1\nend_of_record\n")
    context = make_context(coverage=["lcov.info"])
    conclusion = collect(context, Run(ci_run_id="local-1"))
    assert (conclusion.report.step.name, conclusion.report.coverage_pct) == ("collect", 100.0)
    assert list(context.journal.reports()) == [conclusion.report]
