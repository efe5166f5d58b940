"""Azure Pipelines. Source: Azure DevOps documentation, "Use predefined variables".

`BUILD_SOURCEBRANCHNAME` is only the last part of the branch's path, so the full ref is read instead; in a pull request
that ref, `BUILD_SOURCEVERSION` and its message are those of a merge commit that nobody pushed.
"""

from __future__ import annotations

from ci_reporter.providers import Env, Fields, ReadFile, number_after


def read(env: Env, read_file: ReadFile) -> Fields:  # noqa: ARG001
    """What Azure Pipelines says of this run."""
    get = env.get
    change = _change(env)
    run_url = _run_url(env)
    return {
        "repository": get("BUILD_REPOSITORY_NAME"),
        "repository_url": get("BUILD_REPOSITORY_URI"),
        "pipeline": get("BUILD_DEFINITIONNAME"),
        "pipeline_id": get("BUILD_BUILDID"),
        "run_number": get("BUILD_BUILDNUMBER"),
        "attempt": get("SYSTEM_JOBATTEMPT") or get("SYSTEM_STAGEATTEMPT"),
        "run_url": run_url,
        "job_name": get("SYSTEM_JOBDISPLAYNAME"),
        "job_id": get("SYSTEM_JOBID"),
        "job_url": f"{run_url}{_view(env)}" if run_url and get("SYSTEM_JOBID") else None,
        "stage": get("SYSTEM_STAGEDISPLAYNAME") or get("SYSTEM_STAGENAME"),
        "node": get("AGENT_NAME"),
        "branch": get("SYSTEM_PULLREQUEST_SOURCEBRANCH") or (None if change else get("BUILD_SOURCEBRANCH")),
        "revision": get("SYSTEM_PULLREQUEST_SOURCECOMMITID") or get("BUILD_SOURCEVERSION"),
        "commit_message": None if change else get("BUILD_SOURCEVERSIONMESSAGE"),
        "change": change,
        "target_branch": get("SYSTEM_PULLREQUEST_TARGETBRANCH"),
        "actor": get("BUILD_REQUESTEDFOR"),
        "event": get("BUILD_REASON"),
        "workspace": get("BUILD_SOURCESDIRECTORY"),
    }


def _change(env: Env) -> str | None:
    number = env.get("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER") or env.get("SYSTEM_PULLREQUEST_PULLREQUESTID")
    return number or number_after("refs/pull/", env.get("BUILD_SOURCEBRANCH"))


def _run_url(env: Env) -> str | None:
    server = env.get("SYSTEM_TEAMFOUNDATIONSERVERURI", "").rstrip("/")
    project, build = env.get("SYSTEM_TEAMPROJECTID"), env.get("BUILD_BUILDID")
    return f"{server}/{project}/_build/results?buildId={build}" if server and project and build else None


def _view(env: Env) -> str:
    task = env.get("SYSTEM_TASKINSTANCEID")
    return f"&view=logs&j={env.get('SYSTEM_JOBID')}" + (f"&t={task}" if task else "")
