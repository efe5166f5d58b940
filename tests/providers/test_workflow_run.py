"""The run that made GitHub start this one."""

import json

import pytest

from ci_reporter.errors import UsageError
from ci_reporter.providers.workflow_run import triggering_run

EVENT = {
    "workflow_run": {
        "id": 17012345678,
        "run_attempt": 2,
        "name": "CI",
        "event": "pull_request",
        "head_branch": "main",
        "head_sha": "a" * 40,
        "head_repository": {"full_name": "somebody/shop"},
        "pull_requests": [],
        "actor": {"login": "somebody"},
        "html_url": "https://github.com/acme/shop/actions/runs/17012345678",
        "run_started_at": "2026-11-21T12:00:00Z",
    },
    "repository": {"full_name": "acme/shop", "html_url": "https://github.com/acme/shop", "default_branch": "main"},
}


def run(event):
    return triggering_run({"GITHUB_EVENT_PATH": "event.json"}, {"event.json": json.dumps(event)}.__getitem__)


def test_run_is_the_one_of_the_event():
    found, started = run(EVENT)
    assert (found.ci_run_id, found.repository, found.pipeline, found.revision, found.actor) == (
        "github-17012345678-2",
        "acme/shop",
        "CI",
        "a" * 40,
        "somebody",
    )
    assert started == "2026-11-21T12:00:00Z"


def test_branch_of_a_fork_is_not_ours():
    assert run(EVENT)[0].branch is None


def test_branch_of_our_own_is_known():
    own = EVENT["workflow_run"] | {"head_repository": {"full_name": "acme/shop"}, "pull_requests": [{"number": 5}]}
    found = run(EVENT | {"workflow_run": own})[0]
    assert (found.branch, found.change) == ("main", "5")


@pytest.mark.parametrize("event", [{}, [], {"workflow_run": None}, {"workflow_run": {"id": "7"}}])
def test_other_workflows_are_told_where_it_works(event):
    with pytest.raises(UsageError, match="on: workflow_run"):
        run(event)
