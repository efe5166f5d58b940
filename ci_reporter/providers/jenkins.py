"""Jenkins. Source: jenkinsci/jenkins, CoreEnvironmentContributor; the branch-api, git, ghprb and gitlab plug-ins.

`JENKINS_URL` is set only where an administrator configured it. A multibranch job is called `folder/job/branch`, with
the branch percent-encoded: that part goes, or every branch would be a pipeline; a matrix job's `AXIS=value` goes to the
matrix. `BRANCH_NAME` is `PR-12` in a pull request and the tag in a tag's build. A build's result is in no variable.
"""

from __future__ import annotations

from ci_reporter.providers import Env, Fields, ReadFile


def read(env: Env, read_file: ReadFile) -> Fields:  # noqa: ARG001
    """What Jenkins says of this build."""
    get = env.get
    change = get("CHANGE_ID") or get("ghprbPullId") or get("gitlabMergeRequestIid")
    target = get("CHANGE_TARGET") or get("ghprbTargetBranch") or get("gitlabTargetBranch")
    head = get("CHANGE_BRANCH") or get("ghprbSourceBranch") or get("gitlabSourceBranch")
    branch = None if get("TAG_NAME") else get("BRANCH_NAME") or get("GIT_BRANCH")
    pipeline, matrix = _pipeline(env)
    return {
        "repository_url": get("GIT_URL") or get("GIT_URL_1"),
        "default_branch": branch if get("BRANCH_IS_PRIMARY") == "true" and not change else None,
        "pipeline": pipeline,
        "pipeline_id": get("BUILD_TAG"),
        "run_number": get("BUILD_NUMBER") or get("BUILD_ID"),
        "run_url": get("BUILD_URL") or get("RUN_DISPLAY_URL"),
        "job_name": get("STAGE_NAME") or pipeline.rpartition("/")[2],
        "stage": get("STAGE_NAME"),
        "matrix": matrix,
        "node": get("NODE_NAME"),
        "labels": get("NODE_LABELS"),
        "branch": head if change else branch,
        "tag": get("TAG_NAME"),
        "revision": get("ghprbActualCommit") or get("gitlabMergeRequestLastCommit") or get("GIT_COMMIT"),
        "change": change,
        "target_branch": target if change else None,
        "actor": get("CHANGE_AUTHOR") or get("BUILD_USER_ID"),
        "workspace": get("WORKSPACE"),
    }


def _pipeline(env: Env) -> tuple[str, str | None]:
    """The job without its branch and without its axes, and the axes."""
    name, branch = env.get("JOB_NAME", ""), env.get("BRANCH_NAME")
    parts = name.split("/")
    axes = next((part for part in parts[1:] if "=" in part), None)
    if axes:
        return "/".join(parts[: parts.index(axes)]), axes
    # BRANCH_NAME may also be a parameter of an ordinary job, whose last part is its own name.
    is_branch = branch and parts[1:] and (parts[-1] == branch or "%" in parts[-1])
    return "/".join(parts[:-1]) if is_branch else name, None
