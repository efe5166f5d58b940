"""Start a command: its own argv, our descriptors, the signals as they were before us."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Mapping, Sequence

from ci_reporter.frozen import EMPTY, Frozen
from ci_reporter.runner.tree import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Python itself ignores these; a command expects the default.
_DEFAULT = [number for name in ("SIGPIPE", "SIGXFSZ") if (number := getattr(signal, name, None))]


class Launch(Frozen):
    """How commands are started. `streams` maps the command's descriptors to ours where they differ."""

    env: Mapping[str, str]
    mask: frozenset[int] = frozenset()
    own_group: bool = True
    streams: Mapping[int, int] = EMPTY


def spawn(command: Sequence[str], launch: Launch) -> Root:
    """Start `command`. Raises OSError.

    A script without a #! line goes to sh, as execvp(3) and every shell do.
    """
    try:
        return _spawn(command[0], command, launch)
    except OSError as exc:
        if exc.errno != errno.ENOEXEC:
            raise
        return _spawn("/bin/sh", ["sh", _found(command[0], launch.env), *command[1:]], launch)


def _spawn(path: str, argv: Sequence[str], launch: Launch) -> Root:
    group: dict[str, Any] = {"setpgroup": 0} if launch.own_group else {}
    pid = os.posix_spawnp(
        path,
        list(argv),
        launch.env,
        file_actions=[(os.POSIX_SPAWN_DUP2, ours, theirs) for theirs, ours in launch.streams.items()],
        setsigmask=launch.mask,
        setsigdef=_DEFAULT,
        **group,
    )
    return Root(pid=pid, group=pid if launch.own_group else None)


def refusal(command: str, error: OSError, env: Mapping[str, str]) -> tuple[int, str]:
    """The exit code a shell would give for a command that did not start, and the reason for a person."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        found = _found(command, env)
        if os.path.exists(found):
            return 126, f"cannot execute {found}: the interpreter its first line names is missing"
        return 127, f"command not found: {command}"
    return 126, f"cannot execute {command}: {error.strerror}"


def _found(command: str, env: Mapping[str, str]) -> str:
    if os.sep in command:
        return command
    paths = (os.path.join(folder, command) for folder in env.get("PATH", os.defpath).split(os.pathsep))
    return next((path for path in paths if os.access(path, os.X_OK) and os.path.isfile(path)), command)
