"""What GitHub shows of a step: annotations and the summary."""

from __future__ import annotations

import pytest

from ci_reporter.journal.files import encode
from ci_reporter.model import FailedTest
from ci_reporter.schema import to_json
from ci_reporter.surfaces import github

JUNIT = """<testsuite name="cart"><testcase classname="tests.test_cart" name="test_adds">
<failure message="assert 1 == 2">tests/test_cart.py:2: AssertionError</failure></testcase>
<testcase classname="tests.test_cart" name="test_empty"/></testsuite>"""


def test_a_failed_test_is_annotated_at_its_line():
    found = github.annotate([FailedTest(name="cart: adds", message="1 is not 2", path="test_cart.py", line=4)])
    assert found == ["::error file=test_cart.py,line=4,title=cart%3A adds::1 is not 2"]


def test_a_name_and_a_message_cannot_begin_another_command():
    (line,) = github.annotate([FailedTest(name="a,b\n::error::", message="x\n::set-output name=a::b\r%0A")])
    assert line == "::error title=a%2Cb%0A%3A%3Aerror%3A%3A::x%0A::set-output name=a::b%0D%250A"


def test_of_more_than_ten_the_last_annotation_counts_the_rest():
    found = github.annotate([FailedTest(name=f"t{each}") for each in range(20)], total=120)
    assert len(found) == 10
    assert found[-1].startswith("::error title=… 111 more failed tests::t9%0At10%0A")


@pytest.mark.parametrize(("most", "shown"), [(3, 3), (1, 1), (0, 0), (-4, 0), (50, 10)])
def test_there_are_never_more_annotations_than_github_shows(most, shown):
    assert len(github.annotate([FailedTest(name=str(each)) for each in range(20)], most)) == shown


def test_the_summary_lists_failed_tests_and_counts_the_rest(make_report):
    report = make_report(
        exit_code=1, result="failure", tests={"total": 30, "passed": 10, "failed": 20, "errors": 0, "skipped": 0}
    )
    page = github.summary(report, [FailedTest(name=f"t{each}", message="no") for each in range(20)])
    assert page.replace("\\", "").startswith("### ❌ pytest: failure")
    assert page.count("\n- `t") == 10
    assert "- … 10 more failed" in page


@pytest.mark.parametrize("hostile", ["</td><script>", "a|b", "`x`", "[a](javascript:b)", "a\n# b"])
def test_what_is_hostile_stays_text(make_report, hostile):
    page = github.summary(make_report(step=hostile, result="success"), [FailedTest(name=hostile, message=hostile)])
    assert "<script>" not in page.replace("`</td><script>`", "")
    assert "](javascript" not in page.replace("`[a](javascript:b)`", "")
    assert "\n# b" not in page


@pytest.fixture
def github_job(run_program, tmp_path):
    """A job on GitHub with a failing test; called with more variables."""
    (run_program.folder / ".git").mkdir()
    (run_program.folder / "tests").mkdir()
    (run_program.folder / "tests/test_cart.py").write_text("def test_adds():\n    assert 1 == 2\n")
    summary = tmp_path / "summary.md"

    def run(**env):
        given = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "JUNIT": JUNIT, **env}
        script = 'printf "%s" "$JUNIT" > junit.xml; exit 1'
        done = run_program("run", "--name", "unit", "--tests", "junit.xml", "--", "sh", "-c", script, env=given)
        return done, summary.read_text() if summary.is_file() else ""

    return run


def test_run_annotates_and_summarizes_on_github(github_job):
    done, page = github_job()
    assert "::error file=tests/test_cart.py,line=2,title=tests.test_cart%3A test_adds::assert 1 == 2" in done.stderr
    assert "### ❌ unit: failure (exit 1)" in page.replace("\\", "")
    assert "`tests/test_cart.py:2`" in page
    assert done.returncode == 1


def test_one_setting_turns_it_off(github_job):
    done, page = github_job(CI_REPORTER_CI_SUMMARY="false")
    assert ("::error file=" in done.stderr, page) == (False, "")


def test_a_job_may_leave_the_summary_to_its_end(github_job):
    done, page = github_job(CI_REPORTER_CI_SUMMARY="job")
    assert ("::error file=" in done.stderr, page) == (True, "")


def test_a_job_has_fifty_annotations(github_job, run_program, make_report):
    tests = {"total": 30, "passed": 20, "failed": 10, "errors": 0, "skipped": 0}
    run_program.state.mkdir()
    earlier = [
        make_report(report_id=str(at), ci_run_id="run-1", job_name="build", exit_code=1, tests=tests) for at in range(5)
    ]
    (run_program.state / "steps.ndjson").write_bytes(b"".join(encode(to_json(each)) + b"\n" for each in earlier))
    done, _ = github_job(CI_RUN_ID="run-1", GITHUB_JOB="build")
    assert "::error file=" not in done.stderr


def test_elsewhere_there_is_neither(github_job):
    done, page = github_job(GITHUB_ACTIONS="")
    assert ("::error" in done.stderr, page) == (False, "")


def test_a_summary_that_cannot_be_written_is_a_warning(github_job, tmp_path):
    done, _ = github_job(GITHUB_STEP_SUMMARY=str(tmp_path / "no/such/folder"))
    assert (done.returncode, "::warning title=ci-reporter::cannot write the summary" in done.stderr) == (1, True)


def test_a_secret_in_a_failure_is_masked(github_job):
    hostile = JUNIT.replace("assert 1 == 2", "login with hunter2secret failed")
    done, page = github_job(JUNIT=hostile, DB_PASSWORD="hunter2secret")
    assert "hunter2secret" not in done.stderr + page
