import pytest

PUSH = {
    "CI": "woodpecker",
    "CI_REPO": "acme/shop",
    "CI_REPO_URL": "https://git.acme.test/acme/shop",
    "CI_REPO_DEFAULT_BRANCH": "main",
    "CI_PIPELINE_NUMBER": "42",
    "CI_PIPELINE_URL": "https://ci.acme.test/repos/7/pipeline/42",
    "CI_PIPELINE_EVENT": "push",
    "CI_PIPELINE_AUTHOR": "ann",
    "CI_WORKFLOW_NAME": "test",
    "CI_STEP_NAME": "unit",
    "CI_STEP_NUMBER": "3",
    "CI_STEP_URL": "https://ci.acme.test/repos/7/pipeline/42/3",
    "CI_COMMIT_SHA": "c" * 40,
    "CI_COMMIT_BRANCH": "main",
    "CI_COMMIT_MESSAGE": "fix the cart",
    "CI_COMMIT_AUTHOR": "ann",
    "CI_WORKSPACE": "/woodpecker/src/shop",
    "CI_BUILD_NUMBER": "7",
}
PULL_REQUEST = PUSH | {
    "CI_PIPELINE_EVENT": "pull_request",
    "CI_COMMIT_PULL_REQUEST": "12",
    "CI_COMMIT_SOURCE_BRANCH": "fix/cart",
    "CI_COMMIT_TARGET_BRANCH": "main",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "woodpecker"),
        ("ci_run_id", "woodpecker-42-1"),
        ("repository", "acme/shop"),
        ("repository_url", "https://git.acme.test/acme/shop"),
        ("default_branch", "main"),
        ("pipeline", "test"),
        ("run_url", "https://ci.acme.test/repos/7/pipeline/42"),
        ("job_name", "unit"),
        ("job_id", "3"),
        ("job_url", "https://ci.acme.test/repos/7/pipeline/42/3"),
        ("branch", "main"),
        ("revision", "c" * 40),
        ("commit_message", "fix the cart"),
        ("change", None),
        ("actor", "ann"),
        ("event", "push"),
        ("workspace", "/woodpecker/src/shop"),
    ],
)
def test_push(read, field, value):
    assert getattr(read(PUSH), field) == value


@pytest.mark.parametrize(("field", "value"), [("change", "12"), ("branch", "fix/cart"), ("target_branch", "main")])
def test_pull_request(read, field, value):
    assert getattr(read(PULL_REQUEST), field) == value


def test_target_of_a_pull_request_is_not_its_branch(read):
    assert read(PULL_REQUEST, CI_COMMIT_SOURCE_BRANCH="").branch is None


def test_tag(read):
    run = read(PUSH, CI_COMMIT_BRANCH="", CI_COMMIT_TAG="v1")
    assert (run.tag, run.branch) == ("v1", None)


def test_first_restart_is_the_second_attempt(read):
    assert read(PUSH, CI_PIPELINE_RERUNS="1").attempt == "2"
