"""A command as a step, in process: run, conclude, and nothing printed."""

import pytest

from ci_reporter.frozen import replace
from ci_reporter.model import Result, Run
from ci_reporter.runner.signals import block
from ci_reporter.step.command import run_command, start_command
from ci_reporter.step.conclude import conclude


@pytest.fixture
def record():
    """Run a command in a context, to its conclusion."""

    def call(context, *argv):
        command = start_command(context, argv, Run(ci_run_id="local-1", job_name="unit"))
        with block() as signals:
            return conclude(context, command, run_command(command, signals), signals)

    return call


def test_a_command_is_recorded_and_nothing_is_printed(record, make_context, capfd):
    conclusion = record(make_context(env={"PATH": "/usr/bin:/bin"}), "sh", "-c", "exit 3")
    assert (conclusion.exit_code, conclusion.report.step.result) == (3, Result.FAILURE)
    assert capfd.readouterr() == ("", "")


def test_the_step_has_the_jobs_name(record, make_context):
    assert record(make_context(env={"PATH": "/usr/bin:/bin"}), "true").report.step.name == "unit"


def test_the_command_has_the_contexts_environment_and_no_other(record, make_context, tmp_path):
    context = make_context(env={"PATH": "/usr/bin:/bin", "ONLY": "this"})
    record(context, "sh", "-c", f"env > {tmp_path}/env")
    names = {line.partition("=")[0] for line in (tmp_path / "env").read_text().splitlines()}
    assert names - {"PWD", "_", "SHLVL", "OLDPWD"} == {
        *("PATH", "ONLY", "CI_RUN_ID", "CI_REPORTER_STEP", "CI_REPORTER_MEASURES", "TRACEPARENT"),
    }


def test_a_clock_that_is_set_back_makes_no_file_too_old(record, make_context, tmp_path, monkeypatch):
    """A file whose time is before the start, as the step's own files are after the clock was set back by an hour."""
    monkeypatch.chdir(tmp_path)
    write = r"printf 'SF:a\nDA:1,1\nend_of_record\n' > lcov.info; touch -d '1 hour ago' lcov.info"
    context = make_context(env={"PATH": "/usr/bin:/bin"}, coverage=["lcov.info"])
    command = start_command(context, ("sh", "-c", write), Run(ci_run_id="local-1"))
    with block() as signals:
        done = run_command(command, signals)
        an_hour_on = replace(done, started=done.started - 3600)
        assert conclude(context, command, an_hour_on, signals).report.coverage_pct == 100.0


def test_report_files_and_limits_are_part_of_it(record, make_context, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    context = make_context(env={"PATH": "/usr/bin:/bin"}, coverage=["lcov.info"], coverage_min_pct="80")
    conclusion = record(context, "sh", "-c", r"printf 'SF:a\nDA:1,1\nDA:2,0\nend_of_record\n' > lcov.info")
    assert (conclusion.exit_code, conclusion.report.coverage_pct) == (1, 50.0)


def test_a_line_given_as_one_word_is_told_about_the_shell(record, make_context):
    conclusion = record(make_context(env={"PATH": "/usr/bin:/bin"}), "echo hi there")
    assert conclusion.exit_code == 127
    assert conclusion.warnings == (
        "'echo hi there' is one word here: write it without the quotes, or add --shell to have a shell read it",
    )


def test_a_program_that_is_not_there_is_not(record, make_context):
    assert record(make_context(env={"PATH": "/usr/bin:/bin"}), "no-such-program", "a b").warnings == ()
