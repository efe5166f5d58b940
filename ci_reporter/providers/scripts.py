"""What a CI system's step is called whose script is run: its name in the workflow file, its id, or its first line.

Source: github/docs, "Variables reference" (`GITHUB_ACTION`, `GITHUB_WORKFLOW_REF`) and "defaults.run.shell". GitHub
tells a step its id, or `__run`, `__run_2` and so on for steps without one, and never its name; the name stands in the
workflow file, if the repository is checked out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from ci_reporter.errors import UsageError
from ci_reporter.providers import Env, ReadFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.config.yaml import Node

_LONGEST = 60
_LARGEST_WORKFLOW = 512 * 1024  # characters, which takes a second to parse; a name is not worth waiting longer
_NUMBERED = "__run"


def first_line(script: str) -> str:
    """The first line that does something, as a name for the step; nothing where there is none."""
    for line in script.splitlines():
        word = line.strip()
        if word and not word.startswith(("#", "set -", "@echo off", "$ErrorActionPreference")):
            return word if len(word) <= _LONGEST else f"{word[: _LONGEST - 1]}…"
    return ""


def step_name(env: Env, script: str, read_file: ReadFile) -> str:
    """The name of the step whose script this is."""
    own = env.get("GITHUB_ACTION", "")
    own = "" if own.isdecimal() else own  # act counts the steps that have no id, and no id begins with a digit
    found = _in_workflow(env, script, own, read_file)
    return found or ("" if own.startswith("__") else own) or first_line(script)


def _in_workflow(env: Env, script: str, own: str, read_file: ReadFile) -> str:
    """The name that the workflow file gives the step; nothing where the file is not there or has no such step."""
    path = _workflow_path(env)
    if not path:
        return ""
    from ci_reporter.config import yaml

    try:
        text = read_file(path)
        if len(text) > _LARGEST_WORKFLOW:
            return ""
        top = yaml.mapping(yaml.parse(text.encode(), path))
        job = yaml.mapping(yaml.mapping(top["jobs"])[env.get("GITHUB_JOB", "")])
        steps = [yaml.mapping(each) for each in yaml.items(job["steps"])]
    except (OSError, ValueError, KeyError, UsageError, RecursionError):
        return ""
    step = _step(steps, script, own)
    name = _text(step, "name") or _text(step, "id") if step else ""
    return "" if "${{" in name else name


def _workflow_path(env: Env) -> str:
    """The workflow's file in the workspace: of `acme/shop/.github/workflows/ci.yml@refs/heads/main` the middle."""
    repository, ref = env.get("GITHUB_REPOSITORY", ""), env.get("GITHUB_WORKFLOW_REF", "")
    workspace = env.get("GITHUB_WORKSPACE")
    if not (workspace and repository and ref.startswith(f"{repository}/")):
        return ""
    return os.path.join(workspace, ref[len(repository) + 1 :].rpartition("@")[0])


def _step(steps: Sequence[Mapping[str, Node]], script: str, own: str) -> Mapping[str, Node] | None:
    """The step with this id, else the one with this script; of several the one that GitHub's number points at."""
    with_id = [each for each in steps if own and _text(each, "id") == own]
    if with_id:
        return with_id[0]
    unnamed = [each for each in steps if "run" in each and "id" not in each]
    same = [each for each in unnamed if _is_script(_text(each, "run"), script)]
    if len(same) == 1:
        return same[0]
    at = _number(own)
    return unnamed[at] if at is not None and at < len(unnamed) and unnamed[at] in same else None


def _number(own: str) -> int | None:
    """`__run` is the first step without an id, `__run_2` the second."""
    rest = own.removeprefix(_NUMBERED)
    if rest == own:
        return None
    number = rest.removeprefix("_")
    return int(number) - 1 if number.isdecimal() else 0


def _is_script(written: str, script: str) -> bool:
    """Whether the script is what is written in the workflow, whatever stands for its `${{ … }}`."""
    first, *rest = written.strip().split("${{")
    pieces = [first, *(each.partition("}}")[2] for each in rest)]
    at = 0
    for piece in pieces:
        found = script.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return bool("".join(pieces).strip())


def _text(step: Mapping[str, Node], key: str) -> str:
    value = step[key].value if key in step else ""
    return value if isinstance(value, str) else ""
