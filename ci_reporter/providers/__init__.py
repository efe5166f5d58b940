"""Environment → `Run`: one file a CI system, chosen by the variables it sets; nothing is raised for any environment.

A provider is a module with `read(env, read_file)`: it gives what its CI system says, by field name of `Run`, raw; here
it is cleaned, overridden by `CI_REPORTER_<FIELD>` and named by its `CI_RUN_ID`. To add one: a file, a line in
`DETECTION`, a test file, a line in the reference page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields

from ci_reporter import registry
from ci_reporter.errors import UsageError
from ci_reporter.model import Run, uuid7

Env = Mapping[str, str]
ReadFile = Callable[[str], str]
Found = Mapping[str, str | None]

# Specific before look-alike (Forgejo sets Gitea's and GitHub's variables too). `|` is or, `+` is and,
# `NAME=start*` looks at the value; otherwise a variable counts when it is set and neither `false` nor `0`.
DETECTION: Mapping[str, str] = {
    "forgejo": "FORGEJO_ACTIONS",
    "gitea": "GITEA_ACTIONS",
    "github": "GITHUB_ACTIONS|GITHUB_ACTION",
    "gitlab": "GITLAB_CI",
    "circleci": "CIRCLECI",
    "azure": "TF_BUILD",
    "bitbucket": "BITBUCKET_COMMIT|BITBUCKET_BUILD_NUMBER",
    "buildkite": "BUILDKITE",
    "woodpecker": "CI=woodpecker",
    "drone": "DRONE",
    "travis": "TRAVIS",
    "teamcity": "TEAMCITY_VERSION",
    "appveyor": "APPVEYOR",
    "codepipeline": "CODEBUILD_INITIATOR=codepipeline/*",
    "codebuild": "CODEBUILD_BUILD_ARN|CODEBUILD_BUILD_ID",
    "codefresh": "CF_BUILD_ID",
    "bitrise": "BITRISE_IO|BITRISE_BUILD_SLUG",
    "buddy": "BUDDY",
    "jenkins": "JENKINS_URL|BUILD_TAG=jenkins-*|JENKINS_HOME+BUILD_NUMBER",
    "cloudbuild": "BUILDER_OUTPUT|BUILD_ID+PROJECT_ID+COMMIT_SHA",
    "generic": "CI|CONTINUOUS_INTEGRATION|BUILD_ID|BUILD_NUMBER|RUN_ID|CI_APP_ID|CI_BUILD_ID|CI_BUILD_NUMBER|CI_NAME",
}
_LOCAL = "local"
_TABLE = {name: f"ci_reporter.providers.{name}:read" for name in (*DETECTION, _LOCAL)}
_LONGEST = 4096


def detect(env: Env, read_file: ReadFile) -> Run:
    """Tell where we are. `read_file` gives a file's text or raises OSError; providers with an event file use it."""
    provider, found = _read(env, read_file)
    values = {key: _clean(value) for key, value in found.items() if value}
    values |= {key.name: _clean(value) for key in fields(Run) if (value := env.get(f"CI_REPORTER_{key.name.upper()}"))}
    known = {key: value for key, value in values.items() if value}
    run = _tidy({"provider": provider} | known)
    return Run(**(run | {"ci_run_id": _clean(env.get("CI_RUN_ID", "")) or _run_id(run)}))


def name_of(env: Env) -> str:
    """Name the CI system whose variables are set; `local` when there is none or CI is switched off (`CI=false`)."""
    if env.get("CI", "").strip().lower() in ("false", "0"):
        return _LOCAL
    return next((name for name, markers in DETECTION.items() if _present(markers, env)), _LOCAL)


def _read(env: Env, read_file: ReadFile) -> tuple[str, Found]:
    chosen = env.get("CI_REPORTER_PROVIDER")
    if chosen:
        try:
            return chosen, dict(registry.load("providers", chosen, _TABLE)(env, read_file))
        except UsageError:
            pass  # a name of one's own for the CI system that is detected
    name = name_of(env)
    return name, dict(registry.load("providers", name, _TABLE)(env, read_file))


def _present(markers: str, env: Env) -> bool:
    return any(all(_holds(marker, env) for marker in either.split("+")) for either in markers.split("|"))


def _holds(marker: str, env: Env) -> bool:
    name, equals, wanted = marker.partition("=")
    value = env.get(name, "").strip().lower()
    if not equals:
        return value not in ("", "false", "0")
    return value.startswith(wanted[:-1]) if wanted.endswith("*") else value == wanted


def _clean(value: str) -> str:
    """One line of text that any encoding can hold; a commit message keeps its first line."""
    first = value.strip().split("\n", 1)[0]
    text = first.encode("utf-8", "replace").decode("utf-8")
    return "".join(char for char in text if char.isprintable()).strip()[:_LONGEST]


def _tidy(values: dict[str, str]) -> dict[str, str]:
    branch = values.get("branch", "")
    if branch.startswith(("refs/tags/", "tags/")):
        values.setdefault("tag", branch)
        del values["branch"]
    for key in ("branch", "target_branch", "default_branch", "tag"):
        if key in values:
            values[key] = re.sub(r"^(?:refs/)?(?:(?:heads|tags|remotes)/)?(?:origin/)?", "", values[key])
    for key in ("repository_url", "run_url", "job_url"):
        if key in values:
            values[key] = without_credentials(values[key])
    if "repository" not in values and "repository_url" in values:
        values["repository"] = slug(values["repository_url"]) or ""
    if "matrix" in values:
        values["job_name"] = _with_matrix(values.get("job_name", ""), values["matrix"])
    return {key: value for key, value in values.items() if value}


def _with_matrix(job: str, matrix: str) -> str:
    """`unit` and `{"python": "3.12"}` are `unit (3.12)`, as GitHub shows it; other text goes in as it is."""
    if matrix in ("null", "{}"):
        return job
    try:
        values = json.loads(matrix)
    except ValueError:
        values = matrix
    shown = ", ".join(map(_plain, values.values())) if isinstance(values, dict) else matrix
    return f"{job} ({shown})".strip()


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _run_id(run: Mapping[str, str]) -> str:
    """`<provider>-<run id>-<attempt>`, as far as they are known; a new one where the CI system has no run id."""
    parts = (run["provider"], run.get("pipeline_id") or uuid7(), run.get("attempt"))
    return re.sub(r"[^A-Za-z0-9._:-]+", "-", "-".join(part for part in parts if part)).replace("--", "-")


def without_credentials(url: str) -> str:
    """An address without its user and password; `git@host:path` has none and stays."""
    return re.sub(r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/]*@", r"\1", url)


def slug(url: str) -> str | None:
    """`owner/name` from a repository's address: `https://host/owner/name.git`, `git@host:owner/name`."""
    match = re.fullmatch(r"(?:[a-z+]+://[^/]+/|[^/@]+@[^:/]+:)(.+?)(?:\.git)?/?", url, re.IGNORECASE)
    return match[1].strip("/") if match else None


def number_after(prefix: str, text: str | None) -> str | None:
    """The digits right behind `prefix` in `text`: `refs/pull/` in `refs/pull/12/merge` gives `12`."""
    match = re.search(re.escape(prefix) + r"(\d+)", text or "")
    return match[1] if match else None
