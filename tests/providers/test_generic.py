import pytest

KNOWN = {
    "CI": "true",
    "CI_NAME": "codeship",
    "CI_BUILD_ID": "1234",
    "CI_BUILD_NUMBER": "42",
    "CI_BUILD_URL": "https://ci.acme.test/1234",
    "CI_BRANCH": "main",
    "CI_COMMIT_ID": "c" * 40,
    "JOB_NAME": "unit",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "generic"),
        ("ci_run_id", "generic-1234"),
        ("pipeline", "codeship"),
        ("run_number", "42"),
        ("run_url", "https://ci.acme.test/1234"),
        ("job_name", "unit"),
        ("branch", "main"),
        ("revision", "c" * 40),
        ("change", None),
    ],
)
def test_usual_names(read, field, value):
    assert getattr(read(KNOWN), field) == value


def test_run_number_is_an_id_for_want_of_a_better_one(read):
    assert read({"CI": "true", "BUILD_NUMBER": "42"}).ci_run_id == "generic-42"


def test_tag(read):
    run = read({"CI": "true", "GIT_BRANCH": "refs/tags/v1"})
    assert (run.tag, run.branch) == ("v1", None)


def test_change_called_false_is_none(read):
    assert read(KNOWN, CI_PULL_REQUEST_NUMBER="false").change is None


def test_ci_alone_is_enough(read):
    assert read({"CI": "1"}).provider == "generic"
