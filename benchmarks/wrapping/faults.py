"""What is wrong with a run, or lost."""

from __future__ import annotations

import json
import signal
import urllib.request
from collections.abc import Iterator

from benchmarks.wrapping.plans import CODE, KILL, STUBBORN
from benchmarks.wrapping.runs import Done


def faults(done: Done) -> Iterator[str]:
    """Each fault in a few words; those about records and deliveries begin with "lost"."""
    if _python_had_not_started(done):
        return
    codes = [each["exit_code"] for each in done.records]
    ended_itself = done.code >= 0  # a code of -N: a signal ended the reporter
    checks = {
        f"wrong code {done.code}": done.code not in _right_codes(done),
        f"lost: {len(codes)} records of one step": len(codes) != 1 and (done.began or ended_itself),
        f"wrong record: {codes}": ended_itself and codes != [done.code],
        "wrong: a running file is left": ended_itself and bool(done.running),
        "wrong: the command lives on": done.lives,
        "wrong: a traceback": ended_itself and "Traceback" in done.stderr,
        "lost: neither delivered nor in the spool": bool(codes) and not done.spooled and not _is_delivered(done),
    }
    yield from (fault for fault, holds in checks.items() if holds)


def _python_had_not_started(done: Done) -> bool:
    """Whether INT hit Python while it imported its `site`: it then says "Fatal Python error" and ends with 1.

    That is before the first line of any program, and nothing of the step is there yet.
    """
    nothing = not (done.began or done.records or done.running)
    return nothing and "Fatal Python error: init_import_site" in done.stderr and "KeyboardInterrupt" in done.stderr


def _right_codes(done: Done) -> set[int]:
    numbers = {number for _, number in done.plan.signals}
    if not done.began:  # the reporter had not begun to hold signals back, or the command never started
        return {-number for number in numbers} | {128 + number for number in numbers}
    if done.plan.kind == KILL:
        return {CODE, -signal.SIGKILL}
    return {CODE} if done.plan.script == STUBBORN else {CODE} | {128 + number for number in numbers}


def _is_delivered(done: Done) -> bool:
    """Whether the real Pushgateway has the step."""
    if done.plan.gateway != "real":
        return False
    with urllib.request.urlopen(f"{done.plan.url}/api/v1/metrics", timeout=10) as answer:
        return any(group["labels"].get("step") == done.plan.name for group in json.load(answer)["data"])
