"""Which steps of a state folder run at this moment."""

from __future__ import annotations

import json
import os

from ci_reporter.journal import Journal
from ci_reporter.journal.files import HAS_LOCKS, LARGEST_LINE, listing, try_lock
from ci_reporter.model import Report
from ci_reporter.schema import from_json
from ci_reporter.system.files import open_regular


def running_steps(journal: Journal) -> list[Report]:
    """The steps that a living process runs, as far as their reports are known; none where there are no locks."""
    paths = [os.path.join(journal.running, name) for name in sorted(listing(journal.running)) if name.endswith(".json")]
    return [report for path in paths if (report := _running(path))] if HAS_LOCKS else []


def _running(path: str) -> Report | None:
    """The report of a running file that its process has locked."""
    try:
        with open(open_regular(path, os.O_RDONLY), "rb") as file:
            return None if try_lock(file.fileno()) else from_json(json.loads(file.read(LARGEST_LINE)))
    except (OSError, ValueError, RecursionError):
        return None
