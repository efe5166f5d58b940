"""Recordings and verdicts of past gates, kept in a folder of the state folder, one folder a gate.

gate/<report_id>/verdict.json     what was decided, when, about which address and revision
gate/<report_id>/watch.ndjson     the watch; baseline.ndjson beside it where there was one
gate/<report_id>/summary.md       the verdict for people, as the summary of a job shows it
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ci_reporter.errors import StateError, UsageError
from ci_reporter.gate.probing.buffer import write
from ci_reporter.gate.recording import Recording, read
from ci_reporter.model import seconds_of
from ci_reporter.system.files import read_bounded, write_atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST = 100
_VERDICT = "verdict.json"
_PAGE = "summary.md"
_FILES = ("baseline", "watch")
_LARGEST = 4 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class PastGate:
    """A gate of the past: its folder and what its verdict.json says."""

    path: str
    about: Mapping[str, Any]

    @property
    def finished_s(self) -> float | None:
        """When it ended, in seconds since the epoch."""
        text = self.about.get("finished_at")
        return seconds_of(text) if isinstance(text, str) else None

    def recording(self, phase: str) -> Recording | None:
        """Its baseline or watch; None where it had none. Raises UsageError for a file that is not a recording."""
        path = os.path.join(self.path, f"{phase}.ndjson")
        return read(path) if os.path.exists(path) else None


def store(folder: str, name: str, recordings: Mapping[str, Recording], about: Mapping[str, Any], page: str = "") -> str:
    """Store a gate under `name`, with its page, and only the newest hundred; its folder. Raises StateError."""
    path = os.path.join(folder, name)
    try:
        os.makedirs(path, exist_ok=True)
        for phase, each in recordings.items():
            write(each, os.path.join(path, f"{phase}.ndjson"))
        if page:
            write_atomic(os.path.join(path, _PAGE), page.encode("utf-8", "replace"))
        # Last: without a verdict the rest of the folder does not count.
        write_atomic(os.path.join(path, _VERDICT), json.dumps(about, allow_nan=False).encode() + b"\n")
        for old in _names(folder)[:-MOST]:
            shutil.rmtree(os.path.join(folder, old), ignore_errors=True)
    except OSError as exc:
        raise StateError(f"cannot store the recording in {path}: {exc.strerror}") from exc
    return path


def gate_page(folder: str, name: str) -> str:
    """The verdict of a gate for people, as Markdown; empty where it is not kept."""
    try:
        return read_bounded(os.path.join(folder, name, _PAGE), _LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""


def past_gates(folder: str) -> Iterator[PastGate]:
    """The gates of the past, newest first, without what is half written or is not one."""
    for name in reversed(_names(folder)):
        path = os.path.join(folder, name)
        try:
            about = json.loads(read_bounded(os.path.join(path, _VERDICT), _LARGEST))
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(about, dict):
            yield PastGate(path=path, about=about)


def passing_gates(folder: str, url: str | None, environment: str | None) -> Iterator[PastGate]:
    """The gates that passed at that address and in that environment, newest first."""
    for each in past_gates(folder):
        same = (each.about.get("url"), each.about.get("environment")) == (url, environment)
        if same and each.about.get("verdict") == "pass":
            yield each


def last_good(folder: str, url: str | None, environment: str | None) -> tuple[PastGate, Recording] | None:
    """The newest gate that passed at that address and in that environment, and its watch."""
    for each in passing_gates(folder, url, environment):
        try:
            watch = each.recording("watch")
        except UsageError:
            continue
        if watch:
            return each, watch
    return None


def _names(folder: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if os.path.isdir(os.path.join(folder, name)))
    except FileNotFoundError:
        return []
