import pytest

PUSH = {
    "CI": "true",
    "FORGEJO_ACTIONS": "true",
    "GITEA_ACTIONS": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://code.acme.test/",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_RUN_ID": "9001",
    "GITHUB_RUN_NUMBER": "42",
    "GITHUB_JOB": "unit",
    "GITHUB_REF_NAME": "main",
    "GITHUB_REF_TYPE": "branch",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "forgejo"),
        ("ci_run_id", "forgejo-9001"),
        ("run_url", "https://code.acme.test/acme/shop/actions/runs/42"),
        ("job_name", "unit"),
        ("branch", "main"),
    ],
)
def test_push(read, field, value):
    assert getattr(read(PUSH), field) == value


def test_pull_request(read):
    run = read(PUSH, GITHUB_REF="refs/pull/12/head", GITHUB_HEAD_REF="fix/cart", GITHUB_BASE_REF="main")
    assert (run.change, run.branch, run.target_branch) == ("12", "fix/cart", "main")


def test_tag(read):
    run = read(PUSH, GITHUB_REF_NAME="v1", GITHUB_REF_TYPE="tag")
    assert (run.tag, run.branch) == ("v1", None)
