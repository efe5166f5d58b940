"""AppVeyor. Source: AppVeyor documentation, "Environment variables".

In a pull request `APPVEYOR_REPO_BRANCH` is the target and `APPVEYOR_REPO_COMMIT` need not be the head's; in a tag's
build the branch is the tag. The person and the event are not told.
"""

from __future__ import annotations

from ci_reporter.providers import Env, Fields, ReadFile


def read(env: Env, read_file: ReadFile) -> Fields:  # noqa: ARG001
    """What AppVeyor says of this build."""
    get = env.get
    repository, build, tag = get("APPVEYOR_REPO_NAME"), get("APPVEYOR_BUILD_ID"), get("APPVEYOR_REPO_TAG_NAME")
    change, is_github = get("APPVEYOR_PULL_REQUEST_NUMBER"), get("APPVEYOR_REPO_PROVIDER") == "github"
    page = f"https://ci.appveyor.com/project/{repository}/builds/{build}"
    return {
        "repository": repository,
        "repository_url": f"https://github.com/{repository}" if repository and is_github else None,
        "pipeline": repository,
        "pipeline_id": build,
        "run_number": get("APPVEYOR_BUILD_NUMBER"),
        "run_url": page if repository and build else None,
        "job_name": get("APPVEYOR_JOB_NAME"),
        "job_id": get("APPVEYOR_JOB_ID"),
        "labels": get("APPVEYOR_BUILD_WORKER_IMAGE"),
        "branch": get("APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH")
        or (None if change or tag else get("APPVEYOR_REPO_BRANCH")),
        "tag": tag,
        "revision": get("APPVEYOR_PULL_REQUEST_HEAD_COMMIT") or get("APPVEYOR_REPO_COMMIT"),
        "commit_message": get("APPVEYOR_REPO_COMMIT_MESSAGE"),
        "commit_author": get("APPVEYOR_REPO_COMMIT_AUTHOR"),
        "committed_at": None if change else get("APPVEYOR_REPO_COMMIT_TIMESTAMP"),
        "change": change,
        "target_branch": get("APPVEYOR_REPO_BRANCH") if change else None,
        "workspace": get("APPVEYOR_BUILD_FOLDER"),
    }
