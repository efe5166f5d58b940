"""Start a command that is to ignore a signal that we must not ignore: posix_spawn(3) cannot, fork and execve can.

With SIGCHLD ignored the kernel keeps no exit status (wait4(2), NOTES), so we have it at its default; a command whose
shell has ignored it is to ignore it all the same. It is rare, so everybody else gets the faster posix_spawn.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Mapping, Sequence

from ci_reporter.runner.launch import Launch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def fork_and_exec(path: str, argv: Sequence[str], env: Mapping[str, str], launch: Launch) -> int:
    """Start a command; its process id. Raises OSError."""
    source, target = os.pipe()  # both are closed by an execve that succeeds; of one that fails we read why
    pid = os.fork()
    if pid == 0:
        _become(path, argv, env, launch, target)
    os.close(target)
    with open(source, "rb") as pipe:
        number = pipe.read()
    if number:
        os.waitpid(pid, 0)
        raise OSError(int(number), os.strerror(int(number)))
    return pid


def _become(path: str, argv: Sequence[str], env: Mapping[str, str], launch: Launch, target: int) -> NoReturn:
    try:
        if launch.own_group:
            os.setpgid(0, 0)
        for theirs, ours in (launch.streams or {}).items():
            os.dup2(ours, theirs)
        for number in launch.defaults:
            signal.signal(number, signal.SIG_DFL)
        for number in launch.ignored:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, launch.mask)
        os.execvpe(path, list(argv), env)  # noqa: S606
    except (OSError, ValueError) as exc:
        os.write(target, b"%d" % (getattr(exc, "errno", None) or errno.EINVAL))
    finally:
        os._exit(127)
