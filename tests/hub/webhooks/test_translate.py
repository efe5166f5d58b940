"""Payloads of each vendor → what they tell, in our words."""

from __future__ import annotations

from functools import partial

import pytest

from ci_reporter.hub.runs.run import Key, Status
from ci_reporter.hub.runs.words import status_of
from ci_reporter.hub.webhooks import bitbucket, generic, gitea, github, gitlab
from tests.hub.webhooks import payloads
from tests.hub.webhooks.payloads import OLD_SHA, SHA

_0 = 1_767_225_600_000  # 2026-01-01T00:00:00Z
GITEA, FORGEJO = (partial(gitea.translate, each) for each in ("gitea", "forgejo"))
TOOLS = "acme/tools/shop"


@pytest.mark.parametrize(
    ("event", "key", "pipeline", "url"),
    [
        (
            github.translate("workflow_run", payloads.github_run()),
            Key("github", "github.com", "acme/shop", "17", 1),
            "CI",
            "https://github.com/acme/shop/actions/runs/17",
        ),
        (
            gitlab.translate("Pipeline Hook", payloads.gitlab_pipeline()),
            Key("gitlab", "gitlab.example.com", TOOLS, "17", 1),
            TOOLS,
            "https://gitlab.example.com/acme/tools/shop/-/pipelines/17",
        ),
        (
            GITEA("workflow_run", payloads.gitea_run()),
            Key("gitea", "git.example.com", "acme/shop", "17", 1),
            "ci.yml",
            "https://git.example.com/acme/shop/actions/runs/3",
        ),
        (
            FORGEJO("action_run_failure", payloads.forgejo_run("success")),
            Key("forgejo", "code.example.com", "acme/shop", "17", 1),
            "ci.yml",
            "https://code.example.com/acme/shop/actions/runs/3",
        ),
        (
            bitbucket.translate("repo:commit_status_updated", payloads.bitbucket_status()),
            Key("bitbucket", "bitbucket.org", "acme/shop", "17", 1),
            "acme/shop",
            "https://bitbucket.org/acme/shop/addon/pipelines/home#!/results/17",
        ),
        (
            generic.translate("", payloads.generic_run(url="https://ci.example.com/17")),
            Key("generic", "", "acme/shop", "17", 1),
            "Nightly",
            "https://ci.example.com/17",
        ),
    ],
    ids=["github", "gitlab", "gitea", "forgejo", "bitbucket", "generic"],
)
def test_a_run_that_has_ended_is_told_alike_by_all(event, key, pipeline, url):
    (run,) = event.runs
    assert (run.key, run.pipeline, run.url, run.status) == (key, pipeline, url, "success")
    assert (run.branch, run.revision, run.finished_ms) == ("main", SHA, _0 + 300_000)
    assert (event.repository, event.ignored, event.words) == (key.repository, "", ())


def test_github_names_the_branch_of_a_fork_as_its_pages_do():
    (run,) = github.translate("workflow_run", payloads.github_run(head_repository={"full_name": "eve/shop"})).runs
    assert run.branch == "eve:main"


def test_github_counts_attempts():
    again = payloads.github_run(run_attempt=2, run_started_at="2026-01-02T00:00:00Z")
    (run,) = github.translate("workflow_run", again).runs
    assert (run.key.attempt, run.queued_ms) == (2, _0 + 86_400_000)


def test_a_github_job_says_nothing_of_where_its_run_stands():
    (run,) = github.translate("workflow_job", payloads.github_job()).runs
    (job,) = run.jobs
    assert (run.status, run.updated_ms, run.pipeline) == ("unknown", 0, "CI")
    assert (job.name, job.status, job.started_ms, job.finished_ms) == (
        "unit (3.12)",
        "success",
        _0 + 10_000,
        _0 + 290_000,
    )


def test_a_gitlab_pipeline_has_its_jobs_and_how_long_it_waited():
    (run,) = gitlab.translate("", payloads.gitlab_pipeline()).runs
    assert (run.queued_ms, run.started_ms, run.updated_ms) == (_0, _0 + 30_000, _0 + 300_000)
    assert [(job.job_id, job.name, job.stage, job.status) for job in run.jobs] == [("31", "unit", "test", "success")]


def test_a_gitlab_pipeline_of_a_merge_request_is_of_that_change():
    payload = payloads.gitlab_pipeline(ref="refs/merge-requests/12/head") | {
        "merge_request": {"iid": 12, "source_branch": "tea"}
    }
    (run,) = gitlab.translate("", payload).runs
    assert (run.branch, run.change) == ("tea", "12")


def test_a_gitlab_pipeline_of_a_tag_has_no_branch():
    (run,) = gitlab.translate("", payloads.gitlab_pipeline(ref="v1", tag=True)).runs
    assert (run.branch, run.tag) == (None, "v1")


def test_a_gitlab_job_finds_its_project_without_one():
    (run,) = gitlab.translate("Job Hook", payloads.gitlab_job()).runs
    (job,) = run.jobs
    assert (run.key.repository, run.key.run_id, run.status) == (TOOLS, "17", "unknown")
    assert (job.status, job.started_ms) == ("running", _0 + 30_250)
    assert job.url == "https://gitlab.example.com/acme/tools/shop/-/jobs/31"


def test_a_gitea_job_is_one():
    (run,) = GITEA("workflow_job", payloads.gitea_job()).runs
    assert [(job.job_id, job.status) for job in run.jobs] == [("31", "running")]


@pytest.mark.parametrize(
    ("event", "kind", "subject", "was"),
    [
        (github.translate("push", payloads.push()), "push", "main", OLD_SHA),
        (github.translate("push", payloads.push("refs/tags/v1", payloads.NO_SHA)), "tag", "v1", None),
        (gitlab.translate("", payloads.gitlab_push()), "push", "main", OLD_SHA),
        (gitlab.translate("", payloads.gitlab_push("tag_push", "refs/tags/v1")), "tag", "v1", None),
        (GITEA("push", payloads.push(host="git.example.com")), "push", "main", OLD_SHA),
        (bitbucket.translate("repo:push", payloads.bitbucket_push()), "push", "main", None),
        (bitbucket.translate("repo:push", payloads.bitbucket_push("tag", "v1")), "tag", "v1", None),
        (bitbucket.translate("repo:refs_changed", payloads.bitbucket_refs()), "tag", "v1", None),
    ],
    ids=["github", "github tag", "gitlab", "gitlab tag", "gitea", "bitbucket", "bitbucket tag", "data center"],
)
def test_a_push_is_told_alike_by_all(event, kind, subject, was):
    (change,) = event.moves
    assert (change.kind, change.subject, change.was, change.became) == (kind, subject, was, SHA)
    assert change.body["actor"] == "ada"


def test_a_branch_that_is_deleted_is_nowhere_now():
    (change,) = github.translate("push", payloads.push(after=payloads.NO_SHA)).moves
    assert (change.was, change.became) == (OLD_SHA, None)


@pytest.mark.parametrize(
    "event",
    [
        github.translate("deployment_status", payloads.github_deployment()),
        gitlab.translate("", payloads.gitlab_deployment()),
    ],
    ids=["github", "gitlab"],
)
def test_a_deployment_is_told_alike_by_all(event):
    (found,) = event.deployments
    assert (found.environment, found.status, found.revision, found.branch) == ("production", "success", SHA, "main")
    assert (found.actor, found.finished_ms) == ("ada", _0 + 3_600_000)


def test_a_deployment_of_github_names_its_run():
    (found,) = github.translate("deployment_status", payloads.github_deployment()).deployments
    assert found.ci_run_id == "github-17-1"


@pytest.mark.parametrize(
    "event",
    [
        github.translate("ping", {"zen": "x", "repository": payloads.repository()}),
        github.translate("star", {"repository": payloads.repository()}),
        github.translate("workflow_job", {"workflow_job": None, "repository": payloads.repository()}),
        github.translate("workflow_run", {}),
        gitlab.translate("Note Hook", {"object_kind": "note"}),
        gitlab.translate("", {"object_kind": "pipeline", "project": {"path_with_namespace": "a/b"}}),
        GITEA("issues", {"repository": payloads.repository()}),
        bitbucket.translate("repo:fork", {"repository": {"full_name": "a/b"}}),
        generic.translate("", {"type": "x.y", "data": {}}),
        generic.translate("", {"type": "ci.run", "data": {"repository": "a/b"}}),
        github.translate("deployment_status", payloads.github_deployment("inactive")),
    ],
)
def test_what_is_not_for_us_says_why_and_tells_nothing(event):
    assert event.ignored
    assert not (event.runs or event.moves or event.deployments)


@pytest.mark.parametrize(
    "event",
    [
        github.translate("workflow_run", payloads.github_run("completed", "enchanted")),
        gitlab.translate("", payloads.gitlab_pipeline("enchanted")),
        GITEA("workflow_run", payloads.gitea_run("enchanted", None)),
        bitbucket.translate("repo:commit_status_updated", payloads.bitbucket_status("ENCHANTED")),
        generic.translate("", payloads.generic_run("enchanted")),
    ],
    ids=["github", "gitlab", "gitea", "bitbucket", "generic"],
)
def test_a_status_that_nobody_knows_is_said_and_is_no_result(event):
    assert event.runs[0].status == "unknown"
    assert [word.lower() for word in event.words] == ["enchanted"]


@pytest.mark.parametrize(
    ("url", "run_id"),
    [
        ("https://bitbucket.org/acme/shop2/addon/pipelines/home#!/results/17", "17"),
        ("https://ci.example.com/job/shop-2/job/main/17/display/redirect", "17"),
        ("https://ci.example.com/shop2/builds/17?tab=3/log", "17"),
        ("https://bamboo.example.com/browse/SHOP-CI-17", "17"),
        ("https://ci.example.com/shop2/latest", f"BUILD-{payloads.SHA[:12]}"),
    ],
    ids=["cloud", "jenkins", "query", "bamboo", "no number"],
)
def test_the_number_of_a_build_is_not_one_in_the_name_of_its_repository(url, run_id):
    payload = payloads.bitbucket_status()
    payload["commit_status"]["url"] = url
    assert bitbucket.translate("repo:commit_status_updated", payload).runs[0].key.run_id == run_id


@pytest.mark.parametrize("percent", [10**400, -1, 101, True, "90"])
def test_what_is_no_percentage_is_not_known(percent):
    (run,) = generic.translate("", payloads.generic_run(coverage_pct=percent)).runs
    assert run.coverage_pct is None


@pytest.mark.parametrize(
    ("provider", "words"),
    [
        (
            "github",
            "queued requested pending=queued waiting action_required=waiting in_progress=running"
            " success neutral=success failure=failure startup_failure=error timed_out stale=timeout"
            " cancelled=cancellation skipped=skip",
        ),
        (
            "gitlab",
            "created waiting_for_resource waiting_for_callback preparing pending=queued scheduled manual=waiting"
            " running canceling=running success=success failed=failure canceled=cancellation skipped=skip",
        ),
        ("gitea", "waiting blocked=waiting running=running success=success failure=failure cancelled=cancellation"),
        ("jenkins", "SUCCESS=success UNSTABLE FAILURE=failure ABORTED=cancellation NOT_BUILT=skip"),
        ("bitbucket", "PENDING=queued INPROGRESS=running SUCCESSFUL=success FAILED=failure STOPPED=cancellation"),
    ],
)
def test_each_word_of_each_vendor_has_a_meaning(provider, words):
    """`a b=x c=y`: a and b mean x, c means y."""
    waiting = []
    for each in words.split():
        word, equals, meaning = each.partition("=")
        waiting.append(word)
        if equals:
            assert {status_of(provider, one) for one in waiting} == {Status(meaning)}
            waiting = []
    assert not waiting
