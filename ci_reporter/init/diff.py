"""Changes as a unified diff: exactly as `git apply` takes it, or coloured and harmless for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import unified_diff

from ci_reporter.init.plan import Change
from ci_reporter.surfaces.terminal import plain

_COLOURS = {"+++": "1", "---": "1", "@@ ": "36", "+": "32", "-": "31"}
_WIDEST = 500


def patch(changes: Sequence[Change]) -> str:
    """All changes as one patch."""
    return "".join(line for change in changes for line in _lines(change))


def patch_in_colour(changes: Sequence[Change]) -> str:
    """The patch for a terminal with colours; control characters of somebody's file do nothing there."""
    return "\n".join(_in_colour(plain(line.rstrip("\n"), _WIDEST)) for change in changes for line in _lines(change))


def _lines(change: Change) -> Iterator[str]:
    yield f"diff --git a/{change.path} b/{change.path}\n"
    if change.before is None:
        yield "new file mode 100644\n"
    old = "/dev/null" if change.before is None else f"a/{change.path}"
    before = (change.before or "").splitlines(keepends=True)
    for line in unified_diff(before, change.after.splitlines(keepends=True), old, f"b/{change.path}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _in_colour(line: str) -> str:
    colour = next((code for start, code in _COLOURS.items() if line.startswith(start)), None)
    return f"\x1b[{colour}m{line}\x1b[0m" if colour else line
