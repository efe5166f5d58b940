"""Which lines a change touches: `git diff` from the commit that both sides share to the files as they are here."""

from __future__ import annotations

import os
import re
import subprocess
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ci_reporter.errors import UsageError
from ci_reporter.system.git import Git

_LIMIT_S = 300
_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_QUOTED = re.compile(rb'\\(?:([0-7]{3})|(["\\abtnvfr]))')
_LETTERS = {b"a": b"\a", b"b": b"\b", b"t": b"\t", b"n": b"\n", b"v": b"\v", b"f": b"\f", b"r": b"\r"}
# The user's configuration must not change what is printed, run a program, or reach for the network.
_DIFF = (
    *("diff", "--unified=0", "--inter-hunk-context=0", "--no-color", "--no-ext-diff", "--no-textconv"),
    *("--src-prefix=a/", "--dst-prefix=b/", "--no-relative", "--find-renames", "--ignore-submodules=all"),
    "--diff-filter=ACMRT",
)


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is different from a base: file → the lines added or altered, by their numbers now."""

    base: str
    merge_base: str
    lines: Mapping[str, array[int]]


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A checkout to ask git about."""

    folder: str
    env: Mapping[str, str] = field(repr=False)

    def change(self, base: str) -> Change:
        """What this checkout changes since it left `base`. Raises UsageError that says how to get missing history."""
        revision = self._line("rev-parse", "--verify", "--quiet", "--end-of-options", f"{base}^{{commit}}")
        if revision is None:
            raise UsageError(self._missing(base, f"has no commit {base!r}"))
        shared = self._line("merge-base", revision, "HEAD")
        if shared is None:
            raise UsageError(self._missing(base, f"does not reach the commit that it shares with {base!r}"))
        return Change(base=base, merge_base=shared, lines=self._added_lines(shared))

    def _added_lines(self, since: str) -> dict[str, array[int]]:
        try:
            with Git(self.folder, self.env).stream(*_DIFF, since, "--") as (process, diff):
                found = added_lines(diff)
        except OSError as exc:
            raise UsageError(f"cannot run git: {exc.strerror}") from exc
        if process.returncode:
            raise UsageError(f"git diff against {since} failed with exit code {process.returncode}")
        return found

    def changed_at(self, change: Change) -> dict[str, float]:
        """When the changed files got their content, in seconds since the epoch; nothing where git does not tell.

        A file's own time is when it was edited or checked out. A checkout does not change the content, so what was
        checked out counts from its commit, if that is earlier.
        """
        committed = self._committed_at(change.merge_base)
        edited = set((self._line("diff", "--name-only", "HEAD", "--") or "").splitlines())
        times: dict[str, float] = {}
        for name in change.lines:
            modified = _modified_at(os.path.join(self.folder, name))
            if modified is not None and name in edited:
                times[name] = modified
            elif modified is not None and name in committed:
                times[name] = min(modified, committed[name])
        return times

    def _committed_at(self, since: str) -> dict[str, float]:
        """The last commit of each file since then, by its committer's clock."""
        log = self._line("log", "--format=@%ct", "--name-only", "--no-show-signature", f"{since}..HEAD", "--")
        times: dict[str, float] = {}
        at = 0.0
        for line in (log or "").splitlines():
            if re.fullmatch(r"@\d{1,12}", line):
                at = float(line[1:])
            elif line:
                times.setdefault(line, at)
        return times

    def _missing(self, base: str, what: str) -> str:
        if self._line("rev-parse", "--git-dir") is None:
            return f"{self.folder} is not a git repository, or git refuses to read it; there is no change to look at"
        if self._line("rev-parse", "--is-shallow-repository") != "true":
            name = base.removeprefix("origin/")
            return f"this clone {what}; fetch it: git fetch origin {name}:refs/remotes/origin/{name}"
        depth = self._line("rev-list", "--count", "HEAD") or "?"
        commits = "1 commit" if depth == "1" else f"{depth} commits"
        return f"this clone is shallow ({commits}) and {what}; {_way_to_all_history(self.env)}"

    def _line(self, *arguments: str) -> str | None:
        """What git answers in one line; None when it says no."""
        try:
            return Git(self.folder, self.env).line(*arguments, limit_s=_LIMIT_S)
        except (OSError, ValueError) as exc:
            raise UsageError(f"cannot run git: {exc}") from exc
        except subprocess.TimeoutExpired as exc:
            raise UsageError(f"git did not answer within {_LIMIT_S} s") from exc


def added_lines(diff: Iterable[bytes]) -> dict[str, array[int]]:
    """File → added lines, from `git diff`. Hunks are counted off, so no content can pass for a header."""
    found: dict[str, array[int]] = {}
    lines = iter(diff)
    at: array[int] | None = None
    for line in lines:
        if line.startswith(b"diff --git "):
            at = None
        elif line.startswith(b"+++ "):
            name = _name(line[4:])
            at = found.setdefault(name, array("I")) if name is not None else None
        elif match := _HUNK.match(line):
            numbers = _hunk(lines, int(match[1] or 1), int(match[2]), int(match[3] or 1))
            if at is None:
                list(numbers)
            else:
                at.extend(numbers)
    return {name: numbers for name, numbers in found.items() if numbers}


def _hunk(lines: Iterator[bytes], removed: int, number: int, added: int) -> Iterator[int]:
    """Numbers of the added lines of one hunk; `removed` and `added` count its context too."""
    while removed > 0 or added > 0:
        line = next(lines, b"")
        if not line:
            return
        if line.startswith(b"+"):
            yield number
        if line.startswith((b"+", b" ")):
            number += 1
            added -= 1
        if line.startswith((b"-", b" ")):
            removed -= 1


def _name(text: bytes) -> str | None:
    """The path of a `+++` line: quoted as in C where it has unusual characters, a tab behind it where it has blanks."""
    text = text.rstrip(b"\n").removesuffix(b"\t")
    if text.startswith(b'"') and text.endswith(b'"'):
        text = _QUOTED.sub(_unquote, text[1:-1])
    return text[2:].decode("utf-8", "replace") if text.startswith(b"b/") else None


def _unquote(match: re.Match[bytes]) -> bytes:
    if match[1]:
        return bytes([int(match[1], 8) & 0xFF])
    return _LETTERS.get(match[2], match[2])


def _modified_at(path: str) -> float | None:
    try:
        return os.stat(path).st_mtime
    except (OSError, ValueError):
        return None


def _way_to_all_history(env: Mapping[str, str]) -> str:
    if env.get("GITHUB_ACTIONS") == "true":
        return "give actions/checkout `fetch-depth: 0` (it has 1 by default)"
    if env.get("GITLAB_CI"):
        return f'set the variable `GIT_DEPTH: "0"` for this job (it is {env.get("GIT_DEPTH") or "20 by default"})'
    return "get all of it: git fetch --unshallow origin '+refs/heads/*:refs/remotes/origin/*'"
