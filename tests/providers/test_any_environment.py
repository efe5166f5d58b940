"""No environment and no file raises, and what comes out is text that can be stored, shown and sent."""

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_reporter import providers
from ci_reporter.frozen import fields
from ci_reporter.model import Run
from ci_reporter.providers import DETECTION, detect

FIELDS = list(fields(Run))
SOURCES = sorted(Path(providers.__file__).parent.glob("*.py"))
NAMES = sorted(
    {
        name
        for source in SOURCES
        for name in re.findall(r"\b_?[A-Za-z]*[A-Z]+(?:_[A-Z0-9]+)+\b", source.read_text("utf-8"))
    }
    | {f"CI_REPORTER_{name.upper()}" for name in FIELDS}
    | {f"BUDDY_{name}" for name in ("RUN_ID", "RUN_PR_NO", "RUN_BRANCH", "RUN_COMMIT", "EXECUTION_ID")}
    | {"CI", "DRONE", "TRAVIS", "BUDDY", "BUILDKITE", "APPVEYOR", "CIRCLECI", "HOME", "USER", "WORKSPACE"}
    | {"ghprbPullId", "gitlabMergeRequestIid"}
)
LIKELY = st.sampled_from(
    [
        *("true", "false", "0", "1", "HEAD", "{}", "~", "~/x", "pr/1", "tag/v1", "refs/heads/", "refs/tags/ v1"),
        *("refs/pull/1/merge", "woodpecker", "codepipeline/", "jenkins-", "null", '{"a": "\\ud800\\n"}', "[" * 2000),
        *("a@b:c", "https://u:p@h/a/b.git", "Ann <ann@acme.test>"),
    ]
)
TEXT = st.text(max_size=40) | st.text(st.characters(), max_size=10).map(lambda text: text * 2000)
ENVIRONMENTS = st.dictionaries(st.sampled_from(NAMES), LIKELY | TEXT, max_size=25)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["pull_request", "number", "head", "ref", "sha", "head_commit", "author", "message"]), inner
        )
    ),
    max_leaves=12,
)
PROPERTIES = st.from_regex(r"\A(teamcity\.[a-zA-Z.]{0,12} ?[=:] ?(\\u[0-9a-f]{4}|\\.|[^\n]){0,8}\n){0,4}\Z")
FILES = st.text(max_size=60) | JSON.map(json.dumps) | PROPERTIES


def is_storable(value):
    return value is None or (
        value.encode("utf-8") and value.isprintable() and value == value.strip() and len(value) < 9000
    )


def test_an_id_that_no_name_can_hold_gives_way_to_a_new_one():
    env = {"CI_REPORTER_PROVIDER": "{}", "CI_BUILD_ID": ":", "CI": "true"}
    assert detect(env, lambda path: "", lambda: "new").ci_run_id == "new"


@settings(max_examples=400, deadline=None)
@given(env=ENVIRONMENTS, file=FILES)
def test_any_environment_and_any_file(env, file):
    run = detect(env, lambda path: file)
    assert run.ci_run_id
    assert [name for name in FIELDS if not is_storable(getattr(run, name))] == []


@settings(max_examples=30, deadline=None)
@given(env=ENVIRONMENTS, file=FILES)
@pytest.mark.parametrize("name", [*DETECTION, "local"])
def test_any_environment_of(name, env, file):
    run = detect({**env, "CI_REPORTER_PROVIDER": name}, lambda path: file)
    assert [field for field in FIELDS if not is_storable(getattr(run, field))] == []


@settings(max_examples=200, deadline=None)
@given(env=ENVIRONMENTS)
def test_default_run_id_is_safe_in_a_shell_and_as_a_file_name(env):
    run = detect({key: value for key, value in env.items() if not key.endswith("CI_RUN_ID")}, lambda path: "")
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}", run.ci_run_id)


@given(env=ENVIRONMENTS, run_id=st.from_regex(r"\A[a-z0-9-]{1,60}\Z"))
@settings(max_examples=100, deadline=None)
def test_given_run_id_always_wins(env, run_id):
    assert detect({**env, "CI_RUN_ID": run_id}, lambda path: "").ci_run_id == run_id


@pytest.mark.parametrize("error", [FileNotFoundError, IsADirectoryError, PermissionError])
@pytest.mark.parametrize("name", ["github", "gitea", "teamcity"])
def test_file_that_cannot_be_read(name, error):
    def refuse(path):
        raise error(path)

    env = {"CI_REPORTER_PROVIDER": name, "GITHUB_EVENT_PATH": "/e", "TEAMCITY_BUILD_PROPERTIES_FILE": "/e"}
    assert detect(env, refuse).provider == name


@pytest.mark.parametrize(
    "piece", [" ", "<", "/pr-1", "gh-readonly-queue/", "a@", "\\", "refs/", "{", "=", "\n"], ids=repr
)
def test_longest_values_take_no_time(piece):
    value = piece * (131_072 // len(piece))
    begun = time.process_time()
    for name in DETECTION:
        detect({**dict.fromkeys(NAMES, value), "CI_REPORTER_PROVIDER": name}, lambda path: value)
    assert time.process_time() - begun < 10
