"""A report in the making, with what there is to say about it so far."""

from __future__ import annotations

from ci_reporter.frozen import Frozen, replace
from ci_reporter.model import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.model import FailedTest


class Draft(Frozen):
    """What the parts of a step hand on to each other.

    `missed` are limits that the report does not keep, `notes` sentences for who wants to hear everything, and `unread`
    counts the problems with report files (their sentences are among `warnings`). `failed` are at most a hundred tests.
    `gate` tells a gate from a step, for alert rules.
    """

    report: Report
    warnings: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unread: int = 0
    failed: tuple[FailedTest, ...] = ()
    gate: bool = False

    def with_warnings(self, *warnings: str) -> Draft:
        """The draft with more warnings."""
        return replace(self, warnings=(*self.warnings, *warnings))
