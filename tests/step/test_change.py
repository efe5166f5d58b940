"""The pull or merge request that a run is about."""

import json

import pytest

from ci_reporter.context import current_run
from ci_reporter.errors import UsageError
from ci_reporter.step.change import Change, change_of

GITLAB = {"GITLAB_CI": "true", "CI_PROJECT_PATH": "acme/shop", "CI_PIPELINE_ID": "1"}
OF_MERGE_REQUEST = {"CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_PROJECT_PATH": "acme/shop"}


def found(context, given=None):
    return change_of(context, current_run(context), given)


@pytest.mark.parametrize(("head", "from_fork"), [("acme/shop", False), ("mallory/shop", True)])
def test_a_pull_request_is_told_by_the_event(make_context, tmp_path, head, from_fork):
    event = {"number": 7, "head": {"repo": {"full_name": head}}, "base": {"repo": {"full_name": "acme/shop"}}}
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": event}))
    context = make_context({"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(tmp_path / "event.json")})
    assert found(context) == Change(number="7", from_fork=from_fork)


@pytest.mark.parametrize("event", ["", "{}", '{"pull_request": {"number": 7, "head": {"repo": null}}}', "[" * 9999])
def test_an_event_that_tells_no_repositories_is_no_fork(make_context, tmp_path, event):
    (tmp_path / "event.json").write_text(event)
    env = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REF": "refs/pull/7/merge",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
    }
    assert found(make_context(env)) == Change(number="7")


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        (OF_MERGE_REQUEST, Change(number="7", repository="acme/shop")),
        (
            OF_MERGE_REQUEST | {"CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "mallory/shop"},
            Change(number="7", repository="acme/shop", from_fork=True),
        ),
        ({"CI_OPEN_MERGE_REQUESTS": "acme/shop!12,other/shop!3"}, Change(number="12", repository="acme/shop")),
        ({"CI_OPEN_MERGE_REQUESTS": "nonsense"}, None),
        ({}, None),
    ],
    ids=["merge request", "fork", "open for the branch", "nonsense", "none"],
)
def test_a_merge_request_is_told_by_the_environment(make_context, env, expected):
    assert found(make_context(GITLAB | env)) == expected


def test_the_number_that_is_given_counts(make_context):
    assert found(make_context({"GITHUB_ACTIONS": "true"}), "9") == Change(number="9")


@pytest.mark.parametrize("given", ["", "x", "7/../8", "-1"])
def test_a_number_that_is_not_one_is_a_mistake(make_context, given):
    with pytest.raises(UsageError, match="is not the number of a pull or merge request"):
        found(make_context({"GITHUB_ACTIONS": "true"}), given)
