"""The state folder: what runs now, what has finished, and what still has to be sent.

    .ci-reporter/
      running/<report_id>.json       a step that has started; the process that runs it holds a lock on the file
      unjudged/<report_id>.json      a step that has its record, while alert rules are held against it; locked as well
      steps.ndjson                   finished reports, one a line
      spool/<report_id>.<sink>.json  reports that a sink has not taken yet
      job.json                       the id of a job whose CI system gives it none
      alerts/                        alerts that a channel has not taken yet (notify/outbox.py)
      alerts.json                    what alert rules have told whom (notify/policies/statefile.py)

The order of writes makes `kill -9` harmless at any moment. A step that ends is (1) appended to steps.ndjson and synced,
(2) spooled for its sinks, (3) removed from running/. Killed before 1, the next call makes a record of the running file;
killed between 1 and 3, the next call finds the record by its id, spools it again and removes the running file. Where
somebody is to be told of the step, 3 moves the file to unjudged/ (journal/unjudged.py), and it is removed once what
there is to tell lies in the outbox.
"""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ci_reporter.errors import StateError
from ci_reporter.frozen import Frozen, replace
from ci_reporter.journal.files import (
    HAS_LOCKS,
    LARGEST_LINE,
    boot_id,
    create_locked,
    encode,
    listing,
    read_at,
    reason,
    rewrite,
    try_lock,
)
from ci_reporter.journal.spool import Spool
from ci_reporter.model import Report
from ci_reporter.schema import from_json, to_json
from ci_reporter.system import oom
from ci_reporter.system.files import open_regular, unlink, write_atomic, write_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.journal.recovery import Orphan

_LOCK_WAIT_S = 2.0
# To parse a line is slow beside a comparison of bytes: our lines, and in `recover` their ids, are recognised by these.
_BEGINNING = b'{"schema":1,"report_id":"'  # every line that we write begins like this


class Running(Frozen):
    """A started step: the report as far as it is known, and the descriptor that holds the lock on its file.

    `unjudged` is where the file goes when the record is written, if somebody is to be told of the step.
    """

    report: Report
    path: str
    fd: int
    unjudged: str = ""


class Journal:
    """The state folder at `path`; it is made when something is written to it for the first time."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.steps = os.path.join(path, "steps.ndjson")
        self.running = os.path.join(path, "running")
        self.unjudged = os.path.join(path, "unjudged")
        self.spool = Spool(os.path.join(path, "spool"))
        self._foreign: dict[str, None] = {}

    def begin(self, report: Report, alerts: dict[str, Any] | None = None) -> Running:
        """Write the running file of a step that starts. Raises StateError when the folder cannot be used.

        `alerts` says whom to tell of it, for a call that has to do it in our place; None where nobody is told.
        """
        self.prepare(self.running)
        name = f"{report.report_id}.json"
        path = os.path.join(self.running, name)
        flat = to_json(report) | {"boot_id": boot_id(), "pid": os.getpid(), "oom_kills": oom.kills()}
        flat |= {} if alerts is None else {"alerts": alerts}
        unjudged = "" if alerts is None else os.path.join(self.unjudged, name)
        try:
            return Running(report=report, path=path, fd=create_locked(path, flat), unjudged=unjudged)
        except OSError as exc:
            raise StateError(f"cannot write {path}: {reason(self.path, exc)}") from exc

    def finish(self, running: Running | None, report: Report, sinks: Sequence[str]) -> None:
        """Write the record, enqueue it for `sinks`, then remove the running file, or move it to unjudged/.

        Raises StateError. The record is then put into the running file, if that is possible, for the next call.
        """
        try:
            # O_APPEND alone keeps two lines apart. The lock also covers the repair of a torn line, and the check in
            # `recover` whether a report is recorded already.
            with self.lock() as fd:
                self._record(report, sinks, fd)
        except StateError as exc:
            if running and _save_in_running_file(running, report):
                raise StateError(f"{exc}; the record waits in {self.running} for the next call") from exc
            raise
        if running and not (running.unjudged and self._move(running.path, running.unjudged)):
            # First the name, then the lock: between the two another call would take the file for an abandoned step's.
            unlink(running.path)
            os.close(running.fd)
            if not HAS_LOCKS:
                unlink(running.path)  # Windows lets go of a file only when it is closed

    def reports(self, ci_run_id: str = "") -> Iterator[Report]:
        """Finished reports, oldest first, of one run if it is named; a line that is damaged or not ours is skipped."""
        return (report for report, _ in self._reports_and_sinks(ci_run_id))

    def report(self, report_id: str) -> Report | None:
        """The finished report of that id."""
        for line in self._lines(encode({"report_id": report_id})[1:-1]):
            try:
                found = from_json(json.loads(line))
            except (ValueError, RecursionError):
                continue
            if found.report_id == report_id:
                return found
        return None

    def deliveries(self, ci_run_id: str = "") -> dict[str, str]:
        """What became of the reports that had somewhere to go, by report id: `delivered`, or what they wait for."""
        waiting: dict[str, list[str]] = {}
        for each in self.spool.pending():
            waiting.setdefault(each.report.report_id, []).append(each.sink)
        fates = {report.report_id: "delivered" for report, sinks in self._reports_and_sinks(ci_run_id) if sinks}
        return fates | {report_id: f"waiting for {', '.join(names)}" for report_id, names in waiting.items()}

    def last_reports(self, step: str, most: int) -> list[Report]:
        """The last reports of steps with this name, at most so many, oldest first."""
        lines = deque(self._lines(encode({"step": step})[1:-1]), maxlen=most)
        found = []
        for line in lines:
            try:
                found.append(from_json(json.loads(line)))
            except (ValueError, RecursionError):
                continue
        return [report for report in found if report.step.name == step]

    def newest(self) -> Report | None:
        """The report that was written last."""
        newest = b""
        for line in self._lines():
            if line.endswith(b"}\n"):  # the last one may be torn
                newest = line
        try:
            return from_json(json.loads(newest)) if newest else None
        except (ValueError, RecursionError):
            return None

    def recover(self, sinks: Sequence[str]) -> list[Report]:
        """Make records of steps whose process is gone; returns the new ones. Raises StateError."""
        if not HAS_LOCKS or not self._orphans():
            return []
        with self.lock() as fd:
            # Look again: while we waited for the lock, another process may have recovered some of them.
            found = self._orphans()
            # A process that was killed between its record and `unlink` has its line already; only its file is removed.
            known = {line[len(_BEGINNING) :].partition(b'"')[0].decode("ascii", "replace") for line in self._lines()}
            new = [each.report for each in found if each.report.report_id not in known]
            for each in found:
                self._adopt(each, sinks, fd if each.report.report_id not in known else None)
        return new

    def has_unjudged(self) -> bool:
        """Whether alert rules may still have to be held against a step, of this process or of one that was killed."""
        return bool(listing(self.unjudged))

    def measures_path(self, report_id: str) -> str:
        """Where the command may write its `name=value` lines."""
        return os.path.join(self.running, f"{report_id}.measures")

    def foreign_files_warning(self) -> list[str]:
        """A warning about files and lines that are not ours, as one sentence; an empty list where there are none."""
        first, more = next(iter(self._foreign), None), len(self._foreign) - 1
        if first is None:
            return []
        return [f"{first}{f' and {more} more' if more else ''}: not written by ci-reporter, or damaged; skipped"]

    def _reports_and_sinks(self, ci_run_id: str) -> Iterator[tuple[Report, bool]]:
        """The reports of a run, or of all, and whether each had a sink to go to."""
        for line in self._lines(encode({"ci_run_id": ci_run_id})[1:-1] if ci_run_id else b""):
            try:
                flat = json.loads(line)
                report = from_json(flat)
            except (ValueError, RecursionError):  # UnicodeDecodeError and JSONDecodeError are ValueErrors
                continue
            if ci_run_id in ("", report.run.ci_run_id):
                yield report, bool(flat.get("sinks"))

    def _lines(self, wanted: bytes = b"") -> Iterator[bytes]:
        """The lines of steps.ndjson with these bytes in them: to search a line is 100 times as fast as to parse it."""
        try:
            fd = open_regular(self.steps, os.O_RDONLY)
        except FileNotFoundError:
            return
        except OSError as exc:
            self._foreign[self.path if isinstance(exc, NotADirectoryError) else self.steps] = None
            return
        with open(fd, "rb") as file:
            while line := file.readline(LARGEST_LINE):
                if not line.startswith(_BEGINNING) and not _BEGINNING.startswith(line.rstrip()):
                    self._foreign[self.steps] = None  # the beginning of a line of ours, cut off by a crash, is expected
                elif wanted in line:
                    yield line

    def _record(self, report: Report, sinks: Sequence[str], fd: int) -> None:
        line = encode(to_json(report) | ({"sinks": list(sinks)} if sinks else {})) + b"\n"
        # A writer that was killed has left `{..a..}\n{..b`. The next record is written as `\n{..c..}\n`: what there is
        # of b becomes a line of its own, which readers skip, and c is whole.
        size = os.fstat(fd).st_size
        if size and read_at(fd, size - 1, 1) != b"\n":
            line = b"\n" + line  # the last writer was killed within a line: begin a new one behind its rest
        try:
            write_whole(fd, line)
        except OSError:
            os.ftruncate(fd, size)  # a full disk took a part of the line
            raise
        # Synced before it is spooled: a report that was sent and acknowledged must be here after a power cut, too.
        os.fsync(fd)
        for sink in sinks:
            self.spool.enqueue(report, sink)

    def _orphans(self) -> list[Orphan]:
        """Steps whose process is gone, oldest first."""
        paths = [os.path.join(self.running, name) for name in sorted(listing(self.running)) if name.endswith(".json")]
        if not paths:
            return []
        from ci_reporter.journal.recovery import NotOursError, orphan

        found = []
        for path in paths:
            try:
                found.append(orphan(path))
            except NotOursError:
                self._foreign[path] = None
        return [each for each in found if each]

    def _adopt(self, orphan: Orphan, sinks: Sequence[str], fd: int | None) -> None:
        """Write the record, unless it is there (`fd` is None), and enqueue it: its process may not have done so."""
        report = orphan.report
        if fd is not None:
            self._record(report, sinks, fd)
        else:
            for sink in sinks:
                self.spool.enqueue(self.report(report.report_id) or report, sink)
        # Last of all: as long as the running file is there, a crash in this function is repaired by the next call.
        name = f"{report.report_id}.json"
        path = os.path.join(self.running, name)
        if not (orphan.has_alerts and self._move(path, os.path.join(self.unjudged, name))):
            unlink(path)
        unlink(self.measures_path(report.report_id))

    def _move(self, path: str, to: str) -> bool:
        """Move a running file to another folder of ours; its lock goes with it."""
        try:
            self.prepare(os.path.dirname(to))
            os.rename(path, to)
        except (OSError, StateError):  # on Windows an open file cannot be moved
            return False
        return True

    @contextmanager
    def lock(self) -> Iterator[int]:
        """Lock the journal while the block runs; gives `steps.ndjson`, open for appending. Raises StateError."""
        self.prepare(self.path)
        try:
            fd = open_regular(self.steps, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        except OSError as exc:
            raise StateError(f"cannot write {self.steps}: {reason(self.path, exc)}") from exc
        try:
            until = time.monotonic() + _LOCK_WAIT_S
            # Polled, as flock(2) has no timeout: a writer that hangs (SIGSTOP, a dead NFS server) must not hang us.
            while not try_lock(fd):
                if time.monotonic() > until:
                    raise StateError(f"cannot write {self.steps}: another process has held it for {_LOCK_WAIT_S:g} s")
                time.sleep(0.005)
            yield fd
        except OSError as exc:
            raise StateError(f"cannot write {self.steps}: {reason(self.path, exc)}") from exc
        finally:
            os.close(fd)

    def prepare(self, folder: str) -> None:
        """Make a folder of the state folder, which git ignores. Raises StateError."""
        try:
            if not os.path.isdir(folder):
                os.makedirs(folder, exist_ok=True)
            ignore = os.path.join(self.path, ".gitignore")
            if not os.path.lexists(ignore):
                write_atomic(ignore, b"*\n", durable=False)
        except OSError as exc:
            raise StateError(f"cannot use {self.path} as the state folder: {reason(self.path, exc)}") from exc


def _save_in_running_file(running: Running, report: Report) -> bool:
    """Put the finished record into its running file; on a full disk in place, if need be without its long texts."""
    # Without a name it was recovered by another call, which believed us dead: writing it would record the step twice.
    if not os.fstat(running.fd).st_nlink:
        return False
    step = replace(report.step, output_tail=None, command=None)
    short = replace(report, run=replace(report.run, commit_message=None), step=step)
    try:
        # Nobody has locked the new file, so the next call may take it at once. It needs room on the disk; to rewrite
        # the old one in place needs only the blocks that it has.
        write_atomic(running.path, encode(to_json(report)))
    except OSError:
        return any(rewrite(running.fd, encode(to_json(each))) for each in (report, short))
    return True
