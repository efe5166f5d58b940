"""The processes that this one descends from, by /proc (proc(5)); where there is none (macOS), the parent alone."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ci_reporter.frozen import Frozen


class Ancestor(Frozen):
    """A process above us. `started`, in clock ticks since boot, tells it from a later one with its pid."""

    pid: int
    started: int | None = None


def ancestors() -> Iterator[Ancestor]:
    """The parent, its parent, and so on to the first process that can be seen."""
    pid = os.getppid()
    while pid > 0:
        parent, started = _parent_and_start(pid)
        yield Ancestor(pid=pid, started=started)
        pid = parent


def environment(pid: int) -> frozenset[bytes]:
    """The `NAME=value` entries a process was started with; none where they cannot be read."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return frozenset(file.read().split(b"\0"))
    except OSError:
        return frozenset()


def _parent_and_start(pid: int) -> tuple[int, int | None]:
    """Fields 4 and 22 of /proc/<pid>/stat; the name in parentheses before them may hold anything."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            rest = file.read().rpartition(b")")[2].split()
        return int(rest[1]), int(rest[19])
    except (OSError, ValueError, IndexError):
        return 0, None
