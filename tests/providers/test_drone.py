import pytest

PUSH = {
    "CI": "true",
    "DRONE": "true",
    "DRONE_REPO": "acme/shop",
    "DRONE_REPO_BRANCH": "main",
    "DRONE_GIT_HTTP_URL": "https://git.acme.test/acme/shop.git",
    "DRONE_BUILD_NUMBER": "42",
    "DRONE_BUILD_LINK": "https://drone.acme.test/acme/shop/42",
    "DRONE_BUILD_EVENT": "push",
    "DRONE_STAGE_NAME": "test",
    "DRONE_STAGE_MACHINE": "runner-7",
    "DRONE_STEP_NAME": "unit",
    "DRONE_BRANCH": "main",
    "DRONE_SOURCE_BRANCH": "main",
    "DRONE_TARGET_BRANCH": "main",
    "DRONE_COMMIT_SHA": "c" * 40,
    "DRONE_COMMIT_MESSAGE": "fix the cart",
    "DRONE_COMMIT_AUTHOR": "ann",
    "DRONE_COMMIT_AUTHOR_NAME": "Ann Ash",
    "DRONE_WORKSPACE": "/drone/src",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "drone"),
        ("ci_run_id", "drone-42"),
        ("repository", "acme/shop"),
        ("repository_url", "https://git.acme.test/acme/shop.git"),
        ("default_branch", "main"),
        ("pipeline", "acme/shop"),
        ("run_number", "42"),
        ("run_url", "https://drone.acme.test/acme/shop/42"),
        ("job_name", "unit"),
        ("stage", "test"),
        ("node", "runner-7"),
        ("branch", "main"),
        ("target_branch", None),
        ("revision", "c" * 40),
        ("commit_message", "fix the cart"),
        ("commit_author", "Ann Ash"),
        ("change", None),
        ("actor", "ann"),
        ("event", "push"),
        ("workspace", "/drone/src"),
    ],
)
def test_push(read, field, value):
    assert getattr(read(PUSH), field) == value


def test_pull_request(read):
    run = read(PUSH, DRONE_PULL_REQUEST="12", DRONE_SOURCE_BRANCH="fix/cart")
    assert (run.change, run.branch, run.target_branch) == ("12", "fix/cart", "main")


def test_target_of_a_pull_request_is_not_its_branch(read):
    assert read(PUSH, DRONE_PULL_REQUEST="12", DRONE_SOURCE_BRANCH="").branch is None


def test_tag_in_the_place_of_the_branch(read):
    run = read(PUSH, DRONE_SOURCE_BRANCH="", DRONE_BRANCH="refs/tags/v1", DRONE_TAG="v1")
    assert (run.tag, run.branch) == ("v1", None)
