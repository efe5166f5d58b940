"""CircleCI. Source: CircleCI documentation, "Project values and variables".

CircleCI does not give the pull request's number by itself: `CIRCLE_PULL_REQUEST` is an address, unset for GitHub App
and GitLab projects, and `CIRCLE_PR_NUMBER` exists for forks only, whose branch is called `pull/12`. The target branch
and the event are unknown. Containers of a parallel job share its name; `CIRCLE_NODE_INDEX`, from 0, tells them apart.
"""

from __future__ import annotations

from ci_reporter.providers import Env, Fields, ReadFile, number_after, share


def read(env: Env, read_file: ReadFile) -> Fields:  # noqa: ARG001
    """What CircleCI says of this workflow."""
    get = env.get
    owner, name, workflow = get("CIRCLE_PROJECT_USERNAME"), get("CIRCLE_PROJECT_REPONAME"), get("CIRCLE_WORKFLOW_ID")
    return {
        "repository": f"{owner}/{name}" if owner and name else None,
        "repository_url": get("CIRCLE_REPOSITORY_URL"),
        "pipeline": name,
        "pipeline_id": workflow or get("CIRCLE_PIPELINE_ID"),
        "run_number": get("CIRCLE_BUILD_NUM"),
        "run_url": f"https://app.circleci.com/pipelines/workflows/{workflow}" if workflow else None,
        "job_name": get("CIRCLE_JOB"),
        "job_id": get("CIRCLE_WORKFLOW_JOB_ID"),
        "job_url": get("CIRCLE_BUILD_URL"),
        "matrix": share(get("CIRCLE_NODE_INDEX"), get("CIRCLE_NODE_TOTAL")),
        "branch": get("CIRCLE_BRANCH"),
        "tag": get("CIRCLE_TAG"),
        "revision": get("CIRCLE_SHA1"),
        "change": _change(env),
        "actor": get("CIRCLE_USERNAME"),
        "workspace": get("CIRCLE_WORKING_DIRECTORY"),
    }


def _change(env: Env) -> str | None:
    number = env.get("CIRCLE_PULL_REQUEST", "").rstrip("/").rpartition("/")[2]
    return number or env.get("CIRCLE_PR_NUMBER") or number_after("pull/", env.get("CIRCLE_BRANCH"))
