"""Buildkite. Source: Buildkite documentation, "Environment variables".

`BUILDKITE_PULL_REQUEST` is `false` where there is none, `BUILDKITE_COMMIT` may be literally `HEAD` (git tells which
commit that is), retries and parallel jobs are counted from 0, and a tag's build has the tag as its branch.
"""

from __future__ import annotations

from ci_reporter.providers import Env, Fields, ReadFile, one_more, share, unless_false

_META = "BUILDKITE_AGENT_META_DATA_"


def read(env: Env, read_file: ReadFile) -> Fields:  # noqa: ARG001
    """What Buildkite says of this build."""
    get = env.get
    build_url, job, tag = get("BUILDKITE_BUILD_URL"), get("BUILDKITE_JOB_ID"), get("BUILDKITE_TAG")
    change = unless_false(get("BUILDKITE_PULL_REQUEST"))
    return {
        "repository_url": get("BUILDKITE_REPO"),
        "default_branch": get("BUILDKITE_PIPELINE_DEFAULT_BRANCH"),
        "pipeline": get("BUILDKITE_PIPELINE_SLUG") or get("BUILDKITE_PIPELINE_NAME"),
        "pipeline_id": get("BUILDKITE_BUILD_ID"),
        "run_number": get("BUILDKITE_BUILD_NUMBER"),
        "attempt": one_more(get("BUILDKITE_RETRY_COUNT")),
        "run_url": build_url,
        "job_name": get("BUILDKITE_LABEL") or get("BUILDKITE_STEP_KEY"),
        "job_id": job,
        "job_url": f"{build_url}#{job}" if build_url and job else None,
        "matrix": share(get("BUILDKITE_PARALLEL_JOB"), get("BUILDKITE_PARALLEL_JOB_COUNT")),
        "node": get("BUILDKITE_AGENT_NAME"),
        "labels": _labels(env),
        "branch": None if tag else get("BUILDKITE_BRANCH"),
        "tag": tag,
        "revision": get("BUILDKITE_COMMIT"),
        "commit_message": get("BUILDKITE_MESSAGE"),
        "commit_author": get("BUILDKITE_BUILD_AUTHOR"),
        "change": change,
        "target_branch": get("BUILDKITE_PULL_REQUEST_BASE_BRANCH") if change else None,
        "actor": get("BUILDKITE_BUILD_CREATOR"),
        "event": get("BUILDKITE_SOURCE"),
        "workspace": get("BUILDKITE_BUILD_CHECKOUT_PATH"),
    }


def _labels(env: Env) -> str:
    return ",".join(f"{key[len(_META) :].lower()}={env[key]}" for key in sorted(env) if key.startswith(_META))
