"""A step's script and the name of the step: the workflow file's, else the id, else the first line."""

import pytest

from ci_reporter.providers.scripts import first_line, step_name

WORKFLOW = """
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - name: Unit tests
        run: make test
      - run: make lint
      - name: Deploy to ${{ inputs.where }}
        id: deploy
        run: ./deploy.sh "${{ inputs.where }}"
      - name: Report
        run: |
          echo "for ${{ matrix.python }}"
          ./report.sh ${{ github.sha }} --all
      - name: Again
        run: make test
  other:
    steps:
      - name: Elsewhere
        run: make docs
"""
ENV = {
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_WORKFLOW_REF": "acme/shop/.github/workflows/ci.yml@refs/heads/main",
    "GITHUB_WORKSPACE": "/w",
    "GITHUB_JOB": "test",
}


def name(script, action="__run", env=ENV, workflow=WORKFLOW):
    def read_file(path):
        assert path == "/w/.github/workflows/ci.yml"
        if workflow is None:
            raise FileNotFoundError(path)
        return workflow

    return step_name(env | {"GITHUB_ACTION": action}, script, read_file)


@pytest.mark.parametrize(
    ("script", "action", "called"),
    [
        ("make lint", "__run_2", "make lint"),
        ('echo "for 3.12"\n./report.sh c0ffee --all\n', "__run_3", "Report"),
        ("make test", "__run", "Unit tests"),
        ("make test", "__run_4", "Again"),
        ("./deploy.sh production", "deploy", "deploy"),
        ("make docs", "__run", "make docs"),
        ("make docs", "3", "make docs"),
        ("$ErrorActionPreference = 'stop'\nmake lint\nexit $LASTEXITCODE", "__run_2", "make lint"),
    ],
    ids=[
        "unnamed",
        "expressions",
        "first of two",
        "last of two",
        "a name of expressions",
        "another job's",
        "counted by act",
        "pwsh",
    ],
)
def test_a_step_is_called_as_the_workflow_calls_it(script, action, called):
    assert name(script, action) == called


@pytest.mark.parametrize(
    "workflow",
    [None, "", "jobs: 3", "jobs: { test: { steps: [1] } }", "{", "a: 1\na: 2", "[" * 5000, "jobs:\n  test: {}\n"],
    ids=["absent", "empty", "a number", "no steps", "half", "twice", "deep", "no list"],
)
def test_a_workflow_that_cannot_be_read_leaves_id_and_first_line(workflow):
    assert name("make lint", "lint-it", workflow=workflow) == "lint-it"
    assert name("make lint", "__run", workflow=workflow) == "make lint"


def test_a_workflow_of_another_repository_is_not_looked_for():
    env = ENV | {"GITHUB_WORKFLOW_REF": "acme/shared/.github/workflows/ci.yml@v1"}
    assert name("make test", env=env, workflow=None) == "make test"


def test_the_same_script_twice_without_a_number_is_named_by_its_line():
    assert name("make test", "") == "make test"


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ("#!/bin/sh\n\nset -eux\n  pytest -q  \nls", "pytest -q"),
        ("", ""),
        ("# only a comment", ""),
        ("x" * 100, "x" * 59 + "…"),
        ("\r\nmake\r\n", "make"),
    ],
)
def test_the_first_line_that_does_something(script, line):
    assert first_line(script) == line


def test_a_workflow_too_large_to_be_parsed_in_a_moment_names_no_step():
    assert (
        name("make lint", "__run_2", workflow=WORKFLOW.replace("make lint", "make lint\n        name: Lint")) == "Lint"
    )
    large = WORKFLOW.replace("make lint", "make lint\n        name: Lint") + "#" * 600_000
    assert name("make lint", "__run_2", workflow=large) == "make lint"
