"""GitHub Actions. Source: github/docs, "Variables reference" and "Webhook events and payloads".

`GITHUB_SHA` of a pull request is a merge commit that nobody pushed; the head's is in the event file. A head's name
counts only where there is a change's number, or nothing else: in `pull_request_target` it stands beside the base's
commit, and the `main` of somebody's fork is not ours. What starts a step by itself, such as a container, often gets
`GITHUB_REF` or `GITHUB_HEAD_REF` alone. The environment has neither the matrix nor the job's numeric id: the action
passes them as `CI_REPORTER_MATRIX` and `JOB_CHECK_RUN_ID`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from ci_reporter.providers import Env, Fields, ReadFile, number_after

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def read(env: Env, read_file: ReadFile) -> Fields:
    """What GitHub says of this run."""
    event = _event(env, read_file)
    commit = event.get("head_commit") or _child(event.get("merge_group"), "head_commit")
    base = f"{env.get('GITHUB_SERVER_URL', 'https://github.com').rstrip('/')}/{env.get('GITHUB_REPOSITORY', '')}"
    run_url = f"{base}/actions/runs/{env.get('GITHUB_RUN_ID')}" if env.get("GITHUB_RUN_ID") else None
    attempt, check_run = env.get("GITHUB_RUN_ATTEMPT"), env.get("JOB_CHECK_RUN_ID")
    ref, is_tag = env.get("GITHUB_REF_NAME") or env.get("GITHUB_REF"), env.get("GITHUB_REF_TYPE") == "tag"
    change = _text(event, "pull_request", "number") or number_after("refs/pull/", env.get("GITHUB_REF"))
    head = env.get("GITHUB_HEAD_REF") or _text(event, "pull_request", "head", "ref")
    target = env.get("GITHUB_BASE_REF") or _text(event, "pull_request", "base", "ref")
    return {
        "repository": env.get("GITHUB_REPOSITORY"),
        "repository_url": base if env.get("GITHUB_REPOSITORY") else None,
        "default_branch": _text(event, "repository", "default_branch"),
        "pipeline": env.get("GITHUB_WORKFLOW"),
        "pipeline_id": env.get("GITHUB_RUN_ID"),
        "run_number": env.get("GITHUB_RUN_NUMBER"),
        "attempt": attempt,
        "run_url": f"{run_url}/attempts/{attempt}" if run_url and attempt not in (None, "", "1") else run_url,
        "job_name": env.get("GITHUB_JOB"),
        "job_id": check_run,
        "job_url": f"{run_url}/job/{check_run}" if run_url and check_run else None,
        "node": env.get("RUNNER_NAME"),
        "branch": head if change or not ref else None if is_tag else ref,
        "tag": ref if is_tag else None,
        "revision": _text(event, "pull_request", "head", "sha") or env.get("GITHUB_SHA"),
        "commit_message": _text(commit, "message"),
        "commit_author": _text(commit, "author", "name"),
        "committed_at": _text(commit, "timestamp"),
        "change": change,
        "target_branch": target if change else None,
        "actor": env.get("GITHUB_TRIGGERING_ACTOR") or env.get("GITHUB_ACTOR"),
        "event": env.get("GITHUB_EVENT_NAME"),
        "workspace": env.get("GITHUB_WORKSPACE"),
    } | merge_queue(env.get("GITHUB_REF"))


def merge_queue(ref: str | None) -> dict[str, str]:
    """What a merge queue's branch `gh-readonly-queue/<base>/pr-<n>-<sha>` tells: the change and its target."""
    match = re.fullmatch(r"(?:refs/heads/)?gh-readonly-queue/(.+)/pr-(\d+)-[0-9a-f]{7,64}", ref or "")
    return {"target_branch": match[1], "change": match[2]} if match else {}


def _event(env: Env, read_file: ReadFile) -> Mapping[str, Any]:
    path = env.get("GITHUB_EVENT_PATH")
    if not path:
        return {}
    try:
        event = json.loads(read_file(path))
    except (OSError, ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def _text(node: object, *keys: str) -> str | None:
    """The text or whole number at a path of keys, where there is one."""
    for key in keys:
        node = _child(node, key)
    return str(node) if isinstance(node, str | int) and not isinstance(node, bool) else None


def _child(node: object, key: str) -> object:
    return node.get(key) if isinstance(node, dict) else None
