import pytest

OLD = {
    "CI": "true",
    "BUDDY": "true",
    "BUDDY_PIPELINE_ID": "7",
    "BUDDY_PIPELINE_NAME": "test",
    "BUDDY_PIPELINE_TRIGGER_MODE": "ON_EVERY_PUSH",
    "BUDDY_EXECUTION_ID": "42",
    "BUDDY_EXECUTION_URL": "https://app.buddy.works/acme/shop/pipelines/pipeline/7/execution/5d9d",
    "BUDDY_EXECUTION_BRANCH": "main",
    "BUDDY_EXECUTION_REVISION": "c" * 40,
    "BUDDY_EXECUTION_REVISION_MESSAGE": "fix the cart",
    "BUDDY_REPO_SLUG": "acme/shop",
    "BUDDY_SCM_URL": "https://github.com/acme/shop",
    "BUDDY_INVOKER_NAME": "Ann Ash",
}
NEW = {name.replace("EXECUTION_REVISION", "RUN_COMMIT").replace("EXECUTION", "RUN"): OLD[name] for name in OLD}


@pytest.mark.parametrize("env", [OLD, NEW], ids=["old names", "new names"])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "buddy"),
        ("ci_run_id", "buddy-7-42"),
        ("repository", "acme/shop"),
        ("repository_url", "https://github.com/acme/shop"),
        ("pipeline", "test"),
        ("run_number", "42"),
        ("run_url", "https://app.buddy.works/acme/shop/pipelines/pipeline/7/execution/5d9d"),
        ("branch", "main"),
        ("revision", "c" * 40),
        ("commit_message", "fix the cart"),
        ("commit_author", None),
        ("change", None),
        ("actor", "Ann Ash"),
        ("event", "ON_EVERY_PUSH"),
    ],
)
def test_push(read, env, field, value):
    assert getattr(read(env), field) == value


@pytest.mark.parametrize(
    "variables",
    [
        {"BUDDY_RUN_PR_NO": "12", "BUDDY_RUN_PR_HEAD_BRANCH": "fix/cart", "BUDDY_RUN_PR_BASE_BRANCH": "main"},
        {
            "BUDDY_EXECUTION_PULL_REQUEST_ID": "pull/12",
            "BUDDY_EXECUTION_PULL_REQUEST_HEAD_BRANCH": "fix/cart",
            "BUDDY_EXECUTION_PULL_REQUEST_BASE_BRANCH": "main",
        },
    ],
    ids=["new names", "old names"],
)
def test_pull_request(read, variables):
    run = read(OLD | variables)
    assert (run.change, run.branch, run.target_branch) == ("12", "fix/cart", "main")


def test_tag(read):
    run = read(OLD, BUDDY_EXECUTION_BRANCH="", BUDDY_EXECUTION_TAG="v1")
    assert (run.tag, run.branch) == ("v1", None)
