"""The state folder: what runs now, what has finished, and what still has to be sent.

    .ci-reporter/
      running/<report_id>.json       a step that has started; its owner holds a lock on the file
      steps.ndjson                   finished reports, one a line: the truth
      spool/<report_id>.<sink>.json  reports a sink has not taken yet

Every order of writes is chosen so that `kill -9` at any instant loses nothing finished: the record is appended and
synced, then spooled for its sinks, and only then its running file goes.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ci_reporter.errors import StateError
from ci_reporter.journal.files import (
    HAS_LOCKS,
    LARGEST_LINE,
    boot_id,
    encode,
    listing,
    open_regular,
    rewrite,
    try_lock,
    unlink,
    write_locked,
)
from ci_reporter.journal.spool import Spool
from ci_reporter.model import Report, Result, from_json, to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LOCK_WAIT_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Running:
    """A started step: the report as far as it is known, and the lock that says its owner lives."""

    report: Report
    path: str
    fd: int


class Journal:
    """The state folder at `path`; made when first written to."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.steps = os.path.join(path, "steps.ndjson")
        self.running = os.path.join(path, "running")
        self.spool = Spool(os.path.join(path, "spool"))
        self.foreign: list[str] = []  # what lies here and is not ours, for one warning

    def begin(self, report: Report) -> Running:
        """Note, durably, that a step starts. Raises StateError when the folder cannot be used."""
        self._prepare()
        path = os.path.join(self.running, f"{report.report_id}.json")
        flat = to_json(report) | {"boot_id": boot_id(), "pid": os.getpid()}
        try:
            return Running(report=report, path=path, fd=write_locked(path, flat))
        except OSError as exc:
            raise StateError(f"cannot write {path}: {exc.strerror}") from exc

    def finish(self, running: Running | None, report: Report, sinks: Sequence[str]) -> None:
        """Write the record, then owe it to `sinks`, then forget that it runs. Raises StateError."""
        self._prepare()
        try:
            with self._lock() as fd:
                self._record(report, sinks, fd)
        except StateError:
            if running:  # a full disk still takes the blocks that are ours; recovery finds the record there
                rewrite(running.fd, to_json(report))
            raise
        if running:
            unlink(running.path)
            os.close(running.fd)

    def reports(self, ci_run_id: str = "") -> Iterator[Report]:
        """Finished reports, of one run when it is named, oldest first; a torn or foreign line is passed over."""
        for line in self._lines():
            if ci_run_id.encode() not in line:
                continue
            report = self._report(line)
            if report and ci_run_id in ("", report.run.ci_run_id):
                yield report

    def recover(self, sinks: Sequence[str]) -> list[Report]:
        """Turn steps whose owner is gone into records; returns the new ones. Raises StateError."""
        try:
            orphans = [entry for entry in listing(self.running) if entry.endswith(".json")]
            if not orphans or not HAS_LOCKS:
                return []
            with self._lock() as fd:
                return [r for name in orphans if (r := self._adopt(os.path.join(self.running, name), sinks, fd))]
        except OSError as exc:
            raise StateError(f"cannot read {self.running}: {exc.strerror}") from exc

    def measures_path(self, report_id: str) -> str:
        """Where the command may write its `name=value` lines."""
        return os.path.join(self.running, f"{report_id}.measures")

    def _report(self, line: bytes) -> Report | None:
        try:
            return from_json(json.loads(line))
        except (ValueError, RecursionError):  # UnicodeDecodeError and JSONDecodeError are ValueErrors
            if not line.startswith(b'{"schema"'):  # a line of ours, torn by a crash, is no news
                self._not_ours(self.steps)
            return None

    def _lines(self) -> Iterator[bytes]:
        try:
            fd = open_regular(self.steps, os.O_RDONLY)
        except FileNotFoundError:
            return
        except OSError:
            self._not_ours(self.steps)
            return
        with open(fd, "rb") as file:
            while line := file.readline(LARGEST_LINE):
                if line.strip():
                    yield line

    def _record(self, report: Report, sinks: Sequence[str], fd: int) -> None:
        line = encode(to_json(report)) + b"\n"
        size = os.fstat(fd).st_size
        if size and os.pread(fd, 1, size - 1) != b"\n":
            line = b"\n" + line  # whoever wrote last was killed in the middle of a line
        written = os.write(fd, line)
        if written < len(line):
            os.ftruncate(fd, size)
            raise OSError(28, "No space left on device")
        os.fsync(fd)
        for sink in sinks:
            self.spool.owe(report, sink)

    def _adopt(self, path: str, sinks: Sequence[str], fd: int) -> Report | None:
        flat = self._orphan(path)
        if flat is None:
            return None
        report = from_json(flat)
        if report.step.finished_at is None:
            report = orphaned(report, same_boot=flat.get("boot_id") == boot_id())
        known = any(report.report_id.encode() in line for line in self._lines())
        if known:
            report = next((r for r in self.reports() if r.report_id == report.report_id), report)
            for sink in sinks:
                self.spool.owe(report, sink)
        else:
            self._record(report, sinks, fd)
        unlink(path)
        unlink(self.measures_path(report.report_id))
        return None if known else report

    def _orphan(self, path: str) -> dict[str, Any] | None:
        """What the running file says, if its owner is gone and it is one of ours."""
        try:
            fd = open_regular(path, os.O_RDWR)
        except FileNotFoundError:
            return None
        with open(fd, "rb") as file:
            if not try_lock(file.fileno()):
                return None
            try:
                flat = json.loads(file.read(LARGEST_LINE))
                from_json(flat)
            except (ValueError, RecursionError):
                os.replace(path, f"{path}.unreadable")
                self._not_ours(path)
                return None
        return dict(flat)

    def _not_ours(self, path: str) -> None:
        if path not in self.foreign:
            self.foreign.append(path)

    @contextmanager
    def _lock(self) -> Iterator[int]:
        """Hold the journal for a moment: yields `steps.ndjson`, open for appending."""
        try:
            fd = open_regular(self.steps, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        except OSError as exc:
            raise StateError(f"cannot write {self.steps}: {exc.strerror}") from exc
        try:
            until = time.monotonic() + _LOCK_WAIT_S
            while not try_lock(fd):
                if time.monotonic() > until:
                    raise StateError(f"cannot write {self.steps}: another process has held it for {_LOCK_WAIT_S:g} s")
                time.sleep(0.005)
            yield fd
        except OSError as exc:
            raise StateError(f"cannot write {self.steps}: {exc.strerror}") from exc
        finally:
            os.close(fd)

    def _prepare(self) -> None:
        try:
            if not os.path.isdir(self.running):
                os.makedirs(self.running, exist_ok=True)
            ignore = os.path.join(self.path, ".gitignore")
            if not os.path.exists(ignore):
                with open(ignore, "w", encoding="ascii") as file:
                    file.write("*\n")
        except OSError as exc:
            raise StateError(f"cannot use {self.path} as the state folder: {exc.strerror}") from exc


def orphaned(report: Report, *, same_boot: bool) -> Report:
    """The record of a step whose owner went without a word: the machine took it, or somebody killed it."""
    if same_boot:
        result, reason = Result.CANCELLATION, "the reporter was killed before the command ended"
    else:
        result, reason = Result.ERROR, "the machine went down before the command ended"
    return replace(report, step=replace(report.step, result=result, reason=reason))
