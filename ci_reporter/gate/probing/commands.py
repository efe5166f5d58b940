"""Signals that a command prints: a number, or counts as `{"bad": 3, "total": 120}`. Anything else is no data."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from itertools import count

from ci_reporter.errors import UsageError
from ci_reporter.gate.probing.promql import NoData
from ci_reporter.gate.recording import Count, Sample, Value
from ci_reporter.gate.rules.ruleset import Command

_LARGEST = 64 * 1024
_LONGEST_SAID = 200
_LARGEST_VALUE = 1e300


def check(commands: Sequence[Command], env: Mapping[str, str]) -> None:
    """Look whether each command can be run. Raises UsageError."""
    for each in commands:
        if not each.argv or not shutil.which(each.argv[0], path=env.get("PATH")):
            name = each.argv[0] if each.argv else ""
            raise UsageError(f"signal {each.signal!r}: exec: cannot find the program {name!r} (is it executable?)")


class Commands:
    """Runs each command every so many seconds, in a thread of its own, from `start` to `stop`."""

    def __init__(self, commands: Sequence[Command], env: Mapping[str, str]) -> None:
        self._env = dict(env)
        self._lock = threading.Lock()
        self._starting = threading.Lock()  # `stop` must not come between the start of a process and its registration
        self._found: list[tuple[str, Sample]] = []
        self._problems: dict[str, None] = {}
        self._over = threading.Event()
        self._begun = 0.0
        self._running: dict[str, float] = {}
        self._threads = [threading.Thread(target=self._repeat, args=(each,), daemon=True) for each in commands]
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Run each of them now, and then again and again."""
        self._begun = time.monotonic()
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Run none again; those that run end by themselves, within their timeout."""
        self._over.set()

    def is_finished(self) -> bool:
        """Whether none runs any more."""
        return not any(thread.is_alive() for thread in self._threads)

    def stop(self) -> None:
        """End them all at once."""
        with self._starting:
            self._over.set()
            for process in self._processes.values():
                _kill(process)

    def poll(self) -> list[tuple[str, Sample]]:
        """The samples since the last call; their t is when the command began."""
        with self._lock:
            found, self._found = self._found, []
            return found

    def settled_s(self, elapsed_s: float) -> float:
        """Every command that began before this has been heard."""
        with self._lock:
            return min([elapsed_s, *self._running.values()])

    def problems(self) -> tuple[str, ...]:
        """Why there was no data, each reason once."""
        with self._lock:
            return tuple(self._problems)

    def _repeat(self, command: Command) -> None:
        for number in count():
            due_s = number * command.every_s
            if self._over.wait(max(0.0, self._begun + due_s - time.monotonic())):
                return
            began_s = time.monotonic() - self._begun
            with self._lock:
                self._running[command.signal] = began_s
            found = self._run(command)
            with self._lock:
                del self._running[command.signal]
                if isinstance(found, NoData):
                    self._problems[f"signal {command.signal!r}: {found.reason}"] = None
                else:
                    self._found.append((command.signal, _at(found, began_s)))

    def _run(self, command: Command) -> Sample | NoData:
        try:
            process = self._start_process(command)
        except (OSError, ValueError) as exc:
            return NoData(reason=f"cannot run {command.argv[0]!r}: {getattr(exc, 'strerror', None) or exc}")
        if not process:
            return NoData(reason="the gate was over")
        late = threading.Event()
        timer = threading.Timer(command.timeout_s, _end_late, (process, late))
        timer.start()
        with process:
            assert process.stdout  # noqa: S101
            printed = process.stdout.read(_LARGEST + 1)
            if len(printed) > _LARGEST:
                _kill(process)
            # Its id is its own until it is reaped: nobody may send a signal to it from then on.
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            timer.cancel()
            with self._starting:
                del self._processes[command.signal]
        if late.is_set():
            return NoData(reason=f"{command.argv[0]!r} was ended after its timeout of {command.timeout_s:g} s")
        if process.returncode:
            return NoData(reason=f"{command.argv[0]!r} ended with exit code {process.returncode}")
        return sample(printed)

    def _start_process(self, command: Command) -> subprocess.Popen[bytes] | None:
        """Start the command, unless it is over: who nobody ends would outlive the gate, and hold its stderr open."""
        with self._starting:
            if self._over.is_set():
                return None
            process = self._processes[command.signal] = subprocess.Popen(
                command.argv,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
            return process


def sample(printed: bytes) -> Sample | NoData:
    """What a command printed as a sample at t = 0: a number, or an object with `bad` and `total`."""
    said = printed[:_LONGEST_SAID].decode("utf-8", "replace").strip()
    try:
        found = json.loads(printed) if len(printed) <= _LARGEST else None
    except (ValueError, RecursionError):
        found = None
    if (number := _number(found)) is not None:
        return Value(t=0.0, value=number)
    bad, total = (_number(found.get(key)) if isinstance(found, dict) else None for key in ("bad", "total"))
    if bad is not None and total and 0 <= bad <= total:
        return Count(t=0.0, bad=bad, total=total)
    return NoData(reason=f'printed {said!r}, and a number or {{"bad": 3, "total": 120}} is wanted')


def _number(found: object) -> float | None:
    """A JSON number that is neither infinite nor close to it."""
    if isinstance(found, bool) or not isinstance(found, int | float) or not -_LARGEST_VALUE < found < _LARGEST_VALUE:
        return None
    return float(found)


def _at(found: Sample, t: float) -> Sample:
    return Value(t=t, value=found.value) if isinstance(found, Value) else Count(t=t, bad=found.bad, total=found.total)  # type: ignore[union-attr]  # no command gives probes


def _end_late(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End it and all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # nobody of it is left
        pass
