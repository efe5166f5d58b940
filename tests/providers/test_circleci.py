import pytest

PUSH = {
    "CI": "true",
    "CIRCLECI": "true",
    "CIRCLE_PROJECT_USERNAME": "acme",
    "CIRCLE_PROJECT_REPONAME": "shop",
    "CIRCLE_REPOSITORY_URL": "git@github.com:acme/shop.git",
    "CIRCLE_WORKFLOW_ID": "5f5f-aa",
    "CIRCLE_PIPELINE_ID": "9c9c-bb",
    "CIRCLE_WORKFLOW_JOB_ID": "7d7d-cc",
    "CIRCLE_BUILD_NUM": "42",
    "CIRCLE_BUILD_URL": "https://circleci.com/gh/acme/shop/42",
    "CIRCLE_JOB": "unit",
    "CIRCLE_NODE_INDEX": "0",
    "CIRCLE_NODE_TOTAL": "1",
    "CIRCLE_BRANCH": "main",
    "CIRCLE_SHA1": "c" * 40,
    "CIRCLE_USERNAME": "ann",
    "CIRCLE_WORKING_DIRECTORY": "~/project",
    "HOME": "/home/circleci",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "circleci"),
        ("ci_run_id", "circleci-5f5f-aa"),
        ("repository", "acme/shop"),
        ("repository_url", "git@github.com:acme/shop.git"),
        ("pipeline", "shop"),
        ("run_number", "42"),
        ("run_url", "https://app.circleci.com/pipelines/workflows/5f5f-aa"),
        ("job_name", "unit"),
        ("job_id", "7d7d-cc"),
        ("job_url", "https://circleci.com/gh/acme/shop/42"),
        ("branch", "main"),
        ("revision", "c" * 40),
        ("change", None),
        ("actor", "ann"),
        ("workspace", "/home/circleci/project"),
    ],
)
def test_push(read, field, value):
    assert getattr(read(PUSH), field) == value


@pytest.mark.parametrize(
    "variables",
    [
        {"CIRCLE_PULL_REQUEST": "https://github.com/acme/shop/pull/12"},
        {"CIRCLE_PULL_REQUEST": "https://github.com/acme/shop/pull/12/"},
        {"CIRCLE_PR_NUMBER": "12"},
        {"CIRCLE_BRANCH": "pull/12"},
    ],
    ids=["address", "address with a slash", "fork", "branch of a fork"],
)
def test_pull_request(read, variables):
    assert read(PUSH | variables).change == "12"


def test_tag(read):
    run = read(PUSH, CIRCLE_BRANCH="", CIRCLE_TAG="v1")
    assert (run.tag, run.branch) == ("v1", None)


def test_parallel_containers_are_different_jobs(read):
    assert read(PUSH, CIRCLE_NODE_INDEX="1", CIRCLE_NODE_TOTAL="4").job_name == "unit (2/4)"
