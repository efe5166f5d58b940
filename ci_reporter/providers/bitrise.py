"""Bitrise. Source: Bitrise documentation, "Available environment variables".

`BITRISE_GIT_BRANCH` stays the head's in a pull request and `BITRISEIO_GIT_BRANCH_DEST` is its target (some adapters
take the target for the branch). `BITRISE_PULL_REQUEST` may be `false`. The commit is known before the clone only where
the trigger named it; the git-clone step tells the rest. The person and the event are not told.
"""

from __future__ import annotations

from ci_reporter.providers import Env, Fields, ReadFile, unless_false


def read(env: Env, read_file: ReadFile) -> Fields:  # noqa: ARG001
    """What Bitrise says of this build."""
    get = env.get
    owner, name = get("BITRISEIO_GIT_REPOSITORY_OWNER"), get("BITRISEIO_GIT_REPOSITORY_SLUG")
    change = unless_false(get("BITRISE_PULL_REQUEST"))
    return {
        "repository": f"{owner}/{name}" if owner and name else None,
        "repository_url": get("GIT_REPOSITORY_URL"),
        "pipeline": get("BITRISEIO_PIPELINE_TITLE") or get("BITRISE_TRIGGERED_WORKFLOW_ID"),
        "pipeline_id": get("BITRISE_BUILD_SLUG"),
        "run_number": get("BITRISE_BUILD_NUMBER"),
        "run_url": get("BITRISE_BUILD_URL"),
        "job_name": get("BITRISE_TRIGGERED_WORKFLOW_ID"),
        "branch": get("BITRISE_GIT_BRANCH"),
        "tag": get("BITRISE_GIT_TAG"),
        "revision": get("BITRISE_GIT_COMMIT") or get("GIT_CLONE_COMMIT_HASH"),
        "commit_message": get("BITRISE_GIT_MESSAGE") or get("GIT_CLONE_COMMIT_MESSAGE_SUBJECT"),
        "commit_author": get("GIT_CLONE_COMMIT_AUTHOR_NAME"),
        "change": change,
        "target_branch": get("BITRISEIO_GIT_BRANCH_DEST") if change else None,
        "workspace": get("BITRISE_SOURCE_DIR"),
    }
