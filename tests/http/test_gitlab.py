"""GitLab's API: jobs, also of child pipelines, and comments as values."""

import pytest

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.http.gitlab import GitLab, gitlab_api
from ci_reporter.system.deadline import Deadline
from tests import vendors
from tests.vendors import GITLAB_TOKEN, gitlab_job, said, serving


@pytest.fixture
def fake():
    return vendors.GitLab(pipelines={4711: [gitlab_job()]})


@pytest.fixture
def gitlab(fake):
    with serving(fake) as url:
        yield at(url)


def at(url, token=GITLAB_TOKEN):
    return GitLab(api=gitlab_api(f"{url}/api/v4", token), project="acme/shop")


def jobs(gitlab):
    return gitlab.jobs("4711", "1", Deadline(5))


def bridge(parent, child, project="acme/shop"):
    """A trigger job as GitLab lists it."""
    down = {"id": child, "web_url": f"https://gitlab.example/{project}/-/pipelines/{child}"}
    return gitlab_job(900, "trigger", pipeline=parent) | {"downstream_pipeline": child and down}


def test_a_job_has_name_end_times_runner_and_address(gitlab):
    (job,) = jobs(gitlab)
    assert (job.id, job.name, job.stage, job.status, job.ended) == ("1", "lint", "test", "success", True)
    assert (job.started_at, job.finished_at) == ("2026-01-31T12:00:00.123Z", "2026-01-31T12:01:30.123Z")
    assert (job.runner, job.labels, job.pipeline_id) == ("docker-1", "docker", "4711")
    assert job.url == "https://gitlab.example/acme/shop/-/jobs/1"


@pytest.mark.parametrize(
    ("status", "reason", "word", "said_reason"),
    [
        ("failed", "script_failure", "failed", None),
        ("failed", "job_execution_timeout", "timed_out", "job_execution_timeout"),
        ("failed", "runner_system_failure", "error", "runner_system_failure"),
        ("failed", "something_new", "failed", "something_new"),
        ("canceled", "script_failure", "canceled", None),
        ("manual", None, "manual", None),
    ],
)
def test_the_end_of_a_job_is_its_status_and_why(fake, gitlab, status, reason, word, said_reason):
    fake.pipelines[4711] = [gitlab_job(status=status, failure_reason=reason)]
    (job,) = jobs(gitlab)
    assert (job.status, job.reason) == (word, said_reason)


def test_every_page_is_read(fake, gitlab):
    fake.pipelines[4711] = [gitlab_job(number) for number in range(250)]
    assert len(jobs(gitlab)) == 250


def test_jobs_of_child_pipelines_and_of_theirs_are_jobs_of_the_run(fake, gitlab):
    fake.pipelines |= {4712: [gitlab_job(2, pipeline=4712)], 4713: [gitlab_job(3, pipeline=4713)]}
    fake.bridges = {4711: [bridge(4711, 4712)], 4712: [bridge(4712, 4713)], 4713: [bridge(4713, 4711)]}
    assert [(job.id, job.pipeline_id) for job in jobs(gitlab)] == [("1", "4711"), ("2", "4712"), ("3", "4713")]


@pytest.mark.parametrize("other", [bridge(4711, 5000, "acme/deploy"), bridge(4711, None), gitlab_job(9)])
def test_pipelines_of_other_projects_and_those_not_begun_are_not_read(fake, gitlab, other):
    fake.bridges = {4711: [other]}
    assert len(jobs(gitlab)) == 1


@pytest.mark.parametrize(
    ("token", "words"),
    [("ci-job-token", "gitlab refused: 401 Unauthorized"), (None, "gitlab refused: 404 Project Not Found")],
)
def test_what_it_does_not_show_is_refused(fake, token, words):
    with serving(fake) as url, pytest.raises(Rejected, match=words):
        jobs(at(url, token))


def test_a_limit_of_requests_is_asked_again(fake, gitlab):
    fake.before = lambda asked: said(429, {"message": "Retry later"}, Retry_After="0") if len(fake.asked) == 1 else None
    assert len(jobs(gitlab)) == 1


@pytest.mark.parametrize("body", [{"message": "x"}, [1], [{"id": 1}], [[]]])
def test_a_list_of_something_else_is_an_error(body):
    said_so = pytest.raises(DeliveryError, match="gitlab did not answer as its documentation says")
    with serving(lambda asked: said(200, body)) as url, said_so:
        jobs(at(url))


def test_a_comment_is_written_changed_and_deleted(fake, gitlab):
    deadline = Deadline(5)
    fake.comments = [{"id": 1, "author": {"username": "ada"}, "system": True, "body": "changed the title"}]
    made = gitlab.create_comment("7", "hello", deadline)
    gitlab.update_comment("7", made.id, "better", deadline)
    assert [(each.author, each.body) for each in gitlab.comments("7", deadline)] == [("project_1_bot", "better")]
    gitlab.delete_comment("7", made.id, deadline)
    assert len(fake.comments) == 1


def test_the_author_is_the_tokens(gitlab):
    assert gitlab.author(Deadline(5)) == "project_1_bot"


def test_a_token_that_may_only_read_is_refused(fake, gitlab):
    fake.scope = "read_api"
    with pytest.raises(Rejected, match="gitlab refused: insufficient_scope"):
        gitlab.create_comment("7", "x", Deadline(5))


def test_a_body_that_is_too_long_is_refused_in_its_words(gitlab):
    with pytest.raises(Rejected, match="note: is too long"):
        gitlab.create_comment("7", "x" * 1_000_001, Deadline(5))


def test_revisions_are_compared():
    commits = [{"id": "b" * 40, "title": "count the tax once", "author_name": "Ada"}]
    diffs = [{"diff": "@@ -1 +1,2 @@\n-a\n+b\n+c\n"}]
    page = "https://gitlab.example/acme/shop/-/compare/a...b"
    asked = []
    body = {"commits": commits, "diffs": diffs, "web_url": page, "compare_timeout": False}
    with serving(lambda each: asked.append(each) or said(200, body)) as url:
        found = at(url).compare("a" * 40, "b" * 40, Deadline(5))
    assert asked[0].path == "/api/v4/projects/acme%2Fshop/repository/compare"
    assert asked[0].query == {"from": "a" * 40, "to": "b" * 40}
    assert [(each.subject, each.author) for each in found.changes] == [("count the tax once", "Ada")]
    assert (found.total, found.files, found.additions, found.deletions, found.url) == (1, 1, 2, 1, page)
