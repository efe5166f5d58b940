"""Steps whose process is gone: what their running files say, as records."""

from __future__ import annotations

import json
import os

from ci_reporter.frozen import replace
from ci_reporter.journal.files import LARGEST_LINE, boot_id, try_lock
from ci_reporter.model import Report, Result
from ci_reporter.schema import from_json
from ci_reporter.system.files import open_regular

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class NotOursError(Exception):
    """A file in running/ that ci-reporter has not written."""


def orphan(path: str) -> Report | None:
    """The record of a running file whose process is gone; None while it lives, or when the file is gone by now.

    The process holds a lock on the file, which the kernel releases when the process ends, however it ends: a lock that
    we get says that nobody is there any more. A file without a name (`st_nlink` 0) was recovered by another process
    between our `open` and our lock. Raises NotOursError for a file that is not a running file.
    """
    try:
        fd = open_regular(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise NotOursError from exc
    with open(fd, "rb") as file:
        if not try_lock(fd) or not os.fstat(fd).st_nlink:
            return None
        try:
            return _record(json.loads(file.read(LARGEST_LINE)), os.path.basename(path))
        except (ValueError, RecursionError) as exc:
            raise NotOursError from exc


def _record(flat: dict[str, Any], name: str) -> Report:
    report = from_json(flat)
    if f"{report.report_id}.json" != name:
        raise ValueError("the file of another report")
    if report.step.finished_at is not None:  # it has ended, but its record could not be written
        return report
    return report_of_killed(report, same_boot=flat.get("boot_id") in (None, boot_id()))


def report_of_killed(report: Report, *, same_boot: bool) -> Report:
    """The record of a step whose process ended without writing one: it was killed, or the machine went down."""
    if same_boot:
        result, reason = Result.CANCELLATION, "the reporter was killed before the command ended"
    else:
        result, reason = Result.ERROR, "the machine went down before the command ended"
    return replace(report, step=replace(report.step, result=result, reason=reason))
