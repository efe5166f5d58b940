import pytest

ACTION = {
    "CODEBUILD_INITIATOR": "codepipeline/shop-release",
    "CODEBUILD_BUILD_ARN": "arn:aws:codebuild:eu-west-1:123456789012:build/shop-unit:5f5f-aa",
    "CODEBUILD_BUILD_ID": "shop-unit:5f5f-aa",
    "CODEBUILD_BUILD_NUMBER": "42",
    "CODEBUILD_BUILD_URL": "https://eu-west-1.console.aws.amazon.com/codesuite/codebuild/42",
    "CODEBUILD_SOURCE_VERSION": "arn:aws:s3:::bucket/shop-release/SourceOutp/abc.zip",
    "CODEBUILD_RESOLVED_SOURCE_VERSION": "c" * 40,
    "CODEBUILD_SRC_DIR": "/codebuild/output/src1/shop",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "codepipeline"),
        ("ci_run_id", "codepipeline-shop-unit-5f5f-aa"),
        ("pipeline", "shop-release"),
        ("job_name", "shop-unit"),
        ("job_id", "shop-unit:5f5f-aa"),
        ("job_url", "https://eu-west-1.console.aws.amazon.com/codesuite/codebuild/42"),
        ("revision", "c" * 40),
        ("branch", None),
        ("change", None),
        ("actor", None),
        ("workspace", "/codebuild/output/src1/shop"),
    ],
)
def test_action(read, field, value):
    assert getattr(read(ACTION), field) == value


def test_execution_is_handed_over(read):
    assert read(ACTION, CI_REPORTER_PIPELINE_ID="9c9c").ci_run_id == "codepipeline-9c9c"


def test_build_of_no_pipeline_is_codebuild(read):
    assert read(ACTION, CODEBUILD_INITIATOR="ann").provider == "codebuild"
