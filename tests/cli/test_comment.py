"""`ci-reporter comment`, the installed program against GitHub's and GitLab's API."""

import json
import re

import pytest
from markdown_it import MarkdownIt

from ci_reporter.journal.files import encode
from ci_reporter.schema import to_json
from tests import vendors
from tests.conftest import free_port
from tests.step.test_from_api import GITHUB, GITLAB
from tests.vendors import serving

PULL_REQUEST = GITHUB | {"GITHUB_REF": "refs/pull/7/merge", "GITHUB_EVENT_NAME": "pull_request"}
MERGE_REQUEST = GITLAB | {"CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_PROJECT_PATH": "acme/shop"}
HOSTILE = "<img src=x onerror=alert(1)> @acme #1 !2 &3 ![x](https://evil.example) https://evil.example www.evil.example"


@pytest.fixture
def job(run_program, make_report):
    """A job with records of two steps; called with options and an environment."""
    run_program.state.mkdir()

    def records(path, *reports):
        path.write_bytes(b"".join(encode(to_json(each)) + b"\n" for each in reports))

    ids = {"GITHUB": "github-17012345678-1", "GITLAB": "gitlab-4711"}
    steps = [make_report(report_id=f"{ci}-u", ci_run_id=run, step="unit", branch=HOSTILE) for ci, run in ids.items()]
    records(run_program.state / "steps.ndjson", *steps)
    other = make_report(report_id="e", ci_run_id=ids["GITHUB"], step="e2e", job_name="e2e", exit_code=1)
    records(run_program.folder / "e2e.ndjson", other)
    return lambda *options, env: run_program("comment", *options, env=env)


def test_a_pull_request_gets_the_page_of_all_jobs(job):
    fake = vendors.GitHub()
    with serving(fake) as url:
        done = job("--records", "e2e.ndjson", env=PULL_REQUEST | {"GITHUB_API_URL": url})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "ci-reporter: commented on acme/shop#7\n")
    (comment,) = fake.comments
    assert comment["body"].startswith("<!-- ci-reporter:CI --><!-- ci-reporter-run:17012345678-1 -->\n### ❌ acme/shop")
    assert "1 of 2 steps failed" in comment["body"]


def test_what_others_wrote_is_text(job):
    fake = vendors.GitHub()
    with serving(fake) as url:
        job(env=PULL_REQUEST | {"GITHUB_API_URL": url})
    html = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(fake.comments[0]["body"])
    assert "&lt;img src=x onerror" in html and "<img" not in html


def test_a_page_that_is_too_long_is_cut(job, run_program, make_report):
    """The fake refuses more than 65,536 characters, as GitHub does."""
    names = [f"test_{'😀' * 30}_{number}" for number in range(2000)]
    report = make_report(report_id="f", ci_run_id="github-17012345678-1", exit_code=1, failed_tests=names)
    (run_program.folder / "failed.ndjson").write_bytes(encode(to_json(report)) + b"\n")
    fake = vendors.GitHub()
    with serving(fake) as url:
        job("--records", "failed.ndjson", env=PULL_REQUEST | {"GITHUB_API_URL": url})
    (comment,) = fake.comments
    assert re.search(r"^… \d+ more failed tests$", comment["body"], re.MULTILINE)
    assert "| unit |" in comment["body"]


def test_a_merge_request_gets_it_too(job):
    fake = vendors.GitLab()
    with serving(fake) as url:
        done = job("--strict", "--records", "gone", env=MERGE_REQUEST | {"CI_API_V4_URL": f"{url}/api/v4"})
    warning, said_so = done.stderr.splitlines()
    assert (done.returncode, said_so) == (0, "ci-reporter: commented on acme/shop!7")
    assert "warning: option --records: " in warning
    assert len(fake.comments) == 1


@pytest.mark.parametrize(
    ("env", "why"),
    [
        (GITHUB, "this run is of no pull request"),
        (
            PULL_REQUEST | {"GITHUB_TOKEN": ""},
            "there is no token, as in a job of a fork (set CI_REPORTER_GITHUB_TOKEN)",
        ),
        (GITLAB | {"CI_PIPELINE_ID": "9"}, "no step of run gitlab-9 is recorded"),
    ],
    ids=["no pull request", "no token", "no records"],
)
def test_where_there_is_nothing_to_do_it_is_green_and_one_line(job, env, why):
    done = job("--strict", env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"ci-reporter: no comment: {why}\n")


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--strict",), 70)])
def test_a_token_that_may_only_read_is_told_what_it_needs(job, options, code):
    with serving(vendors.GitHub(may=())) as url:
        done = job(*options, env=PULL_REQUEST | {"GITHUB_API_URL": url})
    assert done.returncode == code
    assert done.stderr == (
        "::warning title=ci-reporter::no comment on acme/shop#7: github refused: Resource not accessible by integration"
        " (to comment, the token in CI_REPORTER_GITHUB_TOKEN or GITHUB_TOKEN needs `pull-requests: write`: see"
        " `permissions:` of the job; for a pull request from a fork it can only read)\n"
    )


def test_a_pull_request_from_a_fork_is_quiet(job, run_program):
    repositories = {"head": {"repo": {"full_name": "mallory/shop"}}, "base": {"repo": {"full_name": "acme/shop"}}}
    event = run_program.folder / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7, **repositories}}))
    with serving(vendors.GitHub(may=())) as url:
        done = job("--strict", env=PULL_REQUEST | {"GITHUB_API_URL": url, "GITHUB_EVENT_PATH": str(event)})
    assert done.returncode == 0
    assert done.stderr.startswith("ci-reporter: no comment on acme/shop#7, which comes from a fork: github refused")


def test_an_api_that_is_away_does_not_fail_the_job(job):
    done = job(env=PULL_REQUEST | {"GITHUB_API_URL": f"http://127.0.0.1:{free_port()}"})
    assert (done.returncode, "connection refused" in done.stderr) == (0, True)


def test_a_dry_run_prints_it(job):
    done = job("--dry-run", "--key", "mine", env=GITHUB)
    assert done.stdout.startswith("<!-- ci-reporter:mine -->")


def test_a_key_that_ends_a_comment_of_html_is_a_mistake(job):
    done = job("--key", "a-->b", env=PULL_REQUEST)
    assert (done.returncode, "'a-->b' is not a key" in done.stderr) == (2, True)
