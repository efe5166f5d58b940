"""Environment → `Run`: one file a CI system, chosen by the variables it sets; nothing is raised for any environment.

A provider is a module with `read(env, read_file)`: it gives what its CI system says, by field name of `Run`, raw; here
it is cleaned, overridden by `CI_REPORTER_<FIELD>` and named by its `CI_RUN_ID`. To add one: a file, a line in
`DETECTION`, a test file, a line in the reference page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from ci_reporter import registry
from ci_reporter.errors import UsageError
from ci_reporter.frozen import fields
from ci_reporter.model import Run, uuid7
from ci_reporter.system.addresses import public_url
from ci_reporter.system.files import read_bounded

Env = Mapping[str, str]
ReadFile = Callable[[str], str]
Fields = Mapping[str, str | None]

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
_FIELDS = frozenset(fields(Run))
_ADDRESSES = ("repository_url", "run_url", "job_url")
# Jenkins writes `origin/main`, Azure `refs/heads/main`, Codefresh `tags/v1`; where a webhook builds a tag as if it were
# a branch it is `refs/heads/tags/v1`.
_BEFORE_A_NAME = re.compile(r"(?:refs/)?(?:remotes/)?(?:origin/)?(?:heads/)?(?:origin/)?(tags/)?")
_REPOSITORY = (  # compiled when first used, as most CI systems give the name itself
    r"(?i)(?:[a-z][a-z0-9+.-]*://[^/\s]+/|[^/@:\s]+@[^/@:\s]+:|[\w.-]{2,}:(?!/))(\S+?)(?:\.git)?/?"
)
_LONGEST = 4096
_LARGEST_BYTES = 32 * 1024 * 1024


def detect(env: Env, read_file: ReadFile, job_id: Callable[[], str] = uuid7) -> Run:
    """Tell where we are. `read_file` gives a file's text or raises OSError: `read_text`, but for tests.

    `job_id` gives an id where a CI system has none for its run; without a CI system every call is a run of its own.

    The environment's `CI_RUN_ID` is taken as it is, so that it stays the one its other readers have.
    """
    provider, found = _read(env, read_file)
    overrides = {name: env.get(f"CI_REPORTER_{name.upper()}") for name in _FIELDS}
    run = _tidy({"provider": provider} | _values(found) | _values(overrides), env)
    run = {name: text for name, value in run.items() if (text := value.strip())}
    ci_run_id = one_line(env.get("CI_RUN_ID", "")) or run.get("ci_run_id") or _run_id(run, job_id)
    return Run(**(run | {"ci_run_id": ci_run_id}))


def name_of(env: Env) -> str:
    """Name the CI system whose variables are set; `local` when there is none or CI is switched off (`CI=false`)."""
    if env.get("CI", "").strip().lower() in ("false", "0"):
        return _LOCAL
    return next((name for name, markers in DETECTION.items() if _present(markers, env)), _LOCAL)


def read_text(path: str) -> str:
    """Text of a regular file of at most 32 MiB, undecodable bytes replaced; anything else is an OSError.

    A FIFO or a device is refused without waiting for its other end: this runs before the user's command.
    """
    return read_bounded(path, _LARGEST_BYTES).decode("utf-8", "replace")


def _read(env: Env, read_file: ReadFile) -> tuple[str, Fields]:
    chosen = one_line(env.get("CI_REPORTER_PROVIDER", ""))
    if chosen:
        try:
            return chosen, _reader(chosen)(env, read_file)
        except (UsageError, ImportError, AttributeError):
            pass  # a name of one's own for the CI system that is detected, or a plug-in that does not load
    name = name_of(env)
    return name, _reader(name)(env, read_file)


def _reader(name: str) -> Callable[[Env, ReadFile], Fields]:
    reader: Callable[[Env, ReadFile], Fields] = registry.load("providers", name, _TABLE)
    return reader


def _present(markers: str, env: Env) -> bool:
    return any(all(_holds(marker, env) for marker in either.split("+")) for either in markers.split("|"))


def _holds(marker: str, env: Env) -> bool:
    name, equals, wanted = marker.partition("=")
    value = env.get(name, "").strip().lower()
    if not equals:
        return value not in ("", "false", "0")
    return value.startswith(wanted[:-1]) if wanted.endswith("*") else value == wanted


def _values(found: Fields) -> dict[str, str]:
    # GitHub's toJSON(), whose matrix the action hands over, writes one value a line, and `null` where there is none.
    matrix = " ".join((found.get("matrix") or "").split())
    whole = {**found, "matrix": "" if matrix == "null" else matrix}
    lines = {name: one_line(value) for name, value in whole.items() if value and name in _FIELDS}
    return {name: line for name, line in lines.items() if line}


def one_line(value: str) -> str:
    """The first line as text that any encoding can hold, bounded: of a commit's message it is the subject."""
    lines = value.lstrip()[: 4 * _LONGEST].splitlines()
    text = lines[0].replace("\t", " ").encode("utf-8", "replace").decode("utf-8") if lines else ""
    if not text.isprintable():
        text = "".join(filter(str.isprintable, text))
    return text.strip()[:_LONGEST].strip()


def _tidy(values: dict[str, str], env: Env) -> dict[str, str]:
    """The rules that hold for every CI system: refs, addresses, people, folders and the job's matrix."""
    name, is_tag = ref_of(values.pop("branch", ""))
    values = {"tag" if is_tag else "branch": name} | values
    values |= {key: ref_of(values[key])[0] for key in ("tag", "target_branch", "default_branch") if key in values}
    values |= {key: public_url(values[key]) for key in _ADDRESSES if key in values}
    if "repository" not in values:
        values["repository"] = slug(values.get("repository_url", "")) or ""
    if "commit_author" in values:
        values["commit_author"] = values["commit_author"].split("<", 1)[0].strip()
    if values.get("workspace", "").split("/", 1)[0] == "~":
        values["workspace"] = one_line(env.get("HOME", "~")) + values["workspace"][1:]
    if "matrix" in values:
        values["job_name"] = one_line(" ".join(_with_matrix(values.get("job_name", ""), values["matrix"]).split()))
    return values


def ref_of(text: str) -> tuple[str, bool]:
    """A ref's short name, and whether it is a tag's: `origin/main` gives `main`, False; `refs/tags/v1` `v1`, True.

    `tags/` makes it a tag even below `refs/heads/`, since several systems build tags as if they were branches.
    """
    match = _BEFORE_A_NAME.match(text)
    return (text[match.end() :], bool(match[1])) if match else (text, False)


def _with_matrix(job: str, matrix: str) -> str:
    """`unit` and `{"python": "3.12"}` are `unit (3.12)`, as GitHub shows it; a job that has it already keeps it."""
    try:
        values = json.loads(matrix)
        shown = ", ".join(map(_plain, values.values())) if isinstance(values, dict) else matrix
    except (ValueError, RecursionError):
        values = shown = matrix
    known = not (values and shown) or job.endswith(f"({shown})")
    return job if known else f"{job} ({shown})".strip()


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _run_id(run: Mapping[str, str], job_id: Callable[[], str]) -> str:
    """The run's name; a new one where the CI system has no run id."""
    new_id = uuid7 if run["provider"] == _LOCAL else job_id
    named = run_name(run["provider"], run.get("pipeline_id") or new_id(), run.get("attempt"))
    return named or new_id()  # where no character of theirs may stand in a name


def run_name(provider: str, run_id: str, attempt: str | None) -> str:
    """`<provider>-<run id>-<attempt>`, as far as they are known.

    Safe in a shell and as a file's name; a very long one loses its middle, since what tells runs apart is at its ends.
    """
    text = re.sub(r"[^A-Za-z0-9._]+", "-", "-".join(part for part in (provider, run_id, attempt) if part)).strip("-.")
    return text if len(text) <= 200 else f"{text[:100]}-{text[-99:]}"


def slug(url: str) -> str | None:
    """`owner/name` from a repository's address: `https://host/owner/name.git`, `git@host:owner/name`."""
    match = re.fullmatch(_REPOSITORY, url)
    return match[1].strip("/") or None if match else None


def number_after(prefix: str, text: str | None) -> str | None:
    """The digits right behind `prefix` in `text`: `refs/pull/` in `refs/pull/12/merge` gives `12`."""
    match = re.search(re.escape(prefix) + r"([0-9]+)", text or "")
    return match[1] if match else None


def unless_false(value: str | None) -> str | None:
    """A change's number; several CI systems say `false` where there is none."""
    return None if value is None or value.strip().lower() in ("", "false", "0") else value


def one_more(count: str | None) -> str | None:
    """The attempt after so many retries: `0` is the first attempt, `1`."""
    text = (count or "").strip()
    return str(int(text) + 1) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def share(index: str | None, total: str | None) -> str | None:
    """Which of several equal jobs this is, as a matrix: index `0` of `4` is `1/4`; nothing when it is the only one."""
    return None if total in (None, "", "0", "1") or not (position := one_more(index)) else f"{position}/{total}"
