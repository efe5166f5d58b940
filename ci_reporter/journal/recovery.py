"""Steps whose owner is gone: what their running files say, as records."""

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
    """Something lies in the folder that no reporter has put there."""


def orphan(path: str) -> Report | None:
    """The record of a running file whose owner is gone; None while it lives or when the file is gone by now.

    Raises NotOursError for anything else than a running file.
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
    if report.step.finished_at is not None:  # it has ended, only its record could not be written
        return report
    return report_of_killed(report, same_boot=flat.get("boot_id") in (None, boot_id()))


def report_of_killed(report: Report, *, same_boot: bool) -> Report:
    """The record of a step whose owner went without a word: the machine took it, or somebody killed it."""
    if same_boot:
        result, reason = Result.CANCELLATION, "the reporter was killed before the command ended"
    else:
        result, reason = Result.ERROR, "the machine went down before the command ended"
    return replace(report, step=replace(report.step, result=result, reason=reason))
