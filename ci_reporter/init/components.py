"""GitLab's component `report` in a pipeline that a person wrote: the include, and a line for each job that runs tests.

The hooks of the component are a job's `before_script` and `after_script`, so they come in where a job has none, or
stand first in its own. A pipeline whose default has some is left to the person: the hooks would replace them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ci_reporter.config import yaml
from ci_reporter.errors import UsageError
from ci_reporter.init.adopt import MOST_LINES, in_script
from ci_reporter.init.commands import runs_tests
from ci_reporter.init.given import Source

_NOT_JOBS = frozenset(("include", "stages", "variables", "default", "workflow", "image", "services", "cache", "spec"))
_HOOKS = ("before_script", "after_script")
_HEAD = re.compile(r"(?P<key>[\w.][^:#]*):\s*(?:#.*)?")


def include_item(source: Source) -> str:
    """The item of `include:`, as it stands in a list."""
    return f"- component: $CI_SERVER_FQDN/{source.repository}/report@{source.ref}"


def with_component(text: str, source: Source) -> str | None:
    """The pipeline with the component; None where there is no job for it, or no safe way to put it in."""
    keys = _keys(text)
    lines = text.splitlines(keepends=True)
    if keys is None or len(lines) > MOST_LINES or any(_has_hooks(keys, each) for each in _HOOKS):
        return None
    edits = [edit for begin, end in _jobs(lines) for edit in _edits(lines, begin, end)]
    include = _include(lines, keys, source) if edits else None
    if include is None:
        return None
    for at, line in sorted([*edits, include], reverse=True):
        lines.insert(at, line)
    new = "".join(lines)
    after = _keys(new)
    return new if after is not None and set(after) == {*keys, "include"} else None


def _keys(text: str) -> dict[str, yaml.Node] | None:
    try:
        return yaml.mapping(yaml.parse(text.encode("utf-8", "replace"), "it"))
    except UsageError:
        return None


def _has_hooks(keys: dict[str, yaml.Node], hook: str) -> bool:
    """Whether jobs without a hook of their own have one by default."""
    default = keys["default"].value if "default" in keys else None
    return hook in keys or (isinstance(default, dict) and hook in default)


def _include(lines: Sequence[str], keys: dict[str, yaml.Node], source: Source) -> tuple[int, str] | None:
    """Where the component is included: in the list that is there, else above everything but comments."""
    if "include" not in keys:
        first = next((at for at, line in enumerate(lines) if line.strip() and not line.startswith(("#", "---"))), 0)
        return first, f"include:\n  {include_item(source)}\n\n"
    for at, line in enumerate(lines[:-1], 1):
        if re.fullmatch(r"include:\s*(?:#.*)?", line.rstrip("\n")) and (item := re.match(r"( *)- ", lines[at])):
            return at, f"{item[1]}{include_item(source)}\n"
    return None


def _jobs(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The first line of each job, and the one after its last."""
    heads = [at for at, line in enumerate(lines) if re.match(r"[^\s#-]", line)]
    for at, end in zip(heads, [*heads[1:], len(lines)], strict=True):
        match = _HEAD.fullmatch(lines[at].rstrip("\n"))
        if match and match["key"] not in _NOT_JOBS and not match["key"].startswith("."):
            yield at, end


def _edits(lines: Sequence[str], begin: int, end: int) -> list[tuple[int, str]]:
    """The lines that a job gets, each with its place; none for a job that runs no tests, or extends something."""
    block = range(begin + 1, end)
    if not any(runs_tests(lines[at][:500]) and in_script(lines, at) for at in block):
        return []
    child = next((at for at in block if re.match(r" +[\w]", lines[at])), None)
    indent = " " * (len(lines[child]) - len(lines[child].lstrip(" "))) if child is not None else "  "
    found = {match[1]: at for at in block if (match := re.match(rf"{indent}([\w]+):(.*)", lines[at]))}
    if "extends" in found:
        return []
    edits = [(begin + 1, f"{indent}extends: .ci-reporter\n")]
    for hook in _HOOKS:
        if hook in found:
            item = re.match(r"( *)- ", lines[found[hook] + 1]) if found[hook] + 1 < end else None
            if item is None or lines[found[hook]].split(":", 1)[1].split("#")[0].strip():
                return []
            edits.append((found[hook] + 1, f"{item[1]}- !reference [.ci-reporter, {hook}]\n"))
    return edits
