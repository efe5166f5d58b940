"""Report → the world. A sink sends reports and says which have arrived; the others stay in the spool.

A sink is one file: the settings it needs, as a class that `config.setting` explains, and the code that sends. The
settings are read before the wrapped command starts, so a sink's file imports what is heavy where it is used.
CONTRIBUTING.md says how to add one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ci_reporter.frozen import EMPTY, Frozen
from ci_reporter.model import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    from ci_reporter.context import Context
    from ci_reporter.metrics import Samples
    from ci_reporter.system.deadline import Deadline

    class SinkSettings(Protocol):
        """The settings of a sink: a subclass of `Settings` with these."""

        def sink(self, context: Context, about_us: tuple[Samples, ...] = ()) -> Sink:
            """Make the sink; `about_us` goes with a step's own report."""

        def findings(self, context: Context) -> Iterator[Finding]:
            """Say whether the way to the sink is open, for `ci-reporter doctor`."""

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
    """What came of sending: the ids of the reports that arrived, why others did not, and what a person should know.

    `rejected` are those among the refused that the server has looked at and turned down, each for itself.
    """

    taken: frozenset[str] = frozenset()
    refused: Mapping[str, str] = EMPTY
    rejected: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


class Finding(Frozen):
    """One line of `ci-reporter doctor`: whether it is well, what was seen, and what to do if it is not."""

    ok: bool
    seen: str
    remedy: str = ""
