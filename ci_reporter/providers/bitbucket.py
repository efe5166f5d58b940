"""Bitbucket Pipelines. Source: Bitbucket Cloud documentation, "Variables and secrets".

Ids come in braces, which are taken off. The step's name, the person and the event are not told, nor is a re-run: it
keeps the build's number. Parallel steps are counted from 0.
"""

from __future__ import annotations

from ci_reporter.providers import Env, Fields, ReadFile, share


def read(env: Env, read_file: ReadFile) -> Fields:  # noqa: ARG001
    """What Bitbucket says of this pipeline."""
    get = env.get
    repository, number, change = get("BITBUCKET_REPO_FULL_NAME"), get("BITBUCKET_BUILD_NUMBER"), get("BITBUCKET_PR_ID")
    page = f"https://bitbucket.org/{repository}/addon/pipelines/home#!/results/{number}"
    return {
        "repository": repository,
        "repository_url": get("BITBUCKET_GIT_HTTP_ORIGIN") or get("BITBUCKET_GIT_SSH_ORIGIN"),
        "pipeline": repository,
        "pipeline_id": get("BITBUCKET_PIPELINE_UUID", "").strip("{}") or number,
        "run_number": number,
        "run_url": page if repository and number else None,
        "job_id": get("BITBUCKET_STEP_UUID", "").strip("{}"),
        "matrix": share(get("BITBUCKET_PARALLEL_STEP"), get("BITBUCKET_PARALLEL_STEP_COUNT")),
        "branch": get("BITBUCKET_BRANCH"),
        "tag": get("BITBUCKET_TAG"),
        "revision": get("BITBUCKET_COMMIT"),
        "change": change,
        "target_branch": get("BITBUCKET_PR_DESTINATION_BRANCH"),
        "workspace": get("BITBUCKET_CLONE_DIR"),
    }
