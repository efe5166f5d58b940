"""GitLab CI. Source: GitLab documentation, "Predefined CI/CD variables reference".

A merge request pipeline has no `CI_COMMIT_BRANCH`, and in a merged-results one `CI_COMMIT_SHA`, the title and the
author are the merge's. `CI_COMMIT_AUTHOR` is `Name <email>`; the name is kept.
`CI_REPOSITORY_URL` holds the job's token and is never read. A retried job keeps the pipeline and gets a new job id.
"""

from __future__ import annotations

from ci_reporter.providers import Env, Fields, ReadFile


def read(env: Env, read_file: ReadFile) -> Fields:  # noqa: ARG001
    """What GitLab says of this pipeline."""
    get = env.get
    head = get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")
    is_head = head in (None, "", get("CI_COMMIT_SHA"))
    return {
        "repository": get("CI_PROJECT_PATH"),
        "repository_url": get("CI_PROJECT_URL"),
        "default_branch": get("CI_DEFAULT_BRANCH"),
        "pipeline": get("CI_PIPELINE_NAME") or get("CI_PROJECT_PATH"),
        "pipeline_id": get("CI_PIPELINE_ID"),
        "run_number": get("CI_PIPELINE_IID"),
        "run_url": get("CI_PIPELINE_URL"),
        "job_name": get("CI_JOB_NAME"),
        "job_id": get("CI_JOB_ID"),
        "job_url": get("CI_JOB_URL"),
        "stage": get("CI_JOB_STAGE"),
        "node": get("CI_RUNNER_DESCRIPTION"),
        "labels": get("CI_RUNNER_TAGS"),
        "branch": get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME") or get("CI_COMMIT_BRANCH") or _ref(env),
        "tag": get("CI_COMMIT_TAG"),
        "revision": head or get("CI_COMMIT_SHA"),
        "commit_message": get("CI_COMMIT_TITLE") if is_head else None,
        "commit_author": get("CI_COMMIT_AUTHOR") if is_head else None,
        "committed_at": get("CI_COMMIT_TIMESTAMP") if is_head else None,
        "change": get("CI_MERGE_REQUEST_IID"),
        "target_branch": get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
        "actor": get("GITLAB_USER_LOGIN"),
        "event": get("CI_PIPELINE_SOURCE"),
        "workspace": get("CI_PROJECT_DIR"),
    }


def _ref(env: Env) -> str | None:
    """The ref's name is a branch's unless the pipeline is a tag's or a merge request's."""
    return None if env.get("CI_COMMIT_TAG") or env.get("CI_MERGE_REQUEST_IID") else env.get("CI_COMMIT_REF_NAME")
