"""Drone. Source: Drone documentation, "Environment reference".

In a pull request `DRONE_BRANCH` is the target; in a push `DRONE_TARGET_BRANCH` is set too, to the branch itself. A
build's number is unique within its repository; a restart is a new build.
"""

from __future__ import annotations

from ci_reporter.providers import Env, Fields, ReadFile, unless_false


def read(env: Env, read_file: ReadFile) -> Fields:  # noqa: ARG001
    """What Drone says of this build."""
    get = env.get
    change = unless_false(get("DRONE_PULL_REQUEST"))
    return {
        "repository": get("DRONE_REPO"),
        "repository_url": get("DRONE_GIT_HTTP_URL"),
        "default_branch": get("DRONE_REPO_BRANCH"),
        "pipeline": get("DRONE_REPO"),
        "pipeline_id": get("DRONE_BUILD_NUMBER"),
        "run_number": get("DRONE_BUILD_NUMBER"),
        "run_url": get("DRONE_BUILD_LINK"),
        "job_name": get("DRONE_STEP_NAME") or get("DRONE_STAGE_NAME"),
        "stage": get("DRONE_STAGE_NAME"),
        "node": get("DRONE_STAGE_MACHINE"),
        "branch": get("DRONE_SOURCE_BRANCH") or (None if change else get("DRONE_BRANCH")),
        "tag": get("DRONE_TAG"),
        "revision": get("DRONE_COMMIT_SHA"),
        "commit_message": get("DRONE_COMMIT_MESSAGE"),
        "commit_author": get("DRONE_COMMIT_AUTHOR_NAME") or get("DRONE_COMMIT_AUTHOR"),
        "change": change,
        "target_branch": get("DRONE_TARGET_BRANCH") if change else None,
        "actor": get("DRONE_COMMIT_AUTHOR"),
        "event": get("DRONE_BUILD_EVENT"),
        "workspace": get("DRONE_WORKSPACE"),
    }
