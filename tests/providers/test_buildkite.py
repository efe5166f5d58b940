import pytest

PAGE = "https://buildkite.com/acme/shop/builds/42"
PUSH = {
    "CI": "true",
    "BUILDKITE": "true",
    "BUILDKITE_BUILD_ID": "5f5f-aa",
    "BUILDKITE_BUILD_NUMBER": "42",
    "BUILDKITE_BUILD_URL": PAGE,
    "BUILDKITE_RETRY_COUNT": "0",
    "BUILDKITE_JOB_ID": "7d7d-cc",
    "BUILDKITE_LABEL": ":python: unit",
    "BUILDKITE_STEP_KEY": "unit",
    "BUILDKITE_PIPELINE_SLUG": "shop",
    "BUILDKITE_PIPELINE_NAME": "The Shop",
    "BUILDKITE_PIPELINE_DEFAULT_BRANCH": "main",
    "BUILDKITE_REPO": "ssh://git@github.com/acme/shop.git",
    "BUILDKITE_BRANCH": "main",
    "BUILDKITE_COMMIT": "c" * 40,
    "BUILDKITE_MESSAGE": "fix the cart",
    "BUILDKITE_BUILD_AUTHOR": "Ann Ash",
    "BUILDKITE_BUILD_CREATOR": "Bob",
    "BUILDKITE_SOURCE": "webhook",
    "BUILDKITE_PULL_REQUEST": "false",
    "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "",
    "BUILDKITE_AGENT_NAME": "agent-7",
    "BUILDKITE_AGENT_META_DATA_QUEUE": "default",
    "BUILDKITE_AGENT_META_DATA_ARCH": "arm64",
    "BUILDKITE_BUILD_CHECKOUT_PATH": "/builds/shop",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "buildkite"),
        ("ci_run_id", "buildkite-5f5f-aa-1"),
        ("attempt", "1"),
        ("repository", "acme/shop"),
        ("repository_url", "ssh://github.com/acme/shop.git"),
        ("default_branch", "main"),
        ("pipeline", "shop"),
        ("run_number", "42"),
        ("run_url", PAGE),
        ("job_name", ":python: unit"),
        ("job_url", f"{PAGE}#7d7d-cc"),
        ("node", "agent-7"),
        ("labels", "arch=arm64,queue=default"),
        ("branch", "main"),
        ("revision", "c" * 40),
        ("commit_message", "fix the cart"),
        ("commit_author", "Ann Ash"),
        ("change", None),
        ("target_branch", None),
        ("actor", "Bob"),
        ("event", "webhook"),
        ("workspace", "/builds/shop"),
    ],
)
def test_push(read, field, value):
    assert getattr(read(PUSH), field) == value


def test_pull_request(read):
    run = read(PUSH, BUILDKITE_PULL_REQUEST="12", BUILDKITE_PULL_REQUEST_BASE_BRANCH="main", BUILDKITE_BRANCH="fix")
    assert (run.change, run.branch, run.target_branch) == ("12", "fix", "main")


def test_tag_is_not_a_branch_too(read):
    run = read(PUSH, BUILDKITE_TAG="v1", BUILDKITE_BRANCH="v1")
    assert (run.tag, run.branch) == ("v1", None)


def test_retries_are_counted_from_zero(read):
    assert read(PUSH, BUILDKITE_RETRY_COUNT="1").attempt == "2"


def test_head_is_left_for_git_to_say(read):
    assert read(PUSH, BUILDKITE_COMMIT="HEAD").revision == "HEAD"


def test_parallel_jobs_are_different_jobs(read):
    run = read(PUSH, BUILDKITE_PARALLEL_JOB="0", BUILDKITE_PARALLEL_JOB_COUNT="4")
    assert run.job_name == ":python: unit (1/4)"
