"""What a failing rule sets in motion: a command of the rules' author, once, with a time limit; or a word to people.

Values of ours reach a command through its environment alone, never pasted into its text.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ci_reporter.gate.rules.ruleset import Action
from ci_reporter.gate.run.world import World

_GRACE_S = 10.0
_LOOK_S = 0.1
_LATE = "after its timeout"


@dataclass(frozen=True, kw_only=True)
class ActionResult:
    """What became of an action. `problem` is a sentence where it did not do what it was to do."""

    action: Action
    ran: bool = False
    exit_code: int | None = None
    timed_out: bool = False
    seconds: float = 0.0
    problem: str | None = None


def perform(
    action: Action, env: Mapping[str, str], world: World, *, dry_run: bool = False, grace_s: float = _GRACE_S
) -> ActionResult:
    """Run the action's command by `sh -c`, with that environment and nothing to read; its output is our stderr.

    A rollback half done is worse than none, so the first signal to stop that comes meanwhile does not end it.
    """
    if action.run is None:
        return ActionResult(action=action)
    if dry_run:
        return ActionResult(action=action, problem=f"action {action.name!r} was not run (dry run): {action.run[:200]}")
    begun, before = time.monotonic(), len(world.signals())
    try:
        process = _start(action.run, env)
    except (OSError, ValueError) as exc:  # ValueError: a NUL in the command or a variable
        reason = getattr(exc, "strerror", None) or exc
        return ActionResult(action=action, problem=f"action {action.name!r} cannot run: {reason}")
    ended_for = _wait(process, action.timeout_s, lambda: world.signals()[before:], world.progress.say)
    if ended_for:
        _end(process, grace_s)
    return _result(action, process.returncode, ended_for, time.monotonic() - begun)


def _start(command: str, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/sh", "-c", command],
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr or subprocess.DEVNULL,
        stderr=sys.stderr or subprocess.DEVNULL,
        start_new_session=True,
    )


def _result(action: Action, code: int, ended_for: str | None, seconds: float) -> ActionResult:
    exit_code = 128 - code if code < 0 else code
    problem = None
    if ended_for:
        exit_code = exit_code or 128 + signal.SIGTERM  # one that ends with 0 when told to stop did not do it all
        problem = f"action {action.name!r} was ended {ended_for}"
    elif code:
        problem = f"action {action.name!r} ended with exit code {exit_code}"
    return ActionResult(
        action=action,
        ran=True,
        exit_code=exit_code,
        timed_out=bool(ended_for and ended_for.startswith(_LATE)),
        seconds=round(seconds, 3),
        problem=problem,
    )


def _wait(
    process: subprocess.Popen[bytes], timeout_s: float, signals: Callable[[], Sequence[int]], say: Callable[[str], None]
) -> str | None:
    """Wait for its end; why it must be ended, if it does not end in time or undisturbed."""
    until, said = time.monotonic() + timeout_s, False
    while process.poll() is None:
        came = [signal.Signals(number).name for number in signals()]
        if len(came) > 1:
            return f"by {came[-1]}, the second signal to stop"
        if came and not said:
            say(f"{came[0]}: the action runs to its end; a second signal ends it")
            said = True
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
