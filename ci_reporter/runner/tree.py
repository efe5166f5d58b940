"""All the processes a command started, and how to end them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Container, Iterable, Sequence

from ci_reporter.frozen import Frozen

_POLL_S = 0.02
_KERNEL = 2  # kthreadd, the parent of the kernel's own threads


class Process(Frozen):
    """A process as /proc shows it; `started` is in clock ticks since the machine's start."""

    pid: int
    parent: int
    group: int
    started: int

    @property
    def identity(self) -> tuple[int, int]:
        """What stays the same when it gets another parent or group, and differs from a later process with its pid."""
        return self.pid, self.started


class Root(Frozen):
    """The command itself. `group` is its process group where it has one of its own.

    `is_bare` tells that it runs without the variables we add to a command's environment.
    """

    pid: int
    group: int | None = None
    is_bare: bool = False


def members(root: Root | None, among: Iterable[Process], known: Container[Process] = ()) -> set[Process]:
    """The command, what shares its own process group, the `known` ones, and what descends from any of these."""
    processes = tuple(among)
    found = {each for each in processes if each in known or (root and root.pid in (each.pid, each.group))}
    # Children, then their children, until a round finds none: as many rounds as the tree is deep.
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


class Mark:
    """A NAME=value that only the command's environment has, and with it all that the command has started.

    A daemon forks twice and calls setsid(2): then it is PID 1's child, in a session and a group of its own, and only
    the environment that it has inherited still says where it comes from. (Jenkins finds what a build has left behind by
    its BUILD_ID, GitHub's runner by RUNNER_TRACKING_ID, in the same way.)
    """

    def __init__(self, text: str) -> None:
        self._entry = text.encode(errors="surrogateescape")
        self._read: dict[tuple[int, int], bool] = {}

    def carriers(self, processes: Iterable[Process]) -> list[Process]:
        """Those that have the mark. Each is read once, as an environment in /proc changes only by execve(2)."""
        return [each for each in processes if each.parent != _KERNEL and self._has(each)]

    def _has(self, process: Process) -> bool:
        if process.identity not in self._read:
            environment = _environment(process.pid)
            if not environment:  # not ours to read, or in the middle of its execve: look again the next time
                return False
            self._read[process.identity] = self._entry in environment.split(b"\0")
        return self._read[process.identity]


def _environment(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read()
    except OSError:
        return b""


class Ending:
    """TERM to the whole tree now, KILL to what is left of it after `grace_s`. Call `step` until it gives True."""

    def __init__(self, root: Root, grace_s: float, mark: str) -> None:
        self.root = root
        self.kill_at = time.monotonic() + grace_s
        self._mark = Mark(mark)
        self._known: set[tuple[int, int]] = set()  # also those whose parents have ended since
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
        now = processes()
        known = [each for each in now if each.identity in self._known]
        root = self.root if self._is_current(known) else None
        found = members(root, now, [*known, *self._mark.carriers(now)])
        # Remembered by pid and start time: when a parent ends, its children become PID 1's, and no link leads to them.
        self._known |= {each.identity for each in found}
        group = root.group if root else None
        in_group = group is not None and _send(os.killpg, group, number)
        others = [each for each in found if group is None or each.group != group]
        # The group by one call, for a fork may happen between our list and now; what has left it one by one.
        sent = [_send(os.kill, each.pid, number) for each in others]
        return any(sent) or bool(found) or (in_group and not now)

    def _is_current(self, known: Sequence[Process]) -> bool:
        """Whether the command's process id, and the group of that number, still belong to it.

        The kernel gives the number to somebody else when the command has been waited for and its group is empty, and
        the grace may last for minutes. It does not as long as one of those we know has it, as its own or its group's.
        """
        return not self._known or any(self.root.pid in (each.pid, each.group) for each in known)


def _send(how: Callable[[int, int], None], target: int, number: int) -> bool:
    try:
        how(target, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
