"""The commit that a branch was at before: what the CI systems tell of it."""

import json

import pytest

from ci_reporter.providers.previous import previous_revision

SHA = "c0ffee" + "0" * 34
PUSH = {"GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": "event.json"}


def read(content):
    return lambda path: content if isinstance(content, str) else json.dumps(content)


@pytest.mark.parametrize(
    "env",
    [
        {"CI_COMMIT_BEFORE_SHA": SHA},
        {"GIT_PREVIOUS_COMMIT": SHA},
        {"CI_PREV_COMMIT_SHA": SHA},
        {"DRONE_COMMIT_BEFORE": SHA},
        PUSH,
    ],
    ids=["gitlab", "jenkins", "woodpecker", "drone", "github"],
)
def test_a_push_names_the_commit_before_it(env):
    assert previous_revision(env, read({"before": SHA})) == SHA


@pytest.mark.parametrize(
    ("env", "event"),
    [
        ({}, {}),
        ({"CI_COMMIT_BEFORE_SHA": "0" * 40}, {}),
        ({"CI_COMMIT_BEFORE_SHA": "main"}, {}),
        (PUSH, {"before": "0" * 40}),
        (PUSH, {"before": 7}),
        (PUSH, []),
        (PUSH, "not JSON"),
        ({**PUSH, "GITHUB_EVENT_NAME": "schedule"}, {"before": SHA}),
    ],
)
def test_a_new_branch_or_a_schedule_has_none(env, event):
    assert previous_revision(env, read(event)) is None
