import pytest

PUSH = {
    "CODEBUILD_BUILD_ARN": "arn:aws:codebuild:eu-west-1:123456789012:build/shop:5f5f-aa",
    "CODEBUILD_BUILD_ID": "shop:5f5f-aa",
    "CODEBUILD_BUILD_NUMBER": "42",
    "CODEBUILD_BUILD_URL": "https://eu-west-1.console.aws.amazon.com/codesuite/codebuild/42",
    "CODEBUILD_INITIATOR": "GitHub-Hookshot/5d5d",
    "CODEBUILD_WEBHOOK_TRIGGER": "branch/release/1.0",
    "CODEBUILD_WEBHOOK_HEAD_REF": "refs/heads/release/1.0",
    "CODEBUILD_WEBHOOK_EVENT": "PUSH",
    "CODEBUILD_SOURCE_VERSION": "c" * 40,
    "CODEBUILD_RESOLVED_SOURCE_VERSION": "c" * 40,
    "CODEBUILD_SOURCE_REPO_URL": "https://github.com/acme/shop.git",
    "CODEBUILD_SRC_DIR": "/codebuild/output/src1/shop",
    "AWS_REGION": "eu-west-1",
}
PULL_REQUEST = PUSH | {
    "CODEBUILD_WEBHOOK_TRIGGER": "pr/12",
    "CODEBUILD_WEBHOOK_HEAD_REF": "refs/heads/fix/cart",
    "CODEBUILD_WEBHOOK_BASE_REF": "refs/heads/main",
    "CODEBUILD_WEBHOOK_EVENT": "PULL_REQUEST_CREATED",
    "CODEBUILD_SOURCE_VERSION": "pr/12",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "codebuild"),
        ("ci_run_id", "codebuild-shop-5f5f-aa"),
        ("pipeline", "shop"),
        ("pipeline_id", "shop:5f5f-aa"),
        ("repository", "acme/shop"),
        ("repository_url", "https://github.com/acme/shop.git"),
        ("run_number", "42"),
        ("run_url", "https://eu-west-1.console.aws.amazon.com/codesuite/codebuild/42"),
        ("job_name", None),
        ("branch", "release/1.0"),
        ("target_branch", None),
        ("revision", "c" * 40),
        ("change", None),
        ("actor", "GitHub-Hookshot/5d5d"),
        ("event", "PUSH"),
        ("workspace", "/codebuild/output/src1/shop"),
    ],
)
def test_push(read, field, value):
    assert getattr(read(PUSH), field) == value


@pytest.mark.parametrize(("field", "value"), [("change", "12"), ("branch", "fix/cart"), ("target_branch", "main")])
def test_pull_request(read, field, value):
    assert getattr(read(PULL_REQUEST), field) == value


def test_pull_request_started_by_hand(read):
    assert read(PULL_REQUEST, CODEBUILD_WEBHOOK_TRIGGER="").change == "12"


def test_branch_called_pr_is_no_change(read):
    assert read(PUSH, CODEBUILD_WEBHOOK_TRIGGER="branch/pr/12").change is None


@pytest.mark.parametrize(
    "variables",
    [
        {"CODEBUILD_WEBHOOK_HEAD_REF": "refs/tags/v1"},
        {"CODEBUILD_WEBHOOK_HEAD_REF": "", "CODEBUILD_WEBHOOK_TRIGGER": "tag/v1"},
        {"CODEBUILD_WEBHOOK_HEAD_REF": "", "CODEBUILD_WEBHOOK_TRIGGER": "", "CODEBUILD_SOURCE_VERSION": "refs/tags/v1"},
    ],
    ids=["webhook", "trigger", "source version"],
)
def test_tag(read, variables):
    run = read(PUSH | variables)
    assert (run.tag, run.branch) == ("v1", None)


def test_branch_of_the_trigger(read):
    assert read(PUSH, CODEBUILD_WEBHOOK_HEAD_REF="").branch == "release/1.0"


def test_page_is_made_where_it_is_not_told(read):
    page = "https://console.aws.amazon.com/codebuild/home?region=eu-west-1#/builds/shop:5f5f-aa/view/new"
    assert read(PUSH, CODEBUILD_BUILD_URL="").run_url == page


def test_build_of_the_arn(read):
    assert read(PUSH, CODEBUILD_BUILD_ID="").pipeline_id == "shop:5f5f-aa"


def test_object_in_a_bucket_is_no_revision(read):
    run = read(PUSH, CODEBUILD_RESOLVED_SOURCE_VERSION="x7Lk.3f", CODEBUILD_SOURCE_REPO_URL="bucket/shop.zip")
    assert (run.revision, run.repository_url) == (None, None)


def test_job_of_a_batch(read):
    assert read(PUSH, CODEBUILD_BATCH_BUILD_IDENTIFIER="linux_small").job_name == "linux_small"
