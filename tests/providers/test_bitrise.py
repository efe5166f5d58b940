import pytest

PUSH = {
    "CI": "true",
    "BITRISE_IO": "true",
    "BITRISE_BUILD_SLUG": "5f5f",
    "BITRISE_BUILD_NUMBER": "42",
    "BITRISE_BUILD_URL": "https://app.bitrise.io/build/5f5f",
    "BITRISE_TRIGGERED_WORKFLOW_ID": "primary",
    "BITRISEIO_GIT_REPOSITORY_OWNER": "acme",
    "BITRISEIO_GIT_REPOSITORY_SLUG": "shop",
    "GIT_REPOSITORY_URL": "git@github.com:acme/shop.git",
    "BITRISE_GIT_BRANCH": "main",
    "BITRISE_GIT_COMMIT": "c" * 40,
    "BITRISE_GIT_MESSAGE": "fix the cart",
    "BITRISE_PULL_REQUEST": "false",
    "BITRISE_SOURCE_DIR": "/bitrise/src",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "bitrise"),
        ("ci_run_id", "bitrise-5f5f"),
        ("repository", "acme/shop"),
        ("repository_url", "git@github.com:acme/shop.git"),
        ("pipeline", "primary"),
        ("run_number", "42"),
        ("run_url", "https://app.bitrise.io/build/5f5f"),
        ("job_name", "primary"),
        ("branch", "main"),
        ("revision", "c" * 40),
        ("commit_message", "fix the cart"),
        ("change", None),
        ("workspace", "/bitrise/src"),
    ],
)
def test_push(read, field, value):
    assert getattr(read(PUSH), field) == value


def test_pull_request_keeps_the_branch_of_its_head(read):
    run = read(PUSH, BITRISE_GIT_BRANCH="fix/cart", BITRISE_PULL_REQUEST="12", BITRISEIO_GIT_BRANCH_DEST="main")
    assert (run.change, run.branch, run.target_branch) == ("12", "fix/cart", "main")


def test_tag(read):
    run = read(PUSH, BITRISE_GIT_BRANCH="", BITRISE_GIT_TAG="v1")
    assert (run.tag, run.branch) == ("v1", None)


def test_clone_tells_the_commit(read):
    run = read(PUSH, BITRISE_GIT_COMMIT="", GIT_CLONE_COMMIT_HASH="d" * 40, GIT_CLONE_COMMIT_AUTHOR_NAME="Ann")
    assert (run.revision, run.commit_author) == ("d" * 40, "Ann")


def test_workflow_of_a_pipeline(read):
    assert read(PUSH, BITRISEIO_PIPELINE_TITLE="nightly").pipeline == "nightly"
