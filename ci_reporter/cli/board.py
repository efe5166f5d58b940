"""How `ci-reporter watch` shows runs: a table that is drawn anew, a line for each change, or JSON."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict

from ci_reporter.cli import output
from ci_reporter.model import rfc3339
from ci_reporter.surfaces.listing import paint, table
from ci_reporter.surfaces.terminal import duration, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.hub.poll.watch import Board
    from ci_reporter.hub.runs.run import Run

_AROUND = 4  # lines that are not runs


class Display:
    """Shows a board; `show` is called again and again."""

    def __init__(self, env: Mapping[str, str], *, as_json: bool, once: bool) -> None:
        self._as_json, self._once = as_json, once
        self._colour = output.colour(sys.stdout, env)
        is_terminal = sys.stdout is not None and sys.stdout.isatty() and env.get("TERM") != "dumb"
        self._is_live = is_terminal and not as_json and not once
        self._lines = 0
        self._drawn = ""
        self._problems: dict[str, str] = {}

    def show(self, board: Board) -> None:
        """Show what is new."""
        if self._as_json:
            from ci_reporter.hub.api.masking import masked  # ci-reporter.pyz has no hub

            for run in board.fresh():
                output.result(json.dumps(masked(as_object(run))))
        elif self._is_live:
            self._draw(board)
        elif self._once:
            if runs := board.latest():
                output.result(table("watch", [_item(run) for run in runs], colour=self._colour))
        else:
            for run in board.fresh():
                output.result(_line(run))
        if not (self._is_live or self._once):
            self._say_new_problems(board)

    def say_problems(self, board: Board) -> bool:
        """Say what could not be looked at; whether all could."""
        problems = [f"{name}: {each.problem}" for name, each in board.told().items() if each.problem]
        for problem in problems:
            output.say(f"ci-reporter: {problem}")
        if not problems and not self._as_json and not board.latest():
            output.say("ci-reporter: no runs in this time (see --history)")
        return not problems

    def _say_new_problems(self, board: Board) -> None:
        """Say each problem when it comes, and when it has gone."""
        problems = {name: each.problem for name, each in board.told().items() if each.problem}
        for name in [name for name in self._problems if name not in problems]:
            output.say(f"ci-reporter: {name} can be looked at again")
        for name in [name for name in problems if name not in self._problems]:
            output.say(f"ci-reporter: {name}: {problems[name]}")
        self._problems = problems

    def _draw(self, board: Board) -> None:
        """The table in the place of the last one, as much of it as the terminal has room for."""
        columns, rows = shutil.get_terminal_size()
        runs = board.latest()[: max(1, rows - _AROUND)]
        lines = table("watch", [_item(run) for run in runs]).split("\n") if runs else []
        cut = [plain(line, columns - 1) for line in lines]
        shown = [paint(line) for line in cut] if self._colour else cut
        text = "\n".join([*shown, "", plain(_foot(board), columns - 1)])
        if text != self._drawn:
            up = f"\x1b[{self._lines}A" if self._lines else ""
            output.result(f"{up}\r\x1b[J{text}")
            self._drawn, self._lines = text, text.count("\n") + 1


def as_object(run: Run) -> dict[str, Any]:
    """A run as JSON has it: times in RFC 3339 UTC, and what is not known left out."""
    found = {**run.key._asdict(), **_plain(asdict(run))}
    found["jobs"] = [_plain(asdict(job)) for job in run.jobs]
    return {key: value for key, value in found.items() if key not in ("key", "older") and value not in (None, [])}


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        if value is None or name in ("older", "key", "jobs"):
            continue
        is_moment = name.endswith("_ms") and name != "estimated_ms"
        found[f"{name[:-3]}_at" if is_moment else name] = rfc3339(value / 1000) if is_moment else value
    return found


def _item(run: Run) -> dict[str, Any]:
    return {
        "result": str(run.status),
        "repository": run.key.repository,
        "pipeline": run.pipeline,
        "branch": run.branch or (f"#{run.change}" if run.change else run.tag),
        "attempt": run.key.attempt,
        "duration_ms": _duration_ms(run),
        "started_at": rfc3339((run.started_ms or run.updated_ms) / 1000),
        "title": run.title,
    }


def _line(run: Run) -> str:
    item = _item(run)
    parts = [item["started_at"], run.key.repository, run.pipeline, item["branch"] or "-", str(run.status)]
    took = _duration_ms(run)
    return " · ".join([plain(each, 60) for each in parts] + ([duration(took)] if took is not None else []))


def _duration_ms(run: Run) -> int | None:
    if run.started_ms is None or (run.finished_ms is None and run.status.is_final):
        return None
    return max(0, (run.finished_ms or round(time.time() * 1000)) - run.started_ms)


def _foot(board: Board) -> str:
    """`12 targets, looked at 3 s ago at the latest; 1 cannot be looked at: …; 4,812 requests are left`."""
    told = [each for name, each in board.told().items() if not name.startswith("lookup ")]
    looked = [each.looked_ms for each in told if each.looked_ms]
    parts = [f"{len(told)} targets" if len(told) != 1 else "1 target"]
    parts += [f"data at most {max(0, round(time.time() - min(looked) / 1000))} s old"] if looked else ["looking …"]
    if problems := [each.problem for each in board.told().values() if each.problem]:
        parts.append(f"{len(problems)} cannot be looked at: {problems[0]}")
    elif left := board.meter.remaining:
        parts.append(f"{min(left.values()):,} requests left")
    return " · ".join(parts)
