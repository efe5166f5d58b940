"""Reports to sinks and back to the spool: what was taken is forgotten, what was not is kept with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ci_reporter.errors import StateError
from ci_reporter.frozen import Frozen
from ci_reporter.journal import Journal
from ci_reporter.journal.spool import Spooled
from ci_reporter.model import Report
from ci_reporter.system.parallel import run_together

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.sinks import Receipt, Sink
    from ci_reporter.system.deadline import Deadline

_BACKLOG = 500  # at most so many waiting reports are read after a step


class Delivery(Frozen):
    """What came of a delivery.

    How many reports arrived, whether the step's own one was refused, why reports did not arrive (each reason once),
    what else to know.
    """

    taken: int = 0
    refused: bool = False
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def deliver(journal: Journal, sinks: Sequence[Sink], own: Report | None, deadline: Deadline) -> Delivery:
    """Send the step's own report, then those that wait, to all sinks at once, all before the deadline."""
    # Beside a step only the oldest are sent, for it shares the step's budget; `flush` has nothing else to do.
    pending = journal.spool.pending(_BACKLOG if own else None)
    receipts = run_together([partial(_to, sink, pending, own, deadline, journal) for sink in sinks])
    return Delivery(
        taken=sum(len(receipt.taken) for receipt in receipts),
        refused=own is not None and any(own.report_id in receipt.refused for receipt in receipts),
        reasons=tuple(dict.fromkeys(why for receipt in receipts for why in receipt.refused.values())),
        notes=tuple(dict.fromkeys(note for receipt in receipts for note in receipt.notes)),
    )


def _to(sink: Sink, pending: Sequence[Spooled], own: Report | None, deadline: Deadline, journal: Journal) -> Receipt:
    own_id = own.report_id if own else None
    # The step's own report was spooled when it was recorded; it is sent as `own`, and not once more with these.
    backlog = [each for each in pending if each.sink == sink.name and each.report.report_id != own_id]
    receipt = sink.send(own, [each.report for each in backlog], deadline)
    # Acknowledged only after the sink took it. Killed in between, it is sent twice, and a sink takes it once by its id;
    # the other order could lose it.
    for report_id in receipt.taken:
        journal.spool.ack(report_id, sink.name)
    for each in backlog:
        why = receipt.refused.get(each.report.report_id)
        # The same reason again is not written again: 500 reports of an outage would be 500 fsyncs after every step.
        if why and why != each.reason:
            _keep(journal, each.report, sink.name, why)
    if own and own.report_id in receipt.refused:
        _keep(journal, own, sink.name, receipt.refused[own.report_id])
    return receipt


def _keep(journal: Journal, report: Report, sink: str, why: str) -> None:
    try:
        journal.spool.enqueue(report, sink, why)
    except StateError:
        pass  # it is in the spool already, without the reason; or the folder is broken and that has been said
