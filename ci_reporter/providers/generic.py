"""A CI system we have no file for: the names that several of them share. Source: ci-info's vendors and its list.

Every one of these may mean something else somewhere; `CI_REPORTER_<FIELD>` says it right.
"""

from __future__ import annotations

from ci_reporter.providers import Env, Fields, ReadFile, unless_false


def read(env: Env, read_file: ReadFile) -> Fields:  # noqa: ARG001
    """What the usual names say."""
    number = _first(env, "BUILD_NUMBER", "CI_BUILD_NUMBER")
    return {
        "repository_url": _first(env, "GIT_URL", "GIT_REPOSITORY_URL"),
        "pipeline": _first(env, "CI_NAME"),
        "pipeline_id": _first(env, "RUN_ID", "BUILD_ID", "CI_BUILD_ID") or number,
        "run_number": number,
        "run_url": _first(env, "BUILD_URL", "CI_BUILD_URL"),
        "job_name": _first(env, "JOB_NAME"),
        "branch": _first(env, "BRANCH_NAME", "GIT_BRANCH", "CI_BRANCH"),
        "tag": _first(env, "TAG_NAME", "GIT_TAG"),
        "revision": _first(env, "GIT_COMMIT", "COMMIT_SHA", "CI_COMMIT_ID"),
        "change": unless_false(_first(env, "PULL_REQUEST_NUMBER", "CI_PULL_REQUEST_NUMBER")),
        "workspace": _first(env, "WORKSPACE"),
    }


def _first(env: Env, *names: str) -> str | None:
    return next((value for name in names if (value := env.get(name))), None)
