import json

import pytest

PUSH = {
    "CI": "true",
    "GITEA_ACTIONS": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://git.acme.test/",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_WORKFLOW": "ci.yaml",
    "GITHUB_RUN_ID": "9001",
    "GITHUB_RUN_NUMBER": "42",
    "GITHUB_JOB": "unit",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_REF_NAME": "main",
    "GITHUB_REF_TYPE": "branch",
    "GITHUB_SHA": "c" * 40,
    "GITHUB_ACTOR": "ann",
    "GITHUB_EVENT_NAME": "push",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "gitea"),
        ("ci_run_id", "gitea-9001"),
        ("repository_url", "https://git.acme.test/acme/shop"),
        ("run_url", "https://git.acme.test/acme/shop/actions/runs/42"),
        ("job_url", None),
        ("pipeline", "ci.yaml"),
        ("job_name", "unit"),
        ("branch", "main"),
        ("attempt", None),
        ("actor", "ann"),
    ],
)
def test_push(read, field, value):
    assert getattr(read(PUSH), field) == value


def test_attempt_where_it_is_told(read):
    assert read(PUSH, GITHUB_RUN_ATTEMPT="2").ci_run_id == "gitea-9001-2"


def test_check_run_is_not_believed(read):
    assert read(PUSH, JOB_CHECK_RUN_ID="1").job_url is None


def test_no_address_without_a_server(read):
    run = read(PUSH, GITHUB_SERVER_URL="")
    assert (run.repository_url, run.run_url, run.repository) == (None, None, "acme/shop")


def test_pull_request(read):
    pull = {"pull_request": {"number": 12, "head": {"sha": "d" * 40}}}
    ref = {"GITHUB_REF": "refs/pull/12/head", "GITHUB_HEAD_REF": "fix/cart", "GITHUB_EVENT_PATH": "/event.json"}
    run = read(PUSH | ref, {"/event.json": json.dumps(pull)})
    assert (run.change, run.branch, run.revision) == ("12", "fix/cart", "d" * 40)


def test_tag(read):
    run = read(PUSH, GITHUB_REF="refs/tags/v1", GITHUB_REF_NAME="v1", GITHUB_REF_TYPE="tag")
    assert (run.tag, run.branch) == ("v1", None)
