"""`ci-reporter collect --from-api`, the installed program against GitHub's API."""

import json

import pytest

from ci_reporter.http import Access
from ci_reporter.sinks.gateway import Gateway
from ci_reporter.system.deadline import Deadline
from tests import vendors
from tests.step.test_from_api import GITHUB
from tests.vendors import GITHUB_TOKEN, github_job, said, serving


@pytest.fixture
def fake():
    return vendors.GitHub(jobs=[github_job(1, "lint"), github_job(2, "docs", "failure"), github_job(3, "e2e", None)])


@pytest.fixture
def collect(run_program, fake):
    with serving(fake) as url:
        yield lambda *more, **env: run_program(
            "collect", "--from-api", *more, env=GITHUB | {"GITHUB_API_URL": url} | env
        )


@pytest.mark.services
def test_each_job_is_a_line_and_a_group_unless_it_has_pushed_itself(collect, run_program, pushgateway):
    env = GITHUB | {"GITHUB_JOB": "lint", "CI_REPORTER_PUSHGATEWAY": pushgateway.url, "CI_REPORTER_DIR": "another"}
    run_program("run", "-q", "--name", "eslint", "--", "true", env=env)
    ended = collect("--json", CI_REPORTER_PUSHGATEWAY=pushgateway.url)
    assert ended.stderr.splitlines()[-2:] == [
        "ci-reporter: docs · failure · 1 min 30 s · pushed",
        "ci-reporter: 1 job recorded; 1 job had a record already; 1 job not over yet, so not recorded: e2e",
    ]
    assert [json.loads(line)["job_name"] for line in ended.stdout.splitlines()] == ["docs"]
    groups = Gateway(url=pushgateway.url, access=Access()).groups(Deadline(10))
    assert {each.labels["ci_job"] for each in groups} == {"lint", "docs"}


@pytest.mark.parametrize(("more", "code"), [([], 0), (["--strict"], 70)])
def test_a_refusal_fails_the_job_only_strictly(collect, fake, more, code):
    fake.before = lambda asked: said(401, {"message": f"Bad credentials {GITHUB_TOKEN}"})
    ended = collect(*more)
    assert ended.returncode == code
    assert ended.stderr == (
        "::warning title=ci-reporter::the jobs of this run are not recorded: github refused: Bad credentials ***"
        " (check the token in CI_REPORTER_GITHUB_TOKEN or GITHUB_TOKEN)\n"
    )


@pytest.mark.parametrize(
    ("args", "said_so"),
    [
        (["--from-api", "--coverage", "x.xml"], "--from-api reads no files"),
        (["--records", "x.ndjson"], "--records goes with --from-api"),
    ],
)
def test_what_does_not_go_together_is_said(run_program, args, said_so):
    ended = run_program("collect", *args, env=GITHUB)
    assert (ended.returncode, said_so in ended.stderr) == (2, True)
