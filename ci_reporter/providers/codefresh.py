"""Codefresh. Source: Codefresh documentation, "Variables in pipelines".

`CF_BRANCH` stays the head's in a pull request, and holds the tag, as `tags/v1`, for some git providers. The retry of a
step, `CF_CURRENT_ATTEMPT`, is not one of the build.
"""

from __future__ import annotations

from ci_reporter.providers import Env, Fields, ReadFile


def read(env: Env, read_file: ReadFile) -> Fields:  # noqa: ARG001
    """What Codefresh says of this build."""
    get = env.get
    owner, name, change = get("CF_REPO_OWNER"), get("CF_REPO_NAME"), get("CF_PULL_REQUEST_NUMBER")
    return {
        "repository": f"{owner}/{name}" if owner and name else None,
        "pipeline": get("CF_PIPELINE_NAME"),
        "pipeline_id": get("CF_BUILD_ID"),
        "run_url": get("CF_BUILD_URL"),
        "job_name": get("CF_STEP_NAME"),
        "branch": get("CF_BRANCH"),
        "tag": get("CF_RELEASE_TAG"),
        "revision": get("CF_REVISION"),
        "commit_message": get("CF_COMMIT_MESSAGE"),
        "commit_author": get("CF_COMMIT_AUTHOR"),
        "change": change,
        "target_branch": get("CF_PULL_REQUEST_TARGET") if change else None,
        "actor": get("CF_BUILD_INITIATOR"),
        "event": get("CF_BUILD_TRIGGER"),
        "workspace": get("CF_VOLUME_PATH"),
    }
