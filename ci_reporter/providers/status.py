"""How CI systems say that a job has ended, in our words.

Sources: GitLab documentation, "Predefined CI/CD variables", CI_JOB_STATUS, and gitlab-org/gitlab-runner,
common/network.go; github/docs, "Workflow syntax", `job.status` and the REST API's `conclusion` of a job;
jenkinsci/jenkins, hudson.model.Result.
"""

from __future__ import annotations

from ci_reporter.model import Result

_WORDS = {
    "failed": Result.FAILURE,
    "unstable": Result.FAILURE,  # Jenkins: the build went on, and its tests failed
    "startup_failure": Result.ERROR,
    "canceled": Result.CANCELLATION,
    "cancelled": Result.CANCELLATION,
    "aborted": Result.CANCELLATION,
    "timedout": Result.TIMEOUT,
    "timed_out": Result.TIMEOUT,
    "skipped": Result.SKIP,
    "not_built": Result.SKIP,
}


def result_of(status: str) -> Result | None:
    """The result that a CI system's word, or one of ours, means; None for a word that nobody uses."""
    word = status.strip().lower()
    return _WORDS.get(word) or next((each for each in Result if each == word), None)
