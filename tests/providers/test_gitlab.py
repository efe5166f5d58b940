import pytest

SHA, HEAD = "c" * 40, "d" * 40
PUSH = {
    "CI": "true",
    "GITLAB_CI": "true",
    "CI_PROJECT_PATH": "acme/team/shop",
    "CI_PROJECT_URL": "https://gitlab.com/acme/team/shop",
    "CI_REPOSITORY_URL": "https://gitlab-ci-token:glcbt-64_secret@gitlab.com/acme/team/shop.git",
    "CI_DEFAULT_BRANCH": "main",
    "CI_PIPELINE_ID": "1234",
    "CI_PIPELINE_IID": "42",
    "CI_PIPELINE_URL": "https://gitlab.com/acme/team/shop/-/pipelines/1234",
    "CI_PIPELINE_SOURCE": "push",
    "CI_JOB_NAME": "unit 1/3",
    "CI_JOB_ID": "777",
    "CI_JOB_URL": "https://gitlab.com/acme/team/shop/-/jobs/777",
    "CI_JOB_STAGE": "test",
    "CI_COMMIT_BRANCH": "main",
    "CI_COMMIT_REF_NAME": "main",
    "CI_COMMIT_SHA": SHA,
    "CI_COMMIT_TITLE": "fix the cart",
    "CI_COMMIT_AUTHOR": "Ann Ash <ann@acme.test>",
    "CI_COMMIT_TIMESTAMP": "2026-01-31T12:00:00+01:00",
    "CI_RUNNER_DESCRIPTION": "runner-7",
    "CI_RUNNER_TAGS": '["docker", "arm"]',
    "CI_PROJECT_DIR": "/builds/acme/team/shop",
    "GITLAB_USER_LOGIN": "ann",
}
MERGE_REQUEST = {name: value for name, value in PUSH.items() if name != "CI_COMMIT_BRANCH"} | {
    "CI_PIPELINE_SOURCE": "merge_request_event",
    "CI_COMMIT_REF_NAME": "fix/cart",
    "CI_MERGE_REQUEST_ID": "99887766",
    "CI_MERGE_REQUEST_IID": "12",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "fix/cart",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "",
}
MERGED_RESULTS = MERGE_REQUEST | {"CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": HEAD}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "gitlab"),
        ("ci_run_id", "gitlab-1234"),
        ("repository", "acme/team/shop"),
        ("repository_url", "https://gitlab.com/acme/team/shop"),
        ("default_branch", "main"),
        ("pipeline", "acme/team/shop"),
        ("run_number", "42"),
        ("attempt", None),
        ("run_url", "https://gitlab.com/acme/team/shop/-/pipelines/1234"),
        ("job_name", "unit 1/3"),
        ("job_id", "777"),
        ("job_url", "https://gitlab.com/acme/team/shop/-/jobs/777"),
        ("stage", "test"),
        ("node", "runner-7"),
        ("labels", '["docker", "arm"]'),
        ("branch", "main"),
        ("revision", SHA),
        ("commit_message", "fix the cart"),
        ("commit_author", "Ann Ash"),
        ("committed_at", "2026-01-31T12:00:00+01:00"),
        ("change", None),
        ("actor", "ann"),
        ("event", "push"),
        ("workspace", "/builds/acme/team/shop"),
    ],
)
def test_push(read, field, value):
    assert getattr(read(PUSH), field) == value


@pytest.mark.parametrize(
    ("field", "value"),
    [("change", "12"), ("branch", "fix/cart"), ("target_branch", "main"), ("revision", SHA)],
)
def test_detached_merge_request(read, field, value):
    assert getattr(read(MERGE_REQUEST), field) == value


@pytest.mark.parametrize(
    ("field", "value"),
    [("revision", HEAD), ("commit_message", None), ("commit_author", None), ("committed_at", None)],
)
def test_merged_results_are_their_head_not_the_merge(read, field, value):
    assert getattr(read(MERGED_RESULTS), field) == value


def test_tag(read):
    run = read(PUSH, CI_COMMIT_BRANCH="", CI_COMMIT_REF_NAME="v1", CI_COMMIT_TAG="v1")
    assert (run.tag, run.branch) == ("v1", None)


def test_pipeline_of_a_name(read):
    assert read(PUSH, CI_PIPELINE_NAME="nightly").pipeline == "nightly"


def test_marker_need_not_be_true(read):
    assert read(PUSH, GITLAB_CI="gitlab").provider == "gitlab"


def test_job_token_is_nowhere(read):
    assert "secret" not in str(read(PUSH))
