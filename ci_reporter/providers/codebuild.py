"""AWS CodeBuild. Source: AWS documentation, "Environment variables in build environments".

The build's id is `project:uuid`. What was built is told in three ways, none of them always: the webhook's full ref, the
trigger `branch/main`, `tag/v1`, `pr/12`, and the source version, which may also be a commit or a bucket's object. The
resolved version of a source that is not git is not a revision. The job has a name in a batch build only.
"""

from __future__ import annotations

import re

from ci_reporter.providers import Env, Fields, ReadFile, number_after


def read(env: Env, read_file: ReadFile) -> Fields:  # noqa: ARG001
    """What CodeBuild says of this build."""
    get = env.get
    build, change, revision = _build(env), _change(env), get("CODEBUILD_RESOLVED_SOURCE_VERSION", "")
    repository_url = get("CODEBUILD_SOURCE_REPO_URL", "")
    return {
        "repository_url": repository_url if "://" in repository_url else None,
        "pipeline": build.rpartition(":")[0],
        "pipeline_id": build,
        "run_number": get("CODEBUILD_BUILD_NUMBER"),
        "run_url": get("CODEBUILD_BUILD_URL") or _page(env, build),
        "job_name": get("CODEBUILD_BATCH_BUILD_IDENTIFIER"),
        "branch": get("CODEBUILD_WEBHOOK_HEAD_REF") or _ref(env),
        "revision": revision if re.fullmatch(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", revision) else None,
        "change": change,
        "target_branch": get("CODEBUILD_WEBHOOK_BASE_REF") if change else None,
        "actor": get("CODEBUILD_INITIATOR"),
        "event": get("CODEBUILD_WEBHOOK_EVENT"),
        "workspace": get("CODEBUILD_SRC_DIR"),
    }


def _build(env: Env) -> str:
    return env.get("CODEBUILD_BUILD_ID") or env.get("CODEBUILD_BUILD_ARN", "").rpartition(":build/")[2]


def _change(env: Env) -> str | None:
    told = (env.get("CODEBUILD_WEBHOOK_TRIGGER", ""), env.get("CODEBUILD_SOURCE_VERSION", ""))
    return next((number_after("pr/", each) for each in told if each.startswith("pr/")), None)


def _ref(env: Env) -> str | None:
    """The full ref behind a trigger `branch/main` or `tag/v1`, or the source version where it is a full ref."""
    kind, _, name = env.get("CODEBUILD_WEBHOOK_TRIGGER", "").partition("/")
    version = env.get("CODEBUILD_SOURCE_VERSION", "")
    told = {"branch": f"refs/heads/{name}", "tag": f"refs/tags/{name}"}.get(kind)
    return told or (version if version.startswith(("refs/heads/", "refs/tags/")) else None)


def _page(env: Env, build: str) -> str | None:
    region = env.get("AWS_REGION")
    page = f"https://console.aws.amazon.com/codebuild/home?region={region}#/builds/{build}/view/new"
    return page if region and build else None
