"""Report → the world. A sink takes reports and says which it has; what it has not stays in the spool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ci_reporter.frozen import EMPTY, Frozen
from ci_reporter.http import Deadline
from ci_reporter.model import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Sink(Protocol):
        """Somewhere reports are sent to."""

        @property
        def name(self) -> str:
            """The word that stands in the spool's file names."""

        def send(self, own: Report | None, backlog: Sequence[Report], deadline: Deadline) -> Receipt:
            """Send the step's own report first, then older ones while there is time. Raises nothing of ours."""

        def preview(self, report: Report) -> str:
            """Show exactly what would be sent, without secrets."""


class Receipt(Frozen):
    """What came of it: the ids a sink has now, why it has not the others, and what a person should know."""

    taken: frozenset[str] = frozenset()
    refused: Mapping[str, str] = EMPTY
    notes: tuple[str, ...] = ()
