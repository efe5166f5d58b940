"""All the processes a command started, and how to end them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable

from ci_reporter.frozen import Frozen

_POLL_S = 0.02


class Process(Frozen):
    """A process as /proc tells it; `started` (clock ticks since boot) tells it from a later one with its pid."""

    pid: int
    parent: int
    group: int
    started: int


class Root(Frozen):
    """The command itself. `group` is its process group where it has one of its own."""

    pid: int
    group: int | None = None


def members(root: Root, among: Iterable[Process]) -> set[Process]:
    """The command, what descends from it, and what shares its own process group."""
    processes = tuple(among)
    found = {each for each in processes if each.pid == root.pid or each.group == root.group}
    while more := {each for each in processes if each.parent in {known.pid for known in found}} - found:
        found |= more
    return found


def processes() -> list[Process]:
    """Every process that is not a zombie; none where there is no /proc (macOS)."""
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    return [process for name in names if name.isdigit() and (process := _read(name))]


def _read(pid: str) -> Process | None:
    """Read /proc/<pid>/stat (proc(5)): the name in parentheses may hold anything, also parentheses."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            rest = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    if len(rest) < 20 or rest[0] == b"Z":
        return None
    return Process(pid=int(pid), parent=int(rest[1]), group=int(rest[2]), started=int(rest[19]))


class Ending:
    """TERM to the whole tree now, KILL to what is left of it after `grace_s`. Call `step` until it gives True."""

    def __init__(self, root: Root, grace_s: float) -> None:
        self.root = root
        self.kill_at = time.monotonic() + grace_s
        self.known: set[Process] = set()
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)  # what is stopped cannot end

    def step(self) -> bool:
        """Whether all of the tree is gone; kills it when its time is over."""
        overdue = time.monotonic() >= self.kill_at
        alive = self._signal(signal.SIGKILL if overdue else 0)
        return not alive

    def finish(self) -> None:
        """Wait, at most the grace and a second, until all of the tree is gone."""
        while not self.step() and time.monotonic() < self.kill_at + 1:
            time.sleep(_POLL_S)

    def _signal(self, number: int) -> bool:
        """Send to the group at once and to each that is not in it; 0 only looks. Whether anybody is left."""
        now = set(processes())
        self.known = members(self.root, now) | (self.known & now)
        in_group = self.root.group is not None and _send(os.killpg, self.root.group, number)
        others = [each for each in self.known if each.group != self.root.group]
        sent = [_send(os.kill, each.pid, number) for each in others]
        return any(sent) or bool(self.known) or (in_group and not now)


def _send(how: Callable[[int, int], None], target: int, number: int) -> bool:
    try:
        how(target, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
