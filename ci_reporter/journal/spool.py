"""The spool: reports that a sink has not taken yet, one file each."""

from __future__ import annotations

import json
import os

from ci_reporter.errors import StateError
from ci_reporter.frozen import Frozen
from ci_reporter.journal.files import LARGEST_LINE, encode, listing
from ci_reporter.model import Report
from ci_reporter.schema import from_json, to_json
from ci_reporter.system.files import open_regular, unlink, write_atomic


class Spooled(Frozen):
    """A report that `sink` has not taken yet, and why it did not."""

    report: Report
    sink: str
    path: str
    reason: str | None = None


class Spool:
    """The files `<report_id>.<sink>.json` in `path`."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __len__(self) -> int:
        return sum(name.endswith(".json") for name in listing(self.path))

    def pending(self, most: int | None = None) -> list[Spooled]:
        """Reports that a sink has not taken yet, oldest first. Files that are not ours are skipped."""
        # Report ids are UUIDs of version 7, which begin with the time: the order of names is the order of age.
        found = (_entry(os.path.join(self.path, name)) for name in sorted(listing(self.path))[:most])
        return [entry for entry in found if entry]

    def enqueue(self, report: Report, sink: str, reason: str | None = None) -> None:
        """Keep a report for a sink until the sink takes it; `reason` is why it has not so far. Raises StateError."""
        path = self._spool_path(report.report_id, sink)
        try:
            # The same name each time: enqueuing twice is enqueuing once, so that recovery may repeat it.
            os.makedirs(self.path, exist_ok=True)
            write_atomic(path, encode({"sink": sink, "reason": reason, "report": to_json(report)}))
        except OSError as exc:
            raise StateError(f"cannot write {path}: {exc.strerror}") from exc

    def ack(self, report_id: str, sink: str) -> None:
        """Remove a report that its sink has taken; it may be gone already."""
        unlink(self._spool_path(report_id, sink))

    def _spool_path(self, report_id: str, sink: str) -> str:
        return os.path.join(self.path, f"{report_id}.{sink}.json")


def _entry(path: str) -> Spooled | None:
    if not path.endswith(".json"):
        return None
    try:
        with open(open_regular(path, os.O_RDONLY), "rb") as file:
            entry = json.loads(file.read(LARGEST_LINE))
        report, sink = from_json(entry["report"]), str(entry["sink"])
        if os.path.basename(path) != f"{report.report_id}.{sink}.json":  # `ack` would not remove it
            return None
        return Spooled(report=report, sink=sink, path=path, reason=entry.get("reason"))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
