"""Jobs of a run recorded from GitHub's and GitLab's API: written once, delivered, told."""

import pytest

from ci_reporter.context import current_run
from ci_reporter.errors import DeliveryError, Rejected, UsageError
from ci_reporter.step.from_api import collect_jobs
from tests import vendors
from tests.conftest import free_port
from tests.vendors import GITHUB_TOKEN, GITLAB_TOKEN, github_job, gitlab_job, serving

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_RUN_ID": "17012345678",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_WORKFLOW": "CI",
    "GITHUB_JOB": "record",
    "GITHUB_SHA": "a" * 40,
    "RUNNER_NAME": "runner 99",
    "GITHUB_TOKEN": GITHUB_TOKEN,
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_PROJECT_PATH": "acme/shop",
    "CI_PIPELINE_ID": "4711",
    "CI_JOB_ID": "99",
    "CI_JOB_NAME": "record",
    "CI_COMMIT_SHA": "a" * 40,
    "CI_REPORTER_GITLAB_TOKEN": GITLAB_TOKEN,
}


@pytest.fixture
def fake():
    return vendors.GitHub(
        jobs=[github_job(1, "lint"), github_job(2, "docs", "failure"), github_job(99, "record", None)]
    )


@pytest.fixture
def github_env(fake):
    with serving(fake) as url:
        yield GITHUB | {"GITHUB_API_URL": url}


def collect(context, *records):
    return collect_jobs(context, current_run(context), records)


def test_jobs_without_a_record_are_recorded_in_the_order_they_ended(make_context, github_env):
    context = make_context(github_env)
    found = collect(context)
    assert [(each.step.name, str(each.step.result)) for each in found.reports] == [
        ("lint", "success"),
        ("docs", "failure"),
    ]
    assert list(context.journal.reports("github-17012345678-1")) == list(found.reports)


def test_the_second_call_records_nothing_more(make_context, github_env):
    context = make_context(github_env)
    collect(context)
    again = collect(context)
    assert (again.reports, len(again.jobs.covered)) == ((), 2)
    assert len(list(context.journal.reports())) == 2


def test_records_of_other_jobs_are_looked_at(make_context, github_env):
    """The state folder of another job, brought here as an artifact."""
    other = make_context(github_env, dir="other")
    collect(other)
    found = collect(make_context(github_env), "*/steps.ndjson")
    assert found.reports == ()


def test_a_file_of_records_that_is_not_there_is_a_warning(make_context, github_env):
    """The job that should have left it was cancelled."""
    found = collect(make_context(github_env), "gone.ndjson")
    assert (len(found.reports), found.warnings) == (2, ("option --records: no file matches 'gone.ndjson'",))


def test_a_pipeline_and_its_children_are_recorded(make_context):
    down = {"downstream_pipeline": {"id": 4712, "web_url": "https://gitlab.example/acme/shop/-/pipelines/4712"}}
    fake = vendors.GitLab(
        pipelines={
            4711: [gitlab_job(1), gitlab_job(99, "record", "running"), gitlab_job(3, "deploy", "manual")],
            4712: [gitlab_job(2, "image", "failed", 4712)],
        },
        bridges={4711: [gitlab_job(5, "trigger") | down]},
    )
    with serving(fake) as url:
        found = collect(make_context(GITLAB | {"CI_API_V4_URL": f"{url}/api/v4"}))
    assert [(each.step.name, each.run.ci_run_id) for each in found.reports] == [
        ("lint", "gitlab-4711"),
        ("image", "gitlab-4711"),
    ]
    assert [job.name for job in found.jobs.running] == ["deploy"]


def test_what_is_not_delivered_waits(make_context, github_env):
    context = make_context(github_env, pushgateway=f"http://127.0.0.1:{free_port()}")
    found = collect(context)
    assert (len(found.reports), found.undelivered, len(context.journal.spool)) == (2, True, 2)
    assert any("'ci-reporter flush' sends it again" in each for each in found.warnings)


def test_people_are_told_of_a_job_that_failed(make_context, github_env):
    context = make_context(github_env, notify_on="failure", notify_to=["log"])
    assert any("alert 'docs" in each for each in collect(context).notes)


def test_a_dry_run_sends_nothing(make_context, github_env):
    context = make_context(github_env, pushgateway="http://127.0.0.1:9", dry_run=True)
    found = collect(context)
    assert len(found.previews) == 2
    assert (found.warnings[1:], len(context.journal.spool)) == ((), 0)


@pytest.mark.parametrize("env", [{}, {"BUILDKITE": "true", "BUILDKITE_BUILD_ID": "1"}, GITHUB | {"GITHUB_RUN_ID": "x"}])
def test_outside_of_github_and_gitlab_it_is_a_mistake(make_context, env):
    with pytest.raises(UsageError, match="collect --from-api"):
        collect(make_context(env))


def test_a_token_that_may_not_read_is_told_what_it_needs(make_context, fake, github_env):
    fake.may = ()
    with pytest.raises(Rejected, match="needs `actions: read`: see `permissions:` of the job"):
        collect(make_context(github_env))


def test_the_jobs_own_token_of_gitlab_is_not_tried(make_context):
    fake = vendors.GitLab(pipelines={4711: []})
    env = {name: value for name, value in GITLAB.items() if name != "CI_REPORTER_GITLAB_TOKEN"}
    with serving(fake) as url, pytest.raises(Rejected, match=r"`read_api` and the role Reporter; CI_JOB_TOKEN may not"):
        collect(make_context(env | {"CI_JOB_TOKEN": "glcbt-64_secret", "CI_API_V4_URL": f"{url}/api/v4"}))
    assert "glcbt" not in str(fake.asked)


def test_a_token_comes_from_a_file(make_context, github_env, tmp_path):
    (tmp_path / "token").write_text(GITHUB_TOKEN)
    env = {name: value for name, value in github_env.items() if name != "GITHUB_TOKEN"}
    context = make_context(env | {"CI_REPORTER_GITHUB_TOKEN_FILE": str(tmp_path / "token")})
    assert len(collect(context).reports) == 2


def test_an_api_that_is_away_is_a_failure_that_may_pass(make_context):
    with pytest.raises(DeliveryError, match="connection refused"):
        collect(make_context(GITHUB | {"GITHUB_API_URL": f"http://127.0.0.1:{free_port()}"}))
