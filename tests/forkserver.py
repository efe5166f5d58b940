"""A process that has imported ci-reporter, and forks for each call of the program, or of a script that uses it.

A start costs 60–90 ms of CPU, nine tenths of them for imports that are the same each time; the tests make thousands.
A call is a process of its own here, too, with the arguments, environment, folder and streams that it was given. Its
first module is `ci_reporter.cli`, which is imported anew; what stands below has been imported.

What the interpreter or a relative takes from `exec` needs the real program: PYTHON* and locale variables, TZ, LD_*, and
/proc/<pid>/environ. `Program.start` and all of tests/runner, tests/docs and tests/shipped run that one.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from types import FrameType
from typing import NoReturn

import ci_reporter

HEAVY = ("click", "requests", "structlog", "yaml", "prometheus_client", "email.message", "http.server", "sqlite3")
NOT_HERE = ("ci_reporter.cli", "ci_reporter.__main__", "ci_reporter.logs.grpc")

ended: dict[int, int] = {}
"""Where to write the wait status of a child, by its pid."""


def serve(requests: socket.socket) -> None:
    """Fork for each request: four descriptors, the first a file with arguments, folder and environment."""
    signal.signal(signal.SIGCHLD, reap)
    while True:
        request, *streams = socket.recv_fds(requests, 1, 5)[1] or (None,)
        if request is None:
            return  # the tests have ended
        status = streams.pop()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})  # until the child is in `ended`
        if not (pid := os.fork()):
            requests.close()
            os.close(status)
            call(request, streams)
        ended[pid] = status
        os.write(status, b"%d\n" % pid)
        for each in (request, *streams):
            os.close(each)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})


def reap(_signal: int, _frame: FrameType | None) -> None:
    """Tell how the children that have ended did."""
    while ended:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        told = ended.pop(pid)
        with suppress(BrokenPipeError):  # a test that gave up no longer reads
            os.write(told, b"%d\n" % os.waitstatus_to_exitcode(status))
        os.close(told)


def call(request: int, streams: list[int]) -> NoReturn:
    """Be the program: what the kernel, Python and the console script do at its start."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    for at, stream in enumerate(streams):
        os.dup2(stream, at)
        os.close(stream)
    for other in ended.values():
        os.close(other)
    with open(request, encoding="utf-8", errors="surrogateescape") as file:
        sys.argv, folder, environment = json.load(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[0] = os.path.dirname(sys.argv[0])
    try:
        run()
        leave(0)
    except SystemExit as exc:
        leave(exc.code or 0)
        raise


def run() -> None:
    """The program, or a script of a test's own."""
    if sys.argv[0].endswith(".py"):
        runpy.run_path(sys.argv[0], run_name="__main__")
        return
    from ci_reporter.cli import main

    main()


def leave(code: object) -> None:
    """End as the interpreter does, without freeing a thousand modules; it does so itself where that is not simple."""
    if not isinstance(code, int) or None in (sys.stdout, sys.stderr):
        return
    threading._shutdown()
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return
    os._exit(code & 0xFF)


def modules(path: Iterable[str], prefix: str) -> Iterator[str]:
    """The names of a package's modules, those of its rooms too, but for those that are imported anew or may fail."""
    for module in pkgutil.iter_modules(path, prefix):
        if module.name not in NOT_HERE:
            yield module.name
            if module.ispkg:
                yield from modules(import_module(module.name).__path__, f"{module.name}.")


def preload() -> None:
    """Import what the program's commands import."""
    for name in (*HEAVY, *modules(ci_reporter.__path__, "ci_reporter.")):
        import_module(name)
    gc.collect()
    gc.freeze()  # or each child would copy every page when it collects


if __name__ == "__main__":
    preload()
    with socket.socket(fileno=int(sys.argv[1])) as listening:
        serve(listening)
