"""Steps whose process is gone: what their running files say, as records."""

from __future__ import annotations

import json
import os

from ci_reporter.frozen import Frozen, replace
from ci_reporter.journal.files import LARGEST_LINE, boot_id, try_lock
from ci_reporter.model import Report, Result
from ci_reporter.schema import from_json
from ci_reporter.system import oom
from ci_reporter.system.files import open_regular

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_KILLED = "the reporter was killed before the command ended"


class NotOursError(Exception):
    """A file in running/ that ci-reporter has not written."""


class Orphan(Frozen):
    """A step whose process is gone: its record, and whether somebody is to be told of it."""

    report: Report
    has_alerts: bool


def orphan(path: str) -> Orphan | None:
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
            flat = json.loads(file.read(LARGEST_LINE))
            return Orphan(report=_record(flat, os.path.basename(path)), has_alerts="alerts" in flat)
        except (ValueError, RecursionError) as exc:
            raise NotOursError from exc


def _record(flat: dict[str, Any], name: str) -> Report:
    report = from_json(flat)
    if f"{report.report_id}.json" != name:
        raise ValueError("the file of another report")
    if report.step.finished_at is not None:  # it has ended, but its record could not be written
        return report
    result, reason = cause(flat, boot_id(), oom.kills())
    return replace(report, step=replace(report.step, result=result, reason=reason))


def cause(flat: dict[str, Any], boot: str | None, oom_kills: int | None) -> tuple[Result, str]:
    """What ended a step whose process wrote no record, by what its running file and the machine tell.

    `oom_kills` counts the processes of our control group that the kernel ended for lack of memory.
    """
    before = flat.get("oom_kills")
    if flat.get("boot_id") not in (None, boot):
        return Result.ERROR, "the machine went down before the command ended"
    if isinstance(before, int) and oom_kills is not None and oom_kills > before:
        return Result.ERROR, f"{_KILLED}; the kernel ended processes meanwhile, as memory ran out (oom)"
    return Result.CANCELLATION, _KILLED
