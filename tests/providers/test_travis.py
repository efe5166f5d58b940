import pytest

SHA, HEAD = "c" * 40, "d" * 40
PUSH = {
    "CI": "true",
    "TRAVIS": "true",
    "TRAVIS_REPO_SLUG": "acme/shop",
    "TRAVIS_BUILD_ID": "1234",
    "TRAVIS_BUILD_NUMBER": "74",
    "TRAVIS_BUILD_WEB_URL": "https://app.travis-ci.com/acme/shop/builds/1234",
    "TRAVIS_BUILD_STAGE_NAME": "Test",
    "TRAVIS_JOB_ID": "1235",
    "TRAVIS_JOB_NUMBER": "74.2",
    "TRAVIS_JOB_NAME": "unit",
    "TRAVIS_JOB_WEB_URL": "https://app.travis-ci.com/acme/shop/jobs/1235",
    "TRAVIS_BRANCH": "main",
    "TRAVIS_PULL_REQUEST": "false",
    "TRAVIS_PULL_REQUEST_BRANCH": "",
    "TRAVIS_COMMIT": SHA,
    "TRAVIS_COMMIT_MESSAGE": "fix the cart",
    "TRAVIS_EVENT_TYPE": "push",
    "TRAVIS_BUILD_DIR": "/home/travis/build/acme/shop",
}
PULL_REQUEST = PUSH | {
    "TRAVIS_EVENT_TYPE": "pull_request",
    "TRAVIS_PULL_REQUEST": "12",
    "TRAVIS_PULL_REQUEST_BRANCH": "fix/cart",
    "TRAVIS_PULL_REQUEST_SHA": HEAD,
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "travis"),
        ("ci_run_id", "travis-1234"),
        ("repository", "acme/shop"),
        ("pipeline", "acme/shop"),
        ("run_number", "74"),
        ("run_url", "https://app.travis-ci.com/acme/shop/builds/1234"),
        ("job_name", "unit"),
        ("job_id", "1235"),
        ("job_url", "https://app.travis-ci.com/acme/shop/jobs/1235"),
        ("stage", "Test"),
        ("branch", "main"),
        ("target_branch", None),
        ("revision", SHA),
        ("commit_message", "fix the cart"),
        ("change", None),
        ("event", "push"),
        ("workspace", "/home/travis/build/acme/shop"),
    ],
)
def test_push(read, field, value):
    assert getattr(read(PUSH), field) == value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("change", "12"),
        ("branch", "fix/cart"),
        ("target_branch", "main"),
        ("revision", HEAD),
        ("commit_message", None),
    ],
)
def test_pull_request_is_its_head_not_the_merge(read, field, value):
    assert getattr(read(PULL_REQUEST), field) == value


def test_tag_is_not_a_branch_too(read):
    run = read(PUSH, TRAVIS_TAG="v1", TRAVIS_BRANCH="v1")
    assert (run.tag, run.branch) == ("v1", None)


def test_number_of_the_build_is_not_in_the_name_of_a_job(read):
    assert read(PUSH, TRAVIS_JOB_NAME="").job_name == "2"
