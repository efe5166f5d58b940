"""What a failing rule sets in motion: a command of the rules' author, once, with a time limit; or a word to people.

Values of ours reach a command through its environment alone, never pasted into its text.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from ci_reporter.errors import StateError
from ci_reporter.gate.rules.ruleset import Action
from ci_reporter.system.files import sync_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_GRACE_S = 10.0
_LOOK_S = 0.2
_LATE = "after its timeout"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of an action. `problem` is a sentence where it did not do what it was to do."""

    action: Action
    ran: bool = False
    exit_code: int | None = None
    timed_out: bool = False
    seconds: float = 0.0
    problem: str | None = None


def perform(action: Action, env: Mapping[str, str], *, dry_run: bool = False, grace_s: float = _GRACE_S) -> Outcome:
    """Run the action's command by `sh -c`, with that environment and nothing to read; its output is our stderr."""
    if action.run is None:
        return Outcome(action=action)
    if dry_run:
        return Outcome(action=action, problem=f"action {action.name!r} was not run (dry run): {action.run[:200]}")
    begun = time.monotonic()
    with _undisturbed() as heard:
        try:
            process = _started(action.run, env)
        except (OSError, ValueError) as exc:  # ValueError: a NUL in the command or a variable
            reason = getattr(exc, "strerror", None) or exc
            return Outcome(action=action, problem=f"action {action.name!r} cannot run: {reason}")
        ended_for = _ended_for(process, action.timeout_s, heard)
        if ended_for:
            _end(process, grace_s)
    return _outcome(action, process.returncode, ended_for, time.monotonic() - begun)


def _started(command: str, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/sh", "-c", command],
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr or subprocess.DEVNULL,
        stderr=sys.stderr or subprocess.DEVNULL,
        start_new_session=True,
    )


def _outcome(action: Action, code: int, ended_for: str | None, seconds: float) -> Outcome:
    exit_code = 128 - code if code < 0 else code
    problem = None
    if ended_for:
        exit_code = exit_code or 128 + signal.SIGTERM  # one that ends with 0 when told to stop did not do it all
        problem = f"action {action.name!r} was ended {ended_for}"
    elif code:
        problem = f"action {action.name!r} ended with exit code {exit_code}"
    return Outcome(
        action=action,
        ran=True,
        exit_code=exit_code,
        timed_out=bool(ended_for and ended_for.startswith(_LATE)),
        seconds=round(seconds, 3),
        problem=problem,
    )


def _ended_for(process: subprocess.Popen[bytes], timeout_s: float, heard: Sequence[int]) -> str | None:
    """Wait for its end; why it must be ended, if it does not end in time or undisturbed."""
    until = time.monotonic() + timeout_s
    while process.poll() is None:
        if len(heard) > 1:
            return f"by {signal.Signals(heard[-1]).name}, the second signal to stop"
        left_s = until - time.monotonic()
        if left_s <= 0:
            return f"{_LATE} of {timeout_s:g} s"
        with suppress(subprocess.TimeoutExpired):
            process.wait(min(left_s, _LOOK_S))
    return None


def _end(process: subprocess.Popen[bytes], grace_s: float) -> None:
    """End it with all that it started: asked first, then without asking."""
    _to_all(process, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(grace_s)
    _to_all(process, signal.SIGKILL)
    process.wait()


def _to_all(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # nobody of it is left
        os.killpg(process.pid, number)


@contextmanager
def _undisturbed() -> Iterator[Sequence[int]]:
    """The signals to stop that came: a rollback half done is worse than none, so the first is only noted."""
    heard: list[int] = []

    def hear(number: int, _frame: FrameType | None) -> None:
        heard.append(number)
        if len(heard) == 1:
            said = f"ci-reporter: {signal.Signals(number).name}: the action runs to its end; once more ends it\n"
            os.write(2, said.encode())

    before = {number: signal.signal(number, hear) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Ledger:
    """What this run has set in motion already, one file an action: a job that is retried rolls back once."""

    def __init__(self, folder: str, ci_run_id: str) -> None:
        self._folder = folder
        self._run = "".join(each if each.isalnum() or each in "-_" else "-" for each in ci_run_id)[:100]

    def claim(self, action: Action) -> bool:
        """Note, durably, that the action begins; whether it may, as it has not run `most` times. Raises StateError."""
        try:
            os.makedirs(self._folder, exist_ok=True)
            for count in range(action.most):
                path = os.path.join(self._folder, f"{self._run}.{action.name}.{count + 1}")
                if self._made(path):
                    return True
        except OSError as exc:
            raise StateError(f"cannot note in {self._folder} that {action.name!r} runs: {exc.strerror}") from exc
        return False

    def _made(self, path: str) -> bool:
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            return False
        os.close(fd)
        sync_folder(self._folder)  # the file is empty: its name is all there is to keep
        return True
