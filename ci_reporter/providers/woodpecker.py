"""Woodpecker. Source: Woodpecker documentation, "Environment variables".

In a pull request `CI_COMMIT_BRANCH` is the target. `CI_PIPELINE_RERUNS` counts restarts and is unset in the first run.
A pipeline's number is unique within its repository. The `CI_BUILD_*` names of old adapters are gone since 1.0.
"""

from __future__ import annotations

from ci_reporter.providers import Env, Fields, ReadFile, one_more


def read(env: Env, read_file: ReadFile) -> Fields:  # noqa: ARG001
    """What Woodpecker says of this pipeline."""
    get = env.get
    change = get("CI_COMMIT_PULL_REQUEST")
    return {
        "repository": get("CI_REPO"),
        "repository_url": get("CI_REPO_URL"),
        "default_branch": get("CI_REPO_DEFAULT_BRANCH"),
        "pipeline": get("CI_WORKFLOW_NAME"),
        "pipeline_id": get("CI_PIPELINE_NUMBER"),
        "run_number": get("CI_PIPELINE_NUMBER"),
        "attempt": one_more(get("CI_PIPELINE_RERUNS") or "0"),
        "run_url": get("CI_PIPELINE_URL"),
        "job_name": get("CI_STEP_NAME"),
        "job_id": get("CI_STEP_NUMBER"),
        "job_url": get("CI_STEP_URL"),
        "branch": get("CI_COMMIT_SOURCE_BRANCH") or (None if change else get("CI_COMMIT_BRANCH")),
        "tag": get("CI_COMMIT_TAG"),
        "revision": get("CI_COMMIT_SHA"),
        "commit_message": get("CI_COMMIT_MESSAGE"),
        "commit_author": get("CI_COMMIT_AUTHOR"),
        "change": change,
        "target_branch": get("CI_COMMIT_TARGET_BRANCH") if change else None,
        "actor": get("CI_PIPELINE_AUTHOR"),
        "event": get("CI_PIPELINE_EVENT"),
        "workspace": get("CI_WORKSPACE"),
    }
