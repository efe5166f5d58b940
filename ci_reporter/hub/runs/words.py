"""The words of CI systems for where a run or a job stands, in ours. What is in none of the tables is `unknown`.

Sources: github/docs, "Workflow runs" and "Webhook events and payloads"; GitLab documentation, "Pipelines API" and
"Jobs API"; jenkinsci/jenkins, hudson.model.Result; go-gitea/gitea, models/actions/status.go and modules/structs;
Bitbucket Cloud documentation, "Pipelines" and "Commit statuses".
"""

from __future__ import annotations

from collections.abc import Mapping

from ci_reporter.hub.runs.run import Status

_GITHUB = {
    "queued": Status.QUEUED,
    "requested": Status.QUEUED,
    "pending": Status.QUEUED,
    "waiting": Status.WAITING,
    "in_progress": Status.RUNNING,
    "success": Status.SUCCESS,
    "neutral": Status.SUCCESS,
    "failure": Status.FAILURE,
    "action_required": Status.WAITING,
    "startup_failure": Status.ERROR,
    "stale": Status.TIMEOUT,  # it took longer than GitHub waits for anything
    "timed_out": Status.TIMEOUT,
    "cancelled": Status.CANCELLATION,
    "skipped": Status.SKIP,
}
_GITEA = {
    **_GITHUB,
    "blocked": Status.WAITING,
    "running": Status.RUNNING,
    "completed": Status.UNKNOWN,  # without a conclusion
}
_GITLAB = {
    "created": Status.QUEUED,
    "waiting_for_resource": Status.QUEUED,
    "waiting_for_callback": Status.QUEUED,
    "preparing": Status.QUEUED,
    "pending": Status.QUEUED,
    "scheduled": Status.WAITING,
    "manual": Status.WAITING,
    "running": Status.RUNNING,
    "canceling": Status.RUNNING,
    "success": Status.SUCCESS,
    "failed": Status.FAILURE,
    "canceled": Status.CANCELLATION,
    "skipped": Status.SKIP,
}
_JENKINS = {
    "success": Status.SUCCESS,
    "unstable": Status.FAILURE,  # the build went on, and its tests failed
    "failure": Status.FAILURE,
    "aborted": Status.CANCELLATION,
    "not_built": Status.SKIP,
}
_BITBUCKET = {
    "pending": Status.QUEUED,
    "parsing": Status.QUEUED,
    "inprogress": Status.RUNNING,
    "in_progress": Status.RUNNING,
    "building": Status.RUNNING,
    "running": Status.RUNNING,
    "paused": Status.WAITING,
    "halted": Status.WAITING,
    "successful": Status.SUCCESS,
    "failed": Status.FAILURE,
    "error": Status.ERROR,
    "expired": Status.TIMEOUT,
    "stopped": Status.CANCELLATION,
    "superseded": Status.CANCELLATION,
    "not_run": Status.SKIP,
}
_WORDS: Mapping[str, Mapping[str, Status]] = {
    "github": _GITHUB,
    "gitea": _GITEA,
    "forgejo": _GITEA,
    "gitlab": _GITLAB,
    "jenkins": _JENKINS,
    "bitbucket": _BITBUCKET,
    "generic": {each.value: each for each in Status},
}


def status_of(provider: str, status: str | None, conclusion: str | None = None) -> Status:
    """Where a run stands: by its conclusion where there is one, else by its status; `unknown` for an unknown word."""
    words = _WORDS.get(provider, {})
    word = (conclusion or status or "").strip().lower()
    return words.get(word, Status.UNKNOWN)
