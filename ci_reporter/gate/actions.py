"""What a failing rule sets in motion: a command of the rules' author, once, with a time limit; or a word to people.

Values of ours reach a command through its environment alone, never pasted into its text.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ci_reporter.errors import StateError
from ci_reporter.gate.rules import Action

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_GRACE_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of an action. `problem` is a sentence where it did not do what it was to do."""

    action: Action
    ran: bool = False
    exit_code: int | None = None
    timed_out: bool = False
    seconds: float = 0.0
    problem: str | None = None


def perform(action: Action, env: Mapping[str, str], *, dry_run: bool = False) -> Outcome:
    """Run the action's command by `sh -c`, with that environment and nothing to read; its output is our stderr."""
    if action.run is None:
        return Outcome(action=action)
    if dry_run:
        return Outcome(action=action, problem=f"action {action.name!r} was not run (dry run): {action.run[:200]}")
    begun = time.monotonic()
    try:
        process = subprocess.Popen(
            ["/bin/sh", "-c", action.run],
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr or subprocess.DEVNULL,
            stderr=sys.stderr or subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as exc:
        return Outcome(action=action, problem=f"action {action.name!r} cannot run: {exc.strerror}")
    with _undisturbed(process):
        timed_out = _ended_late(process, action.timeout_s)
    return _outcome(action, process.returncode, timed_out, time.monotonic() - begun)


def _outcome(action: Action, code: int, timed_out: bool, seconds: float) -> Outcome:
    exit_code = 128 - code if code < 0 else code
    problem = None
    if timed_out:
        problem = f"action {action.name!r} was ended after its timeout of {action.timeout_s:g} s"
    elif code:
        problem = f"action {action.name!r} ended with exit code {exit_code}"
    return Outcome(
        action=action,
        ran=True,
        exit_code=exit_code,
        timed_out=timed_out,
        seconds=round(seconds, 3),
        problem=problem,
    )


def _ended_late(process: subprocess.Popen[bytes], timeout_s: float) -> bool:
    """Wait for its end; whether we had to end it, with all that it started."""
    try:
        process.wait(timeout_s)
        return False
    except subprocess.TimeoutExpired:
        _to_all(process, signal.SIGTERM)
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        pass
    _to_all(process, signal.SIGKILL)
    process.wait()
    return True


def _to_all(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):  # nobody of it is left
        pass


@contextmanager
def _undisturbed(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """A rollback that is half done is worse than none: the first signal to stop is only noted, the second ends it."""
    heard: list[int] = []

    def hear(number: int, _frame: FrameType | None) -> None:
        heard.append(number)
        if len(heard) == 1:
            said = f"ci-reporter: {signal.Signals(number).name}: the action runs to its end; once more ends it\n"
            os.write(2, said.encode())
        else:
            _to_all(process, signal.SIGTERM)

    before = {number: signal.signal(number, hear) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
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
        os.fsync(fd)
        os.close(fd)
        return True
