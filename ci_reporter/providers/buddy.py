"""Buddy. Source: Buddy documentation, "Default variables".

`BUDDY_EXECUTION_*` are the old names of `BUDDY_RUN_*`; both are read. A run is counted within its pipeline, so the id
has the pipeline's too. The commit's author is not told, only who committed it.
"""

from __future__ import annotations

from ci_reporter.providers import Env, Fields, ReadFile


def read(env: Env, read_file: ReadFile) -> Fields:  # noqa: ARG001
    """What Buddy says of this run."""
    get = env.get
    run, pipeline = _first(env, "RUN_ID", "EXECUTION_ID"), get("BUDDY_PIPELINE_ID")
    change = _first(env, "RUN_PR_NO", "EXECUTION_PULL_REQUEST_NO", "EXECUTION_PULL_REQUEST_ID")
    head = _first(env, "RUN_PR_HEAD_BRANCH", "EXECUTION_PULL_REQUEST_HEAD_BRANCH")
    target = _first(env, "RUN_PR_BASE_BRANCH", "EXECUTION_PULL_REQUEST_BASE_BRANCH")
    return {
        "repository": get("BUDDY_REPO_SLUG"),
        "repository_url": get("BUDDY_SCM_URL") or get("BUDDY_REPO_SSH_URL"),
        "pipeline": get("BUDDY_PIPELINE_NAME"),
        "pipeline_id": f"{pipeline}/{run}" if pipeline and run else run,
        "run_number": run,
        "run_url": _first(env, "RUN_URL", "EXECUTION_URL"),
        "job_name": get("BUDDY_ACTION_NAME"),
        "job_id": get("BUDDY_ACTION_ID"),
        "branch": head or (None if change else _first(env, "RUN_BRANCH", "EXECUTION_BRANCH")),
        "tag": _first(env, "RUN_TAG", "EXECUTION_TAG"),
        "revision": _first(env, "RUN_COMMIT", "EXECUTION_REVISION"),
        "commit_message": _first(env, "RUN_COMMIT_MESSAGE", "EXECUTION_REVISION_MESSAGE"),
        "change": change.rpartition("/")[2] if change else None,
        "target_branch": target if change else None,
        "actor": get("BUDDY_INVOKER_NAME"),
        "event": get("BUDDY_PIPELINE_TRIGGER_MODE"),
    }


def _first(env: Env, *names: str) -> str | None:
    return next((value for name in names if (value := env.get(f"BUDDY_{name}"))), None)
