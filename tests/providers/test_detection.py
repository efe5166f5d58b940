"""Which CI system it is, what a user says above it, and the rules that hold for every one."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ci_reporter.frozen import fields
from ci_reporter.model import Run
from ci_reporter.providers import DETECTION, name_of, one_line, read_text, slug

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "providers.md"
GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_RUN_ID": "9", "GITHUB_JOB": "unit"}


@pytest.mark.parametrize(
    ("env", "name"),
    [
        ({"FORGEJO_ACTIONS": "true", "GITEA_ACTIONS": "true", "GITHUB_ACTIONS": "true"}, "forgejo"),
        ({"GITEA_ACTIONS": "true", "GITHUB_ACTIONS": "true"}, "gitea"),
        ({"GITHUB_ACTIONS": "true", "CI": "true"}, "github"),
        ({"GITHUB_ACTION": "__run"}, "github"),
        ({"GITLAB_CI": "gitlab"}, "gitlab"),
        ({"CIRCLECI": "true"}, "circleci"),
        ({"TF_BUILD": "True"}, "azure"),
        ({"BITBUCKET_COMMIT": "c"}, "bitbucket"),
        ({"BITBUCKET_BUILD_NUMBER": "1"}, "bitbucket"),
        ({"BUILDKITE": "true"}, "buildkite"),
        ({"CI": "woodpecker", "DRONE": "true"}, "woodpecker"),
        ({"DRONE": "true", "CI": "true"}, "drone"),
        ({"TRAVIS": "true"}, "travis"),
        ({"TEAMCITY_VERSION": "2025.11", "BUILD_NUMBER": "1"}, "teamcity"),
        ({"APPVEYOR": "True"}, "appveyor"),
        ({"CODEBUILD_INITIATOR": "codepipeline/shop", "CODEBUILD_BUILD_ID": "a:b"}, "codepipeline"),
        ({"CODEBUILD_INITIATOR": "ann", "CODEBUILD_BUILD_ARN": "arn"}, "codebuild"),
        ({"CODEBUILD_BUILD_ID": "a:b"}, "codebuild"),
        ({"CF_BUILD_ID": "65aa"}, "codefresh"),
        ({"BITRISE_IO": "true"}, "bitrise"),
        ({"BITRISE_BUILD_SLUG": "5f5f"}, "bitrise"),
        ({"BUDDY": "true"}, "buddy"),
        ({"JENKINS_URL": "https://jenkins.acme.test/"}, "jenkins"),
        ({"BUILD_TAG": "jenkins-shop-42"}, "jenkins"),
        ({"JENKINS_HOME": "/var/jenkins", "BUILD_NUMBER": "42"}, "jenkins"),
        ({"BUILDER_OUTPUT": "/builder/outputs"}, "cloudbuild"),
        ({"CI": "true"}, "generic"),
        ({"CONTINUOUS_INTEGRATION": "1"}, "generic"),
        ({"BUILD_ID": "7"}, "generic"),
        ({"JENKINS_HOME": "/var/jenkins"}, "local"),
        ({"BUILD_TAG": "nightly"}, "local"),
        ({"GITHUB_ACTIONS": "false"}, "local"),
        ({"GITLAB_CI": "0"}, "local"),
        ({"GITLAB_CI": " "}, "local"),
        ({"CI": "false", "GITHUB_ACTIONS": "true"}, "local"),
        ({"CI": "FALSE"}, "local"),
        ({"CI": ""}, "local"),
        ({}, "local"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(f"{key}={value[key]}" for key in value),
)
def test_name(env, name):
    assert name_of(env) == name


@pytest.mark.parametrize("name", [*DETECTION, "local"])
def test_every_provider_can_be_asked_for(read, name):
    assert read({"CI_REPORTER_PROVIDER": name}).provider == name


@pytest.mark.parametrize("name", [*DETECTION, "local"])
def test_every_provider_has_its_line_in_the_reference(name):
    assert re.search(rf"^\| `{name}` \|", REFERENCE.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("repository", "acme/other"),
        ("branch", "feature"),
        ("revision", "d" * 40),
        ("change", "12"),
        ("run_url", "https://ci.acme.test/1"),
        ("job_name", "my job"),
        ("stage", "test"),
    ],
)
def test_user_overrides_any_field(read, variable, value):
    run = read(GITHUB, **{f"CI_REPORTER_{variable.upper()}": value})
    assert getattr(run, variable) == value


def test_empty_override_is_none(read):
    assert read(GITHUB, CI_REPORTER_JOB_NAME=" ").job_name == "unit"


def test_provider_of_ones_own_name_keeps_what_is_detected(read):
    run = read(GITHUB, CI_REPORTER_PROVIDER="acme-ci")
    assert (run.provider, run.repository, run.ci_run_id) == ("acme-ci", "acme/shop", "acme-ci-9")


@pytest.mark.parametrize("env", [GITHUB, {}, {"CI": "false"}], ids=["github", "local", "off"])
def test_given_run_id_wins(read, env):
    assert read(env, CI_RUN_ID="nightly/7").ci_run_id == "nightly/7"


@pytest.mark.parametrize(
    ("run_id", "attempt", "expected"),
    [
        ("9", "2", "acme-9-2"),
        ("9", "", "acme-9"),
        ("{5f-aa}", "1", "acme-5f-aa-1"),
        ("a:b/c d", "1", "acme-a-b-c-d-1"),
        ("$(rm -rf /);`x`", "", "acme-rm-rf-x"),
        ("../../etc", "", "acme-..-..-etc"),
        ("x" * 5000, "3", "acme-" + "x" * 95 + "-" + "x" * 97 + "-3"),
    ],
    ids=["all", "no attempt", "braces", "signs", "shell", "path", "long"],
)
def test_default_run_id(read, run_id, attempt, expected):
    env = {"CI_REPORTER_PROVIDER": "acme", "CI_REPORTER_PIPELINE_ID": run_id, "CI_REPORTER_ATTEMPT": attempt}
    assert read(env).ci_run_id == expected


@pytest.mark.parametrize(
    ("matrix", "job"),
    [
        ('{"python": "3.12", "os": "linux"}', "unit (3.12, linux)"),
        ('{\n  "python": "3.12",\n  "debug": true\n}', "unit (3.12, true)"),
        ('{"where": {"os": "linux"}}', 'unit ({"os": "linux"})'),
        ('{"text": "a\\nb\\ud800"}', "unit (a b?)"),
        ("3.12", "unit (3.12)"),
        ("null", "unit"),
        ("{ }", "unit"),
        ("", "unit"),
        ("[" * 5000, None),
    ],
    ids=["flat", "as toJSON writes it", "nested", "escapes", "text", "null", "empty", "none", "deep"],
)
def test_matrix_is_part_of_the_job(read, matrix, job):
    name = read(GITHUB, CI_REPORTER_MATRIX=matrix).job_name
    assert name == job if job else name.startswith("unit ([[")


@pytest.mark.parametrize(
    ("ref", "branch", "tag"),
    [
        ("main", "main", None),
        ("refs/heads/feature/x", "feature/x", None),
        ("origin/main", "main", None),
        ("refs/remotes/origin/main", "main", None),
        ("refs/tags/v1", None, "v1"),
        ("tags/v1", None, "v1"),
        ("origin/tags/v1", None, "v1"),
        ("refs/heads/", None, None),
    ],
)
def test_refs(read, ref, branch, tag):
    run = read({"CI_REPORTER_BRANCH": ref})
    assert (run.branch, run.tag) == (branch, tag)


@pytest.mark.parametrize(
    ("home", "workspace", "expected"),
    [
        ("/home/ann", "~", "/home/ann"),
        ("/home/ann", "~/work", "/home/ann/work"),
        ("/home/ann", "~bob/work", "~bob/work"),
        (None, "~/work", "~/work"),
    ],
)
def test_home_in_the_workspace(read, home, workspace, expected):
    env = {"CI_REPORTER_WORKSPACE": workspace} | ({"HOME": home} if home else {})
    assert read(env).workspace == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://host/acme/shop.git", "acme/shop"),
        ("https://host:8443/group/team/shop/", "group/team/shop"),
        ("ssh://git@host:2222/acme/shop.git", "acme/shop"),
        ("git@host:acme/shop.git", "acme/shop"),
        ("host:acme/shop", "acme/shop"),
        ("/srv/git/shop.git", None),
        ("file:///srv/git/shop.git", None),
        ("C:\\git\\shop", None),
        ("https://host", None),
        ("https://host/", None),
        ("", None),
    ],
)
def test_slug(url, expected):
    assert slug(url) == expected


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("fix the cart\n\nIt was empty.", "fix the cart"),
        ("\n  fix\tthe cart \r\nx", "fix the cart"),
        ("a\x1b[31mb\u202e", "a[31mb"),
        ("caf\udce9", "caf?"),
        ("x" * 5000, "x" * 4096),
        (" \n ", ""),
    ],
    ids=["subject", "blanks", "control characters", "undecodable", "long", "blank"],
)
def test_one_line(text, line):
    assert one_line(text) == line


def test_author_is_a_name_without_an_address(read):
    assert read({"CI_REPORTER_COMMIT_AUTHOR": "Ann Ash <ann@acme.test>"}).commit_author == "Ann Ash"


def test_file_is_read(tmp_path):
    (tmp_path / "event.json").write_bytes(b"caf\xe9")
    assert read_text(str(tmp_path / "event.json")) == "caf\ufffd"


@pytest.mark.parametrize("name", ["missing", "", ".", "a\0b", "\ud800"], ids=ascii)
def test_what_is_no_file_is_refused(tmp_path, name):
    with pytest.raises(OSError, match=r"."):
        read_text(os.path.join(tmp_path, name) if name else "")


def test_fifo_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match="not a plain file"):
        read_text(str(tmp_path / "fifo"))


def test_huge_file_is_refused(tmp_path):
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(32 * 1024 * 1024 + 1)
    with pytest.raises(OSError, match="more than 33554432 bytes"):
        read_text(str(tmp_path / "huge"))


def test_only_the_providers_that_are_needed_are_imported():
    code = (
        "import sys; from ci_reporter.providers import detect, read_text; detect({'GITLAB_CI': '1'}, read_text);"
        "print(sorted(name for name in sys.modules if name.startswith('ci_reporter.providers.')))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "['ci_reporter.providers.gitlab']"


@pytest.mark.parametrize("name", [name for name in fields(Run) if name != "ci_run_id"])
def test_every_override_is_in_the_reference(name):
    assert f"`CI_REPORTER_{name.upper()}`" in REFERENCE.read_text("utf-8")


def test_a_job_that_names_its_matrix_already_is_not_named_twice(read):
    run = read({"CI_REPORTER_JOB_NAME": "unit (3.12)", "CI_REPORTER_MATRIX": '{"python": "3.12"}'})
    assert run.job_name == "unit (3.12)"


def test_a_matrix_of_null_is_none(read):
    run = read({"CI_REPORTER_JOB_NAME": "unit", "CI_REPORTER_MATRIX": "null"})
    assert (run.job_name, run.matrix) == ("unit", None)
