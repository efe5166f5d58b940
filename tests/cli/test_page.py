"""`ci-reporter summary --markdown`: the page of a run, where a CI system shows it."""

from __future__ import annotations

import pytest

from ci_reporter.journal.files import encode
from ci_reporter.schema import to_json

GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "17", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_REPOSITORY": "acme/shop"}


@pytest.fixture
def job(run_program, make_report, tmp_path):
    """A job on GitHub with two steps; called with the options of `summary`, it ends with what the summary has."""
    summary = tmp_path / "summary.md"
    run_program.state.mkdir()
    steps = [make_report(report_id=name, ci_run_id="github-17-1", step=name) for name in ("unit", "e2e")]
    (run_program.state / "steps.ndjson").write_bytes(b"".join(encode(to_json(each)) + b"\n" for each in steps))

    def call(*options, before=""):
        summary.write_text(before)
        done = run_program("summary", *options, env=GITHUB | {"GITHUB_STEP_SUMMARY": str(summary)})
        return done, summary.read_text()

    call.summary = str(summary)
    return call


def test_the_jobs_summary_is_appended_to(job):
    done, page = job("--markdown", job.summary, before="mine\n")
    assert page.startswith("mine\n### ✅ acme/shop · CI")
    assert "| unit | ✅ success |" in page and "| e2e | ✅ success |" in page
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_has_no_room_in_the_summary_is_in_a_file(job, run_program):
    done, page = job("--markdown", job.summary, "--full", "out/all.md", before="x" * (1024**2 - 350))
    assert len(page.encode()) <= 1024**2
    assert page.endswith("The whole page is in `out/all.md`.\n")
    assert "gantt" in (run_program.folder / "out/all.md").read_text()
    assert done.stderr == f"ci-reporter: wrote {run_program.folder / 'out/all.md'}\n"


def test_another_file_is_replaced(job, run_program):
    page = run_program.folder / "page.md"
    page.write_text("old")
    done, summary = job("--markdown", "page.md")
    assert page.read_text().startswith("### ✅")
    assert (summary, done.stderr) == ("", f"ci-reporter: wrote {page}\n")


def test_a_link_stays_a_link(job, run_program):
    (run_program.folder / "page.md").symlink_to("there.md")
    job("--markdown", "page.md")
    assert (run_program.folder / "page.md").is_symlink()
    assert (run_program.folder / "there.md").read_text().startswith("### ✅")


def test_without_a_place_for_the_whole_page_the_short_one_is_written(job):
    done, page = job("--markdown", job.summary, "--full", "/proc/no/all.md", before="x" * (1024**2 - 350))
    assert page.endswith("The page is cut, as it is too long for this place.\n")
    assert (done.returncode, "::warning title=ci-reporter::cannot write /proc/no/all.md" in done.stderr) == (0, True)


def test_a_dash_is_stdout(job):
    done, _ = job("--markdown", "-")
    assert done.stdout.startswith("### ✅")


def test_steps_of_other_jobs_are_on_the_page(job, run_program, make_report):
    theirs = make_report(report_id="x", ci_run_id="github-17-1", step="lint", job_name="lint", started_at=None)
    other = make_report(report_id="y", ci_run_id="github-16-1", step="old")
    (run_program.folder / "lint").mkdir()
    lines = b"".join(encode(to_json(each)) + b"\n" for each in (theirs, other))
    (run_program.folder / "lint/steps.ndjson").write_bytes(lines + b"no record\n")
    done, _ = job("--markdown", "-", "--records", "*/steps.ndjson")
    assert "| lint | lint | ✅ success |" in done.stdout and "| unit | unit" in done.stdout
    assert "old" not in done.stdout
    assert "lint/steps.ndjson: line 3 is not a record, or damaged; skipped" in done.stderr
    assert done.stdout.startswith("### ❔")  # what the third line would have said is not known


@pytest.mark.parametrize(
    "options", [("--full", "x.md"), ("--json", "--markdown", "x.md"), ("--all", "--records", "x")], ids=" ".join
)
def test_what_makes_no_sense_together_is_refused(job, options):
    done, _ = job(*options)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_a_secret_of_this_job_is_not_on_the_page(run_program):
    run_program("run", "-q", "--name", "deploy with hunter2hunter2", "--", "true", env={"CI_RUN_ID": "1"})
    done = run_program("summary", "--markdown", "-", env={"CI_RUN_ID": "1", "API_TOKEN": "hunter2hunter2"})
    assert "| deploy with *** |" in done.stdout and "hunter2" not in done.stdout
