import pytest

PUSH = {
    "CI": "true",
    "CF_BUILD_ID": "65aa",
    "CF_BUILD_URL": "https://g.codefresh.io/build/65aa",
    "CF_BUILD_INITIATOR": "ann",
    "CF_BUILD_TRIGGER": "webhook",
    "CF_PIPELINE_NAME": "shop/ci",
    "CF_STEP_NAME": "unit",
    "CF_REPO_OWNER": "acme",
    "CF_REPO_NAME": "shop",
    "CF_BRANCH": "main",
    "CF_REVISION": "c" * 40,
    "CF_COMMIT_MESSAGE": "fix the cart",
    "CF_COMMIT_AUTHOR": "Ann Ash",
    "CF_CURRENT_ATTEMPT": "2",
    "CF_VOLUME_PATH": "/codefresh/volume",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "codefresh"),
        ("ci_run_id", "codefresh-65aa"),
        ("repository", "acme/shop"),
        ("pipeline", "shop/ci"),
        ("run_url", "https://g.codefresh.io/build/65aa"),
        ("job_name", "unit"),
        ("branch", "main"),
        ("revision", "c" * 40),
        ("commit_message", "fix the cart"),
        ("commit_author", "Ann Ash"),
        ("change", None),
        ("actor", "ann"),
        ("event", "webhook"),
        ("workspace", "/codefresh/volume"),
    ],
)
def test_push(read, field, value):
    assert getattr(read(PUSH), field) == value


def test_pull_request(read):
    run = read(PUSH, CF_BRANCH="fix/cart", CF_PULL_REQUEST_NUMBER="12", CF_PULL_REQUEST_TARGET="main")
    assert (run.change, run.branch, run.target_branch) == ("12", "fix/cart", "main")


def test_tag_in_the_place_of_the_branch(read):
    run = read(PUSH, CF_BRANCH="tags/v1")
    assert (run.tag, run.branch) == ("v1", None)


def test_tag_of_a_release(read):
    assert read(PUSH, CF_RELEASE_TAG="v1").tag == "v1"
