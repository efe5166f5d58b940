"""Statements follow the schemas of in-toto and SLSA, and say no more than is known."""

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from ci_reporter.errors import CIReporterError, UsageError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import attest
from ci_reporter.stamp.digest import sha256_of, subjects

SCHEMAS = [json.loads(path.read_text()) for path in (Path(__file__).parent / "schemas").glob("*.json")]
KNOWN = Registry().with_resources((each["$id"], Resource.from_contents(each)) for each in SCHEMAS)
WHEEL = {"shop-1.4.0-py3-none-any.whl": "ab" * 32}
COMMIT = "c0ffee" + "0" * 34
INFO = BuildInfo(
    version="1.4.0",
    revision=COMMIT,
    branch="main",
    dirty=False,
    build_time="2026-01-31T12:00:00Z",
    builder="GitHub Actions",
    ci_run_id="github-17012345678-1",
    run_url="https://github.com/acme/shop/actions/runs/17012345678",
    repository_url="https://github.com/acme/shop",
)
PASSED = {"total": 3, "passed": 3, "failed": 0, "errors": 0, "skipped": 0, "flaky": 0}
FAILED = PASSED | {"passed": 2, "failed": 1}
UNIT = "unit (3.12) / pytest"


def check(statement, schema):
    """Whether a statement, written and read as JSON, follows a schema."""
    validator = Draft202012Validator(
        KNOWN.contents(f"https://tests.example/{schema}.json"),
        registry=KNOWN,
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )
    validator.validate(json.loads(json.dumps(statement)))


def predicate_of(*reports):
    """The predicate of a test result."""
    statement = attest.test_result(WHEEL, reports, INFO)
    check(statement, "test-result")
    return statement["predicate"]


def test_the_page_writes_statements_that_follow_the_schemas(run_program):
    page = (Path(__file__).parents[2] / "docs/how-to/sign-what-you-ship.md").read_text()
    lines = re.search(r"\$ (ci-reporter stamp .*)", page)[1]
    (run_program.folder / "dist").mkdir()
    with zipfile.ZipFile(run_program.folder / "dist/shop-1.4.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("shop-1.4.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: shop\nVersion: 1.4.0\n")
        wheel.writestr("shop-1.4.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        wheel.writestr("shop-1.4.0.dist-info/RECORD", "shop-1.4.0.dist-info/RECORD,,\n")
    (run_program.folder / "junit.xml").write_text('<testsuite tests="1"><testcase name="pays"/></testsuite>')
    env = {"CI_RUN_ID": "nightly-42"}
    run_program("run", "--name", "unit", "--tests", "junit.xml", "--", "touch", "junit.xml", env=env)
    path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-ec", lines], cwd=run_program.folder, env=run_program.environment() | env | path, check=True)
    for name in ("provenance", "test-result"):
        statement = json.loads((run_program.folder / f"{name}.json").read_text())
        check(statement, name)
        assert statement["subject"][0]["digest"]["sha256"] == sha256_of(
            str(run_program.folder / "dist/shop-1.4.0-py3-none-any.whl")
        )


texts = st.none() | st.text(max_size=40) | st.from_regex(r"https?://[a-z@:/?#\[\]. %]*", fullmatch=True)


@given(
    st.builds(
        BuildInfo,
        **dict.fromkeys(["version", "revision", "branch", "builder", "ci_run_id", "run_url", "repository_url"], texts),
    )
)
def test_provenance_follows_the_schema_whatever_is_known(info):
    check(attest.provenance(WHEEL, info), "provenance")


def test_provenance_names_the_commit_it_was_built_from():
    definition = attest.provenance(WHEEL, INFO)["predicate"]["buildDefinition"]
    assert definition["resolvedDependencies"] == [
        {"uri": f"git+https://github.com/acme/shop@{COMMIT}", "digest": {"gitCommit": COMMIT}}
    ]


def test_provenance_names_the_run_that_built_it():
    details = attest.provenance(WHEEL, INFO)["predicate"]["runDetails"]
    assert details["metadata"] == {"invocationId": "github-17012345678-1"}
    assert details["byproducts"] == [{"name": "run", "uri": INFO.run_url}]


def test_provenance_names_its_subjects_by_digest():
    assert attest.provenance({"b": "22" * 32, "a": "11" * 32}, INFO)["subject"] == [
        {"name": "a", "digest": {"sha256": "11" * 32}},
        {"name": "b", "digest": {"sha256": "22" * 32}},
    ]


def test_provenance_says_that_files_were_changed():
    definition = attest.provenance(WHEEL, BuildInfo(dirty=True))["predicate"]["buildDefinition"]
    assert definition["internalParameters"] == {"dirty": True}


@pytest.mark.parametrize(
    ("builder", "uri"),
    [
        ("https://github.com/actions/runner", "https://github.com/actions/runner"),
        ("Jenkins 2/a", "https://ci-reporter.github.io/builders/Jenkins%202%2Fa"),
        (None, "https://ci-reporter.github.io/builders/unknown"),
    ],
    ids=["an address", "a name", "unknown"],
)
def test_builder_is_a_uri(builder, uri):
    assert attest.provenance(WHEEL, BuildInfo(builder=builder))["predicate"]["runDetails"]["builder"] == {"id": uri}


def test_a_token_in_an_address_stays_out():
    info = BuildInfo(revision=COMMIT, repository_url="https://ci:t0ken@git.example/shop.git")
    statement = attest.provenance(WHEEL, info)
    assert "t0ken" not in json.dumps(statement)
    assert statement["predicate"]["buildDefinition"]["externalParameters"] == {
        "repository": "https://git.example/shop.git"
    }


def test_a_statement_about_nothing_is_refused():
    with pytest.raises(UsageError, match="name the artifacts"):
        attest.provenance({}, INFO)


def test_steps_that_passed_pass(make_report):
    assert predicate_of(make_report(tests=PASSED), make_report(step="lint")) == {
        "result": "PASSED",
        "configuration": [{"uri": f"git+https://github.com/acme/shop@{COMMIT}", "digest": {"gitCommit": COMMIT}}],
        "url": INFO.run_url,
        "passedTests": [UNIT],
        "warnedTests": [],
        "failedTests": [],
    }


def test_a_failed_test_fails_and_is_named(make_report):
    found = predicate_of(make_report(tests=FAILED, failed_tests=["test_pay"], exit_code=1))
    assert (found["result"], found["failedTests"], found["passedTests"]) == ("FAILED", [f"{UNIT} / test_pay"], [])


@pytest.mark.parametrize(
    "report",
    [
        {"tests": FAILED, "exit_code": 1},
        {"tests": FAILED, "exit_code": 0},
        {"tests": PASSED | {"passed": 2, "errors": 1}},
        {"tests": PASSED, "exit_code": 139},
    ],
    ids=["a failure without a name", "a failure that was passed over", "an error", "a command that crashed"],
)
def test_what_has_no_name_fails_its_step(make_report, report):
    found = predicate_of(make_report(**report))
    assert (found["result"], found["failedTests"]) == ("FAILED", [UNIT])


def test_a_flaky_test_warns_and_is_named(make_report):
    found = predicate_of(make_report(tests=PASSED | {"flaky": 1}, flaky_tests=["test_pay"]))
    assert (found["result"], found["warnedTests"], found["passedTests"]) == ("WARNED", [f"{UNIT} / test_pay"], [])


@pytest.mark.parametrize("skipped", [0, 3], ids=["none there", "all skipped"])
def test_no_test_that_ran_is_no_pass(make_report, skipped):
    found = predicate_of(make_report(tests=PASSED | {"total": skipped, "passed": 0, "skipped": skipped}))
    assert (found["result"], found["warnedTests"]) == ("WARNED", [UNIT])


def test_the_latest_report_of_a_step_counts(make_report):
    found = predicate_of(make_report(tests=FAILED, exit_code=1), make_report(tests=PASSED))
    assert (found["result"], found["passedTests"]) == ("PASSED", [UNIT])


def test_no_counted_test_is_a_usage_error(make_report):
    with pytest.raises(UsageError, match="no step of this run counted tests"):
        attest.test_result(WHEEL, [make_report()], INFO)


def test_a_file_is_a_subject_by_its_name(tmp_path):
    (tmp_path / "shop.whl").write_bytes(b"wheel" * 500_000)
    digest = hashlib.sha256(b"wheel" * 500_000).hexdigest()
    assert sha256_of(str(tmp_path / "shop.whl")) == digest
    assert subjects([str(tmp_path / "shop.whl")]) == {"shop.whl": digest}


def test_each_file_of_a_folder_is_a_subject(tmp_path):
    (tmp_path / "site/css").mkdir(parents=True)
    (tmp_path / "site/index.html").write_text("<p>")
    (tmp_path / "site/css/a.css").write_text("p {}")
    (tmp_path / "site/out").symlink_to("/etc")
    (tmp_path / "site/passwd").symlink_to("/etc/passwd")
    assert list(subjects([str(tmp_path / "site") + "/"])) == ["site/index.html", "site/css/a.css"]


def test_two_files_of_one_name_are_refused(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "shop.whl").write_text(folder)
    with pytest.raises(CIReporterError, match=r"called 'shop\.whl' too"):
        subjects([str(tmp_path / "a/shop.whl"), str(tmp_path / "b/shop.whl")])


def test_a_subject_that_is_missing_is_said():
    with pytest.raises(CIReporterError, match="nowhere: cannot be read: No such file"):
        subjects(["nowhere"])
