"""Start a command: its own argv, our descriptors, the signals as they were before us."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Mapping, Sequence

from ci_reporter.frozen import replace
from ci_reporter.runner.launch import Launch
from ci_reporter.runner.parent import Parent
from ci_reporter.runner.signals import Signals
from ci_reporter.runner.tree import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Python ignores these in itself from its start on, so that a broken pipe is an exception.
_IGNORED_BY_PYTHON = [number for name in ("SIGPIPE", "SIGXFSZ") if (number := getattr(signal, name, None))]


def spawn(command: Sequence[str], launch: Launch) -> Root:
    """Start `command`. Raises OSError, and ValueError for a command that no system call can take.

    Where our own variables are the reason why it cannot start (an environment at the kernel's limit, a step's name
    that no variable can hold), it starts without them.
    """
    bare = {name: value for name, value in launch.env.items() if name}  # execve(2) takes "=x", Python does not
    try:
        return _spawn_as_shell(command, {**bare, **launch.added}, launch)
    except (OSError, ValueError) as exc:
        ours = isinstance(exc, ValueError) or exc.errno == errno.E2BIG
        if not ours or not launch.added:
            raise
        return replace(_spawn_as_shell(command, bare, launch), is_bare=True)


def _spawn_as_shell(command: Sequence[str], env: Mapping[str, str], launch: Launch) -> Root:
    """Start it as a shell would: a script without a #! line goes to sh, as execvp(3) and every shell do."""
    try:
        return _spawn(command[0], command, env, launch)
    except OSError as exc:
        if exc.errno != errno.ENOEXEC:
            raise
        return _spawn("/bin/sh", ["sh", _resolve(command[0], env), *command[1:]], env, launch)


def _spawn(path: str, argv: Sequence[str], env: Mapping[str, str], launch: Launch) -> Root:
    if launch.ignored:
        from ci_reporter.runner.fork import fork_and_exec as start
    else:
        start = _posix_spawn
    pid = start(path, argv, env, launch)
    return Root(pid=pid, group=pid if launch.own_group else None)


def _posix_spawn(path: str, argv: Sequence[str], env: Mapping[str, str], launch: Launch) -> int:
    group: dict[str, Any] = {"setpgroup": 0} if launch.own_group else {}
    return os.posix_spawnp(
        path,
        list(argv),
        env,
        file_actions=[(os.POSIX_SPAWN_DUP2, ours, theirs) for theirs, ours in (launch.streams or {}).items()],
        setsigmask=launch.mask,
        setsigdef=launch.defaults,
        **group,
    )


def default_signals(parent: Parent) -> list[int]:
    """The signals to give the command at their default: those Python ignores, unless our parent had us ignore them."""
    return [number for number in _IGNORED_BY_PYTHON if not parent.hands_down_ignored(number)]


def restore_signals(signals: Signals) -> None:
    """Give this process the signals that a command is to start with; for an execve without a spawn."""
    for number in default_signals(signals.parent):
        signal.signal(number, signal.SIG_DFL)
    for number in signals.ignored:
        signal.signal(number, signal.SIG_IGN)
    signals.release()


def refusal(command: str, error: Exception, env: Mapping[str, str]) -> tuple[int, str]:
    """The exit code a shell would give for a command that did not start, and the reason for a person."""
    if not command:
        return 127, "command not found: the command is an empty word"
    if not isinstance(error, OSError):
        return 126, f"cannot execute {command!r}: {error}"
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        found = _resolve(command, env)
        if os.path.exists(found):
            return 126, f"cannot execute {found}: the interpreter its first line names is missing"
        return 127, f"command not found: {command}"
    return 126, f"cannot execute {command}: {error.strerror}"


def _resolve(command: str, env: Mapping[str, str]) -> str:
    if os.sep in command:
        return command
    paths = (os.path.join(folder, command) for folder in env.get("PATH", os.defpath).split(os.pathsep))
    return next((path for path in paths if os.access(path, os.X_OK) and os.path.isfile(path)), command)
