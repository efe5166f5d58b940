"""Steps whose reporter was killed between their record and the outbox: alert rules are still to be held against them.

    {…the report when the step began…, "alerts": {"gate": false, "notify_on": "failure", "notify_to": ["slack"]}}

The process that ends a step moves its locked running file here, and removes it once the outbox has what there is to
tell. One whose lock can be had was left behind.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress

from ci_reporter.frozen import Frozen
from ci_reporter.journal import Journal, Running
from ci_reporter.journal.files import HAS_LOCKS, LARGEST_LINE, listing, try_lock
from ci_reporter.model import Report
from ci_reporter.system.files import open_regular, unlink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    T = TypeVar("T")


class Unjudged(Frozen):
    """A recorded step that nobody was told of yet; `notify_on` and `notify_to` are what its own call was given."""

    report: Report
    gate: bool = False
    notify_on: str | None = None
    notify_to: tuple[str, ...] = ()


def take_over(journal: Journal, judge: Callable[[Unjudged], T], more: Callable[[], bool]) -> list[T]:
    """Judge the steps that were left behind, oldest first, as long as there may be `more`; gives what came of each.

    One is forgotten once it is judged: killed meanwhile, the next call judges it, perhaps once more.
    """
    found: list[T] = []
    for path in _paths(journal):
        if not more():
            break
        with suppress(OSError), open(open_regular(path, os.O_RDONLY), "rb") as file:
            # Without a name it was judged by another process between our `open` and our lock.
            if not try_lock(file.fileno()) or not os.fstat(file.fileno()).st_nlink:
                continue
            if step := _unjudged(journal, file.read(LARGEST_LINE)):
                found.append(judge(step))
            unlink(path)
    return found


def left_behind(journal: Journal) -> int:
    """How many steps were left behind."""
    return sum(map(_is_free, _paths(journal)))


def forget(running: Running | None) -> None:
    """The outbox has what there is to tell of a step of ours."""
    if running and running.unjudged and os.path.exists(running.unjudged):
        unlink(running.unjudged)
        os.close(running.fd)


def _paths(journal: Journal) -> list[str]:
    names = sorted(listing(journal.unjudged)) if HAS_LOCKS else []
    return [os.path.join(journal.unjudged, name) for name in names if name.endswith(".json")]


def _is_free(path: str) -> bool:
    try:
        with open(open_regular(path, os.O_RDONLY), "rb") as file:
            return try_lock(file.fileno())
    except OSError:
        return False


def _unjudged(journal: Journal, content: bytes) -> Unjudged | None:
    """None for a file that is not ours, and where the record is gone."""
    try:
        flat: dict[str, Any] = json.loads(content)
        report, alerts = journal.report(flat["report_id"]), flat["alerts"]
        if report is None:
            return None
        return Unjudged(
            report=report,
            gate=alerts["gate"] is True,
            notify_on=alerts["notify_on"],
            notify_to=tuple(map(str, alerts["notify_to"])),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
