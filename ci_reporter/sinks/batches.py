"""Reports in batches: the step's own in a request of its own, then the backlog, until one does not get through."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.model import Report
from ci_reporter.sinks import Receipt

TYPE_CHECKING = False
if TYPE_CHECKING:
    Request = Callable[[Sequence[Report]], tuple[str, ...]]

_BATCH = 100


def send_batches(own: Report | None, backlog: Sequence[Report], request: Request) -> Receipt:
    """Send all of them. `request` sends some at once and gives notes; it raises DeliveryError."""
    receipts = [_send([own], request)] if own else []
    for at in range(0, len(backlog), _BATCH):
        lost = next((why for receipt in receipts for why in receipt.refused.values()), None)
        batch = backlog[at : at + _BATCH]
        receipts.append(_refused(batch, lost) if lost else _send(batch, request))
    return _merge(receipts)


def _send(reports: Sequence[Report], request: Request) -> Receipt:
    """Send some in one request. Refused ones are halved, so that one does not hold up the others.

    What the other side takes of a request that it refuses is sent again: the same report is the same line, or span.
    """
    try:
        notes = request(reports)
    except DeliveryError as exc:
        if not isinstance(exc, Rejected) or exc.status != 400 or len(reports) == 1:
            return _refused(reports, str(exc))
        half = len(reports) // 2
        return _merge([_send(part, request) for part in (reports[:half], reports[half:])])
    return Receipt(taken=frozenset(report.report_id for report in reports), notes=notes)


def _refused(reports: Sequence[Report], why: str) -> Receipt:
    return Receipt(refused={report.report_id: why for report in reports})


def _merge(receipts: Sequence[Receipt]) -> Receipt:
    return Receipt(
        taken=frozenset().union(*(receipt.taken for receipt in receipts)),
        refused={report_id: why for receipt in receipts for report_id, why in receipt.refused.items()},
        notes=tuple(dict.fromkeys(note for receipt in receipts for note in receipt.notes)),
    )
