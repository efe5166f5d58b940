import pytest

PAGE = "https://bitbucket.org/acme/shop/addon/pipelines/home#!/results/42"
PUSH = {
    "CI": "true",
    "BITBUCKET_PIPELINE_UUID": "{5f5f-aa}",
    "BITBUCKET_BUILD_NUMBER": "42",
    "BITBUCKET_STEP_UUID": "{7d7d-cc}",
    "BITBUCKET_REPO_FULL_NAME": "acme/shop",
    "BITBUCKET_GIT_HTTP_ORIGIN": "http://bitbucket.org/acme/shop",
    "BITBUCKET_GIT_SSH_ORIGIN": "git@bitbucket.org:acme/shop.git",
    "BITBUCKET_BRANCH": "main",
    "BITBUCKET_COMMIT": "c" * 40,
    "BITBUCKET_CLONE_DIR": "/opt/atlassian/pipelines/agent/build",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "bitbucket"),
        ("ci_run_id", "bitbucket-5f5f-aa"),
        ("pipeline_id", "5f5f-aa"),
        ("repository", "acme/shop"),
        ("repository_url", "http://bitbucket.org/acme/shop"),
        ("pipeline", "acme/shop"),
        ("run_number", "42"),
        ("run_url", PAGE),
        ("job_id", "7d7d-cc"),
        ("job_name", None),
        ("branch", "main"),
        ("revision", "c" * 40),
        ("change", None),
        ("workspace", "/opt/atlassian/pipelines/agent/build"),
    ],
)
def test_push(read, field, value):
    assert getattr(read(PUSH), field) == value


def test_pull_request(read):
    run = read(PUSH, BITBUCKET_BRANCH="fix/cart", BITBUCKET_PR_ID="12", BITBUCKET_PR_DESTINATION_BRANCH="main")
    assert (run.change, run.branch, run.target_branch) == ("12", "fix/cart", "main")


def test_tag(read):
    run = read(PUSH, BITBUCKET_BRANCH="", BITBUCKET_TAG="v1")
    assert (run.tag, run.branch) == ("v1", None)


def test_ssh_origin_gives_the_repository(read):
    assert (
        read({"BITBUCKET_COMMIT": "c", "BITBUCKET_GIT_SSH_ORIGIN": "git@host:acme/shop.git"}).repository == "acme/shop"
    )


def test_parallel_steps_are_told_apart(read):
    assert read(PUSH, BITBUCKET_PARALLEL_STEP="1", BITBUCKET_PARALLEL_STEP_COUNT="3").matrix == "2/3"
