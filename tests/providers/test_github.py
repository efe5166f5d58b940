import json

import pytest

SHA, HEAD = "c" * 40, "d" * 40
PUSH = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_WORKFLOW": "CI",
    "GITHUB_RUN_ID": "17012345678",
    "GITHUB_RUN_NUMBER": "42",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_JOB": "unit",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_REF_NAME": "main",
    "GITHUB_REF_TYPE": "branch",
    "GITHUB_SHA": SHA,
    "GITHUB_ACTOR": "ann",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_EVENT_PATH": "/event.json",
    "GITHUB_WORKSPACE": "/home/runner/work/shop/shop",
    "RUNNER_NAME": "GitHub Actions 7",
}
PULL_REQUEST = PUSH | {
    "GITHUB_REF": "refs/pull/12/merge",
    "GITHUB_REF_NAME": "12/merge",
    "GITHUB_HEAD_REF": "fix/cart",
    "GITHUB_BASE_REF": "release/1.0",
    "GITHUB_EVENT_NAME": "pull_request",
}
TAG = PUSH | {"GITHUB_REF": "refs/tags/v1.0", "GITHUB_REF_NAME": "v1.0", "GITHUB_REF_TYPE": "tag"}
OPENED = {
    "pull_request": {
        "number": 12,
        "head": {"ref": "fix/cart", "sha": HEAD},
        "base": {"ref": "release/1.0"},
    },
    "repository": {"default_branch": "main"},
}
PUSHED = {
    "head_commit": {
        "message": "fix the cart\n\nIt was empty.",
        "author": {"name": "Ann"},
        "timestamp": "2026-01-31T12:00:00+01:00",
    }
}
QUEUED = {"merge_group": {"head_commit": PUSHED["head_commit"]}}
QUEUE = PUSH | {
    "GITHUB_REF": f"refs/heads/gh-readonly-queue/release/1.0/pr-12-{HEAD}",
    "GITHUB_REF_NAME": f"gh-readonly-queue/release/1.0/pr-12-{HEAD}",
    "GITHUB_EVENT_NAME": "merge_group",
}


def event(content):
    return {"/event.json": json.dumps(content)}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "github"),
        ("ci_run_id", "github-17012345678-1"),
        ("repository", "acme/shop"),
        ("repository_url", "https://github.com/acme/shop"),
        ("pipeline", "CI"),
        ("pipeline_id", "17012345678"),
        ("run_number", "42"),
        ("attempt", "1"),
        ("run_url", "https://github.com/acme/shop/actions/runs/17012345678"),
        ("job_name", "unit"),
        ("job_url", None),
        ("node", "GitHub Actions 7"),
        ("branch", "main"),
        ("tag", None),
        ("revision", SHA),
        ("change", None),
        ("target_branch", None),
        ("actor", "ann"),
        ("event", "push"),
        ("workspace", "/home/runner/work/shop/shop"),
    ],
)
def test_push(read, field, value):
    assert getattr(read(PUSH), field) == value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("change", "12"),
        ("branch", "fix/cart"),
        ("target_branch", "release/1.0"),
        ("revision", HEAD),
        ("default_branch", "main"),
    ],
)
def test_pull_request_is_its_head_not_the_merge(read, field, value):
    assert getattr(read(PULL_REQUEST, event(OPENED)), field) == value


@pytest.mark.parametrize(("field", "value"), [("change", "12"), ("branch", "fix/cart"), ("revision", SHA)])
def test_pull_request_without_its_event_file(read, field, value):
    assert getattr(read(PULL_REQUEST), field) == value


def test_review_takes_the_branch_from_the_event(read):
    env = PULL_REQUEST | {"GITHUB_HEAD_REF": "", "GITHUB_BASE_REF": "", "GITHUB_EVENT_NAME": "pull_request_review"}
    run = read(env, event(OPENED))
    assert (run.branch, run.target_branch) == ("fix/cart", "release/1.0")


def test_merge_ref_is_no_branch(read):
    assert read(PULL_REQUEST, GITHUB_HEAD_REF="").branch is None


@pytest.mark.parametrize("name", ["pull_request_target", "workflow_run", "schedule", "workflow_dispatch"])
def test_no_change_is_made_up_for(read, name):
    assert read(PUSH, GITHUB_EVENT_NAME=name, GITHUB_HEAD_REF="fix/cart", GITHUB_BASE_REF="main").change is None


def test_main_of_a_fork_is_not_our_main(read):
    run = read(PUSH, GITHUB_EVENT_NAME="pull_request_target", GITHUB_HEAD_REF="main", GITHUB_REF_NAME="release/1.0")
    assert (run.branch, run.target_branch) == ("release/1.0", None)


def test_tag(read):
    run = read(TAG)
    assert (run.tag, run.branch) == ("v1.0", None)


@pytest.mark.parametrize(
    ("field", "value"),
    [("change", "12"), ("target_branch", "release/1.0"), ("revision", SHA), ("commit_message", "fix the cart")],
)
def test_merge_queue(read, field, value):
    assert getattr(read(QUEUE, event(QUEUED)), field) == value


@pytest.mark.parametrize(
    ("field", "value"),
    [("commit_message", "fix the cart"), ("commit_author", "Ann"), ("committed_at", "2026-01-31T12:00:00+01:00")],
)
def test_push_event_has_the_commit(read, field, value):
    assert getattr(read(PUSH, event(PUSHED)), field) == value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ci_run_id", "github-17012345678-2"),
        ("run_url", "https://github.com/acme/shop/actions/runs/17012345678/attempts/2"),
        ("actor", "bob"),
    ],
)
def test_rerun(read, field, value):
    assert getattr(read(PUSH, GITHUB_RUN_ATTEMPT="2", GITHUB_TRIGGERING_ACTOR="bob"), field) == value


def test_check_run_gives_the_job_its_page(read):
    run = read(PUSH, JOB_CHECK_RUN_ID="555")
    assert run.job_url == "https://github.com/acme/shop/actions/runs/17012345678/job/555"


def test_enterprise_server(read):
    assert read(PUSH, GITHUB_SERVER_URL="https://git.acme.test/").repository_url == "https://git.acme.test/acme/shop"


def test_recognised_by_an_action_alone(read):
    assert read({"GITHUB_ACTION": "__run"}).provider == "github"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "null",
        "[1]",
        '"text"',
        "{",
        "\x00\xff",
        "[" * 100_000,
        '{"n": ' + "9" * 5000 + "}",
        '{"pull_request": 7, "repository": [], "head_commit": "x", "merge_group": null}',
        '{"pull_request": {"number": true, "head": []}, "head_commit": {"author": "x", "message": 3.5}}',
    ],
    ids=["empty", "null", "list", "text", "cut", "binary", "nested", "long number", "wrong types", "wrong leaves"],
)
def test_event_file_of_any_content_costs_nothing_else(read, content):
    assert read(PULL_REQUEST, {"/event.json": content}).change == "12"


@pytest.mark.parametrize("name", ["GITHUB_REF", "GITHUB_HEAD_REF", "GITHUB_REF_NAME"])
def test_one_name_alone_is_enough_for_the_branch(read, name):
    run = read({"GITHUB_ACTIONS": "true", name: "refs/heads/feature/one"})
    assert (run.branch, run.tag) == ("feature/one", None)


def test_a_tag_is_known_from_the_ref_alone(read):
    run = read({"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/tags/v1"})
    assert (run.branch, run.tag) == (None, "v1")


def test_a_merge_ref_alone_names_the_change_and_no_branch(read):
    run = read({"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/pull/12/merge"})
    assert (run.change, run.branch) == ("12", None)
