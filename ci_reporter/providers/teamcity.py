"""TeamCity. Source: TeamCity documentation, "List of predefined build parameters".

The environment has little. The build's id is in the Java properties file `TEAMCITY_BUILD_PROPERTIES_FILE` names; the
branch is there or in a second file, which the first one names. `BUILD_NUMBER` alone is not unique. A default branch may
be called `<default>`; its VCS root then has the name. The pull request's variables exist where the project maps them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ci_reporter.providers import Env, Fields, ReadFile, number_after

# Java writes `teamcity.build.branch=feature/caf\u00e9`, with a backslash before `:`, `=`, `#`, `!` and `\`.
_PROPERTY = re.compile(r"^[ \t]*(teamcity\.[\w.]+)[ \t]*[=:][ \t]*(.*)$", re.MULTILINE)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")


def read(env: Env, read_file: ReadFile) -> Fields:
    """What TeamCity says of this build."""
    get, known = env.get, _properties(env.get("TEAMCITY_BUILD_PROPERTIES_FILE"), read_file)
    known = _properties(known.get("teamcity.configuration.properties.file"), read_file) | known
    branch = _branch(known)
    return {
        "default_branch": branch if known.get("teamcity.build.branch.is_default") == "true" else None,
        "pipeline": get("TEAMCITY_PROJECT_NAME"),
        "pipeline_id": known.get("teamcity.build.id") or _build_id(env),
        "run_number": get("BUILD_NUMBER"),
        "run_url": get("BUILD_URL"),
        "job_name": get("TEAMCITY_BUILDCONF_NAME"),
        "node": known.get("teamcity.agent.name"),
        "branch": known.get("teamcity.pullRequest.source.branch") or branch,
        "revision": get("BUILD_VCS_NUMBER"),
        "change": get("TEAMCITY_PULLREQUEST_NUMBER") or known.get("teamcity.pullRequest.number"),
        "target_branch": get("TEAMCITY_PULLREQUEST_TARGET_BRANCH") or known.get("teamcity.pullRequest.target.branch"),
        "actor": known.get("teamcity.build.triggeredBy.username"),
        "workspace": known.get("teamcity.build.checkoutDir") or known.get("teamcity.build.workingDir"),
    }


def _build_id(env: Env) -> str | None:
    return number_after("buildId=", env.get("BUILD_URL")) or env.get("BUILD_NUMBER")


def _branch(known: Mapping[str, str]) -> str | None:
    branch = known.get("teamcity.build.branch")
    if branch != "<default>":
        return branch
    return next((known[name] for name in known if name.startswith("teamcity.build.vcs.branch.")), None)


def _properties(path: str | None, read_file: ReadFile) -> dict[str, str]:
    """TeamCity's own properties in a Java properties file; none of a file that cannot be read."""
    try:
        text = read_file(path) if path else ""
    except (OSError, ValueError):
        return {}
    return {name: _unescape(value.strip()) for name, value in _PROPERTY.findall(text)}


def _unescape(value: str) -> str:
    text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], value)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
