"""Google Cloud Build. Source: Cloud Build documentation, "Substituting variable values".

Nothing of a build is in a step's environment unless the build maps it (`automapSubstitutions: true`, or `env:`), so any
part may be missing. `_PR_NUMBER`, `_HEAD_BRANCH` and `_BASE_BRANCH` exist in a pull request's trigger.
"""

from __future__ import annotations

from ci_reporter.providers import Env, Fields, ReadFile


def read(env: Env, read_file: ReadFile) -> Fields:  # noqa: ARG001
    """What this build mapped."""
    get = env.get
    change = get("_PR_NUMBER")
    return {
        "repository": get("REPO_FULL_NAME") or get("REPO_NAME"),
        "pipeline": get("TRIGGER_NAME"),
        "pipeline_id": get("BUILD_ID"),
        "run_url": _page(env),
        "branch": get("_HEAD_BRANCH") or get("BRANCH_NAME"),
        "tag": get("TAG_NAME"),
        "revision": get("COMMIT_SHA") or get("REVISION_ID"),
        "change": change,
        "target_branch": get("_BASE_BRANCH") if change else None,
    }


def _page(env: Env) -> str | None:
    build, project, region = env.get("BUILD_ID"), env.get("PROJECT_ID"), env.get("LOCATION") or "global"
    page = f"https://console.cloud.google.com/cloud-build/builds;region={region}/{build}?project={project}"
    return page if build and project else None
