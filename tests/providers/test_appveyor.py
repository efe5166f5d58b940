import pytest

SHA, HEAD = "c" * 40, "d" * 40
PUSH = {
    "CI": "True",
    "APPVEYOR": "True",
    "APPVEYOR_BUILD_ID": "1234",
    "APPVEYOR_BUILD_NUMBER": "42",
    "APPVEYOR_BUILD_FOLDER": "C:\\projects\\shop",
    "APPVEYOR_BUILD_WORKER_IMAGE": "Visual Studio 2022",
    "APPVEYOR_JOB_ID": "7d7d",
    "APPVEYOR_JOB_NAME": "Environment: PYTHON=3.12",
    "APPVEYOR_REPO_PROVIDER": "github",
    "APPVEYOR_REPO_NAME": "acme/shop",
    "APPVEYOR_REPO_BRANCH": "main",
    "APPVEYOR_REPO_COMMIT": SHA,
    "APPVEYOR_REPO_COMMIT_MESSAGE": "fix the cart",
    "APPVEYOR_REPO_COMMIT_AUTHOR": "Ann Ash",
    "APPVEYOR_REPO_COMMIT_TIMESTAMP": "2026-01-31T12:00:00+01:00",
}
PULL_REQUEST = PUSH | {
    "APPVEYOR_PULL_REQUEST_NUMBER": "12",
    "APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH": "fix/cart",
    "APPVEYOR_PULL_REQUEST_HEAD_COMMIT": HEAD,
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "appveyor"),
        ("ci_run_id", "appveyor-1234"),
        ("repository", "acme/shop"),
        ("repository_url", "https://github.com/acme/shop"),
        ("run_number", "42"),
        ("run_url", "https://ci.appveyor.com/project/acme/shop/builds/1234"),
        ("job_name", "Environment: PYTHON=3.12"),
        ("job_id", "7d7d"),
        ("labels", "Visual Studio 2022"),
        ("branch", "main"),
        ("target_branch", None),
        ("revision", SHA),
        ("commit_message", "fix the cart"),
        ("commit_author", "Ann Ash"),
        ("committed_at", "2026-01-31T12:00:00+01:00"),
        ("change", None),
        ("workspace", "C:\\projects\\shop"),
    ],
)
def test_push(read, field, value):
    assert getattr(read(PUSH), field) == value


@pytest.mark.parametrize(
    ("field", "value"),
    [("change", "12"), ("branch", "fix/cart"), ("target_branch", "main"), ("revision", HEAD)],
)
def test_pull_request(read, field, value):
    assert getattr(read(PULL_REQUEST), field) == value


def test_tag_is_not_a_branch_too(read):
    run = read(PUSH, APPVEYOR_REPO_TAG_NAME="v1", APPVEYOR_REPO_BRANCH="v1")
    assert (run.tag, run.branch) == ("v1", None)


def test_address_of_other_hosts_is_unknown(read):
    assert read(PUSH, APPVEYOR_REPO_PROVIDER="bitBucket").repository_url is None
