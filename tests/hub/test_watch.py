"""`ci-reporter watch` and `ci-reporter hub lint` as people run them, against fakes of GitHub and GitLab."""

from __future__ import annotations

import json
import time
import urllib.request
from contextlib import ExitStack

import pytest

from ci_reporter.cli.board import as_object
from ci_reporter.hub.poll.push import text_of
from ci_reporter.hub.runs.run import Key, Run, Status
from tests.fakes.github import FakeGitHub
from tests.fakes.gitlab import FakeGitLab
from tests.fakes.server import in_thread

NOW = float(round(time.time()) - 600)


@pytest.fixture(scope="module")
def fakes():
    """github.com with two repositories, gitlab.com with one project."""
    github, gitlab = FakeGitHub(), FakeGitLab()
    github.add("acme/shop", 1, "failure", NOW, created_s=NOW, head_branch="main")
    github.add("acme/shop", 2, "in_progress", NOW, head_branch="fix", actor={"login": "ann@acme.example"})
    github.add("acme/api", 3, "success", NOW)
    gitlab.add("platform/web", 1, "success", NOW)
    with ExitStack() as stack:
        for each in (github, gitlab):
            stack.enter_context(in_thread(each))
        yield github, gitlab


@pytest.fixture
def watch(run_program, fakes):
    def of(*words, **env):
        return run_program("watch", *words, "--url", fakes[0].url, env={"GITHUB_TOKEN": fakes[0].token, **env})

    return of


def test_once_shows_the_last_run_of_each_pipeline_and_branch(watch):
    done = watch("acme/*", "--once")
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split()[:4] for line in done.stdout.splitlines()]
    assert rows[0] == ["RESULT", "REPOSITORY", "PIPELINE", "BRANCH"]
    assert sorted(rows[1:]) == [
        ["failure", "acme/shop", "CI", "main"],
        ["running", "acme/shop", "CI", "fix"],
        ["success", "acme/api", "CI", "main"],
    ]


def test_json_is_a_run_a_line_and_what_cannot_be_looked_at_is_said(watch):
    done = watch("acme/shop", "acme/nope", "--once", "--json")
    assert done.returncode == 1
    assert {json.loads(line)["ci_run_id"] for line in done.stdout.splitlines()} == {"github-1-1", "github-2-1"}
    assert "/acme/nope: github at 127.0.0.1:" in done.stderr
    assert "answered 404: Not Found" in done.stderr
    assert "ann@acme" not in done.stdout


@pytest.mark.services
def test_the_last_runs_are_pushed_to_a_pushgateway(watch, pushgateway):
    done = watch("acme/*", "--once", "--pushgateway", pushgateway.url)
    assert (done.returncode, done.stderr) == (0, "")
    with urllib.request.urlopen(f"{pushgateway.url}/metrics") as answer:
        held = answer.read().decode()
    labels = 'branch="main",instance="",job="ci_reporter_watch",pipeline="CI",repository="acme/shop"'
    assert f"ci_pipeline_status{{{labels}}} 0\n" in held
    assert f"ci_pipeline_running{{{labels}}} 0\n" in held


WRONG = {
    "nothing": ([], "name a repository, such as acme/shop or 'acme/*', or a file: --config hub.yml"),
    "too often": (["a/b", "--interval", "5s"], "option --interval: '5s' is below 10s, the least"),
    "a branch": (["a/b", "--branch", "a..b"], "option --branch: 'a..b' is not a name that a branch can have"),
    "a repository": (["a/../b"], "argument REPOSITORY: "),
    "a variable": (["a/b", "--token-env", "NOPE"], "option --token-env: the variable NOPE is not set"),
    "an empty file": (["--config", "/dev/null"], "there is nothing to poll in it"),
}


@pytest.mark.parametrize(("words", "said"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_one_sentence(watch, words, said):
    done = watch(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_lint_says_what_is_polled_and_what_it_costs(run_program, fakes):
    github, gitlab = fakes
    (run_program.folder / "hub.yml").write_text(f"""\
poll:
  targets:
    - provider: github
      url: {github.url}
      repositories: ["acme/*"]
      token_env: T
    - provider: gitlab
      url: {gitlab.url}
      repositories: platform/nope
      token_env: T
""")
    done = run_program("hub", "lint", "hub.yml", env={"T": github.token})
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (1, "")
    assert lines[0] == "ok    hub.yml: 2 targets to poll"
    assert "answers, and token_env: T is robot's, with the scopes repo, read:org; " in lines[1]
    assert lines[2].endswith(": 2 repositories: acme/shop, acme/api")
    assert lines[3].endswith(": 126 requests an hour, at a look every 60 s; what has not changed is free")
    assert lines[6].startswith("FAIL  hub.yml line 7: ")
    assert lines[6].endswith("/platform/nope: gitlab at " + gitlab.url[7:] + " answered 404: 404 Project Not Found")
    refused = run_program("hub", "lint", "hub.yml", "--json", env={"T": "another-token"})
    assert [json.loads(line)["level"] for line in refused.stdout.splitlines()] == ["failure", "failure"]


def test_lint_offline_asks_nobody(run_program):
    (run_program.folder / "hub.yml").write_text("poll: {targets: [{provider: github, repositories: a/b}]}")
    done = run_program("hub", "lint", "hub.yml", "--offline")
    assert (done.returncode, done.stdout) == (0, "ok    hub.yml: 1 target to poll\n")


def make_run(**more):
    known = {"key": Key("github", "github.com", "acme/shop", "7", 1), "pipeline": "CI", "status": Status.SUCCESS}
    times = {"updated_ms": 61_000, "started_ms": 1_000, "finished_ms": 61_000, "branch": "main"}
    return Run(**{**known, **times, **more})


def test_what_is_pushed_is_what_prometheus_reads(promtool_says):
    goes_on = make_run(status=Status.RUNNING, finished_ms=None, branch=None, change="12")
    text = text_of([make_run(), goes_on]).decode()
    assert promtool_says(text) == ""
    labels = 'repository="acme/shop",pipeline="CI",branch="main"'
    assert f"ci_pipeline_status{{{labels}}} 1\n" in text
    assert f"ci_pipeline_last_duration_seconds{{{labels}}} 60\n" in text
    assert 'ci_pipeline_running{repository="acme/shop",pipeline="CI",branch="pull_request"} 1\n' in text


def test_a_run_in_json_has_times_people_read():
    found = as_object(make_run())
    assert (found["started_at"], found["status"], "older" in found) == ("1970-01-01T00:00:01.000Z", "success", False)
