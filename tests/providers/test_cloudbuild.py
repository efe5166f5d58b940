import pytest

MAPPED = {
    "BUILDER_OUTPUT": "/builder/outputs",
    "BUILD_ID": "5f5f-aa",
    "PROJECT_ID": "acme-ci",
    "LOCATION": "europe-west1",
    "TRIGGER_NAME": "shop-ci",
    "REPO_NAME": "shop",
    "REPO_FULL_NAME": "acme/shop",
    "BRANCH_NAME": "main",
    "COMMIT_SHA": "c" * 40,
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "cloudbuild"),
        ("ci_run_id", "cloudbuild-5f5f-aa"),
        ("repository", "acme/shop"),
        ("pipeline", "shop-ci"),
        (
            "run_url",
            "https://console.cloud.google.com/cloud-build/builds;region=europe-west1/5f5f-aa?project=acme-ci",
        ),
        ("job_name", None),
        ("branch", "main"),
        ("revision", "c" * 40),
        ("change", None),
        ("target_branch", None),
    ],
)
def test_push(read, field, value):
    assert getattr(read(MAPPED), field) == value


def test_pull_request(read):
    run = read(MAPPED, _PR_NUMBER="12", _HEAD_BRANCH="fix/cart", _BASE_BRANCH="main")
    assert (run.change, run.branch, run.target_branch) == ("12", "fix/cart", "main")


def test_tag(read):
    run = read(MAPPED, BRANCH_NAME="", TAG_NAME="v1")
    assert (run.tag, run.branch) == ("v1", None)


def test_recognised_by_what_is_mapped(read):
    assert read({name: MAPPED[name] for name in ("BUILD_ID", "PROJECT_ID", "COMMIT_SHA")}).provider == "cloudbuild"


def test_nothing_mapped_is_nothing_known(read):
    run = read({"BUILDER_OUTPUT": "/builder/outputs"})
    assert (run.pipeline_id, run.run_url, run.revision) == (None, None, None)
