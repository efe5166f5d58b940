"""Lines for a CI file that a person wrote: its test commands run under ci-reporter, and nothing else changes.

The file is edited as text, so that comments and layout stay; whether the outcome is YAML with as many jobs as before is
checked. What is not plainly one command on one line is left to the person.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ci_reporter.config import yaml
from ci_reporter.errors import UsageError
from ci_reporter.frozen import Frozen
from ci_reporter.init.commands import PYTHON, recording_command, test_step

_COMMAND = r"(?P<command>[A-Za-z./].*?)(?P<after>\s*(?:\s#.*)?)"
_GITHUB = re.compile(r" *(?:- )?run: +" + _COMMAND)
_BLOCK = re.compile(r" +" + _COMMAND)
_GITLAB = re.compile(r" *- +" + _COMMAND)
_BLOCK_KEY = re.compile(r" *(?:- )?run: *[|>][-+]?\s*")
_SCRIPT_KEY = re.compile(r" *script: *")
_MOST = 20
MOST_LINES, _LONGEST_LINE = 5_000, 1_000  # to look back from each line for what it belongs to is quadratic


class Syntax(Frozen):
    """How a CI system writes commands: `install` is a line of its own that stands before them, once a job."""

    install: str
    job_indent: int
    is_github: bool = True

    def can_install(self, step: str, job: str) -> bool:
        """Whether the job's machine has what `install` needs, as far as the file tells.

        GitHub's machines have pipx, containers may have nothing; on GitLab only a job that runs Python is sure to.
        """
        return not re.search(r"(?m)^ *container:", job) if self.is_github else step in PYTHON


def adoption(text: str, syntax: Syntax) -> str | None:
    """The file with its test commands under ci-reporter; None where there is nothing to change, or no safe way to."""
    lines = text.splitlines(keepends=True)
    if len(lines) > MOST_LINES:
        return None
    edits = [(at, edit) for at in range(len(lines)) if (edit := _edit(lines, at, syntax))][:_MOST]
    if not edits:
        return None
    seen: set[str] = set()
    for at, edit in edits:
        job = _job(lines, at, syntax)
        if job not in seen:
            seen.add(job)
            start = _step_start(lines, at) if syntax.is_github else at
            indent = re.match(r" *", lines[start])
            lines[start] = f"{indent[0] if indent else ''}- {syntax.install}\n" + lines[start]
        # The install line may stand before this one in the same entry of the list.
        lines[at] = lines[at][: len(lines[at]) - len(edit[0])] + edit[1]
    return _if_same_shape(text, "".join(lines))


def _edit(lines: Sequence[str], at: int, syntax: Syntax) -> tuple[str, str] | None:
    """The end of a line that changes, and what becomes of it."""
    line = lines[at].rstrip("\n")
    if len(line) > _LONGEST_LINE:
        return None
    match = (_GITHUB if syntax.is_github else _GITLAB).fullmatch(line) or (syntax.is_github and _BLOCK.fullmatch(line))
    step = test_step(match["command"]) if match else None
    if not match or step is None or not _is_command(lines, at, syntax):
        return None
    if not syntax.can_install(step, _job_text(lines, at, syntax)):
        return None
    return lines[at][match.start("command") :], f"{recording_command(match['command'], step)}{match['after']}\n"


def _is_command(lines: Sequence[str], at: int, syntax: Syntax) -> bool:
    """Whether a line that reads like a command stands where commands stand."""
    line = lines[at].rstrip("\n")
    if not syntax.is_github:
        return in_script(lines, at)
    if _GITHUB.fullmatch(line):
        return True
    continues = at > 0 and lines[at - 1].rstrip().endswith("\\")
    return not continues and bool(_BLOCK_KEY.fullmatch(_above(lines, at).rstrip("\n")))


def in_script(lines: Sequence[str], at: int) -> bool:
    """Whether a line is an item of a `script:` of GitLab."""
    return bool(_SCRIPT_KEY.fullmatch(_above(lines, at, "- ").rstrip("\n")))


def _above(lines: Sequence[str], at: int, item: str = "") -> str:
    """The line that the block or list of this line belongs to: the nearest one further left, or no item of the list."""
    indent = _indent(lines[at])
    for line in reversed(lines[:at]):
        if line.strip() and (_indent(line) < indent or (item and _indent(line) == indent and item not in line)):
            return line
    return ""


def _step_start(lines: Sequence[str], at: int) -> int:
    """The line with the dash of the step that this line belongs to."""
    indent = _indent(lines[at]) + (0 if not lines[at].lstrip().startswith("- ") else 1)
    for index in range(at, -1, -1):
        line = lines[index]
        if line.lstrip().startswith("- ") and _indent(line) < indent and _is_step(line):
            return index
    return at


def _is_step(line: str) -> bool:
    return bool(re.match(r" *- [\w-]+:", line))


def _job_text(lines: Sequence[str], at: int, syntax: Syntax) -> str:
    """The lines of the job that a line belongs to."""
    heads = [index for index in range(len(lines)) if _is_head(lines[index], syntax)]
    begin = max((index for index in heads if index <= at), default=0)
    end = min((index for index in heads if index > at), default=len(lines))
    return "".join(lines[begin:end])


def _is_head(line: str, syntax: Syntax) -> bool:
    """Whether a job begins here, as far as the indent tells."""
    return _indent(line) == syntax.job_indent and bool(re.match(r" *[\"']?[^\s#-]", line))


def _job(lines: Sequence[str], at: int, syntax: Syntax) -> str:
    """The job that a line belongs to, as its line says it."""
    for line in reversed(lines[: at + 1]):
        if _is_head(line, syntax):
            return line
    return ""


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _if_same_shape(old: str, new: str) -> str | None:
    """The new text, if both are YAML with the same keys at the top and in `jobs`."""
    try:
        before, after = (yaml.mapping(yaml.parse(each.encode(), "it")) for each in (old, new))
    except UsageError:
        return None
    return new if _shape(before) == _shape(after) else None


def _shape(keys: dict[str, yaml.Node]) -> list[object]:
    jobs = keys["jobs"].value if "jobs" in keys else None
    return [list(keys), list(jobs) if isinstance(jobs, dict) else None]
