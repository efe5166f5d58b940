"""A collapsible section of a GitLab job's log, around what a command writes; the command's own output stays as it is.

The line that begins it is written before the command starts, the one that ends it when the command has ended: nothing
is written in between. This is on the way to the command's start, so it imports nothing.
Source: GitLab documentation, "CI/CD job logs", custom collapsible sections.
"""

from __future__ import annotations

_ERASE = "\x1b[0K"  # to the end of the line: a terminal shows nothing of what GitLab reads
_NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
_LONGEST = 200


def begin(name: str, header: str, at_s: float) -> str:
    """The line that begins a section. Its end has the same `name`, which no other section of the job has."""
    shown = "".join(char if char.isprintable() else " " for char in header[:_LONGEST])
    return f"{_ERASE}section_start:{int(at_s)}:{_plain(name)}\r{_ERASE}{shown}"


def end(name: str, at_s: float) -> str:
    """The line that ends it."""
    return f"{_ERASE}section_end:{int(at_s)}:{_plain(name)}\r{_ERASE}"


def _plain(name: str) -> str:
    return "".join(char if char in _NAME else "_" for char in name)
