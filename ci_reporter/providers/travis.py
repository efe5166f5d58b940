"""Travis CI. Source: Travis CI documentation, "Default environment variables".

`TRAVIS_PULL_REQUEST` is `false` where there is none. In a pull request `TRAVIS_BRANCH` is the target, and
`TRAVIS_COMMIT` and its message are a merge's; in a tag's build it is the tag. A job's number, `74.2`, begins with the
build's, so only what follows the dot can name a job from build to build. The person is not told.
"""

from __future__ import annotations

from ci_reporter.providers import Env, Fields, ReadFile, unless_false


def read(env: Env, read_file: ReadFile) -> Fields:  # noqa: ARG001
    """What Travis says of this build."""
    get = env.get
    change, tag = unless_false(get("TRAVIS_PULL_REQUEST")), get("TRAVIS_TAG")
    return {
        "repository": get("TRAVIS_REPO_SLUG"),
        "pipeline": get("TRAVIS_REPO_SLUG"),
        "pipeline_id": get("TRAVIS_BUILD_ID"),
        "run_number": get("TRAVIS_BUILD_NUMBER"),
        "run_url": get("TRAVIS_BUILD_WEB_URL"),
        "job_name": get("TRAVIS_JOB_NAME") or get("TRAVIS_JOB_NUMBER", "").rpartition(".")[2],
        "job_id": get("TRAVIS_JOB_ID"),
        "job_url": get("TRAVIS_JOB_WEB_URL"),
        "stage": get("TRAVIS_BUILD_STAGE_NAME"),
        "branch": get("TRAVIS_PULL_REQUEST_BRANCH") or (None if change or tag else get("TRAVIS_BRANCH")),
        "tag": tag,
        "revision": get("TRAVIS_PULL_REQUEST_SHA") or get("TRAVIS_COMMIT"),
        "commit_message": None if change else get("TRAVIS_COMMIT_MESSAGE"),
        "change": change,
        "target_branch": get("TRAVIS_BRANCH") if change else None,
        "event": get("TRAVIS_EVENT_TYPE"),
        "workspace": get("TRAVIS_BUILD_DIR"),
    }
