"""Run a plan and look at what has come of it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.wrapping.plans import TERMINAL, Plan

PROGRAM = str(Path(sys.executable).with_name("ci-reporter"))
BUDGET = "0.5s"
PHASES = ("before the command", "while it ran", "after it", "not at all")


@dataclass(frozen=True, kw_only=True)
class Done:
    """What came of a run; `phase` is where the first signal hit, `records` are those after the next call."""

    plan: Plan
    code: int
    began: bool
    lives: bool
    phase: str
    lasted_s: float
    stderr: str
    records: list[dict[str, object]]
    running: list[str]
    spooled: list[str]


def run(folder: Path, plan: Plan) -> Done:
    """Run a plan in a folder of its own."""
    folder.mkdir()
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "CI_RUN_ID": "run", "CI_REPORTER_BUDGET": BUDGET}
    env |= {"CI_REPORTER_PUSHGATEWAY": plan.url, "CI_REPORTER_NAME": plan.name}
    started = time.monotonic()
    code, hit = _run_and_hit(folder, plan, env)
    lasted_s = time.monotonic() - started
    began = _pid(folder)
    lives = bool(began) and not _ends(began)
    running = [path.name for path in (folder / ".ci-reporter" / "running").glob("*.json")]
    said = subprocess.run(
        (PROGRAM, "summary", "--all", "--json"), check=False, cwd=folder, env=env, capture_output=True
    )
    return Done(
        plan=plan,
        code=code,
        began=bool(began),
        lives=lives,
        phase=_phase(folder, hit),
        lasted_s=lasted_s,
        stderr=(folder / "stderr").read_text(errors="replace") + said.stderr.decode(),
        records=[json.loads(each) for each in said.stdout.splitlines() if each.startswith(b"{")],
        running=running,
        spooled=[path.name for path in (folder / ".ci-reporter" / "spool").glob("*.json")],
    )


def _run_and_hit(folder: Path, plan: Plan, env: Mapping[str, str]) -> tuple[int, float | None]:
    """The exit code, and when the first signal was sent."""
    line = (PROGRAM, "run", *plan.options, "--", "sh", "-c", plan.script)
    with (folder / "stderr").open("wb") as stderr, _terminal(plan) as (ours, theirs):
        if theirs is not None:  # setsid(1) makes it the terminal that ^C comes from, and becomes the program
            line = ("setsid", "--ctty", *line)
        process = subprocess.Popen(
            line,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL if theirs is None else theirs,
            stderr=stderr,
            start_new_session=theirs is None,
        )
        hit = _hit(process, plan, ours)
        return process.wait(30), hit


@contextmanager
def _terminal(plan: Plan) -> Iterator[tuple[int | None, int | None]]:
    """Both ends of a terminal where the plan wants one."""
    if plan.kind != TERMINAL:
        yield None, None
        return
    ours, theirs = pty.openpty()
    try:
        yield ours, theirs
    finally:
        os.close(ours)
        os.close(theirs)


def _hit(process: subprocess.Popen[bytes], plan: Plan, terminal: int | None) -> float | None:
    """Send the signals; when the first one was sent, None where the program had ended before."""
    first: float | None = None
    for pause_s, number in plan.signals:
        time.sleep(pause_s)
        if process.poll() is None:
            first = first or time.time()
            if terminal is None:
                process.send_signal(number)
            else:
                os.write(terminal, b"\x03")
    return first


def _phase(folder: Path, hit: float | None) -> str:
    """Where a signal hit, by the files that the command writes when it begins and when it ends."""
    if hit is None:
        return PHASES[3]
    for phase, name in zip(PHASES, ("began", "ended"), strict=False):
        path = folder / name
        if not path.exists() or path.stat().st_mtime > hit:
            return phase
    return PHASES[2]


def _pid(folder: Path) -> int:
    try:
        return int((folder / "began").read_text() or 0)
    except OSError:
        return 0


def _ends(pid: int, within_s: float = 4.0) -> bool:
    """Whether a command is gone in time; after `kill -9` the guard gives it a second between TERM and KILL."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        try:
            if b") Z " in Path(f"/proc/{pid}/stat").read_bytes():
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False
