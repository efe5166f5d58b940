"""Gitea Actions. Source: go-gitea/gitea, services/actions/context.go and models/actions/run.go.

It sets GitHub's variables, with three differences: `GITHUB_SERVER_URL` ends in a slash, a run's page is found by its
number, not by its id, and `GITHUB_WORKFLOW` is the workflow's file. Gitea has no check runs, so the page of a job is
unknown.
"""

from __future__ import annotations

from ci_reporter.providers import Env, Fields, ReadFile, github


def read(env: Env, read_file: ReadFile) -> Fields:
    """What Gitea says of this run."""
    server, repository = env.get("GITHUB_SERVER_URL", "").rstrip("/"), env.get("GITHUB_REPOSITORY")
    base = f"{server}/{repository}" if server and repository else None
    number = env.get("GITHUB_RUN_NUMBER")
    own = {
        "repository_url": base,
        "run_url": f"{base}/actions/runs/{number}" if base and number else None,
        "job_id": None,
        "job_url": None,
    }
    return {**github.read(env, read_file), **own}
