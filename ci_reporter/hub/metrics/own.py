"""How the hub itself is: what it took and refused, its queue, its commits, its series."""

from __future__ import annotations

from ci_reporter.hub.exposition import Block, Type, line
from ci_reporter.hub.ingest.endpoint import Endpoint
from ci_reporter.hub.ingest.queue import COMMIT_BUCKETS_S, WriteQueue
from ci_reporter.hub.metrics.snapshot import Snapshot


def own_blocks(ingest: Endpoint, queue: WriteQueue, snapshot: Snapshot) -> list[Block]:
    """The hub's own metrics, as they are now."""
    taken = {"stored": ingest.stored, "known": ingest.known}
    reports = [line("ci_hub_reports_total", f'outcome="{outcome}"', count) for outcome, count in taken.items()]
    refused = [line("ci_hub_refused_total", f'code="{code}"', count) for code, count in sorted(ingest.refused.items())]
    folded = [line("ci_hub_series_folded_total", "", snapshot.folded)]
    return [
        Block("ci_hub_reports", Type.COUNTER, "Reports that were acknowledged since the start.", reports),
        Block("ci_hub_refused", Type.COUNTER, "Requests that were refused since the start, by status.", refused),
        Block(
            "ci_hub_queue_depth", Type.GAUGE, "Reports that wait to be written.", [_gauge("queue_depth", queue.depth)]
        ),
        Block("ci_hub_commit_seconds", Type.HISTOGRAM, "How long transactions took.", _commits(queue)),
        Block("ci_hub_series", Type.GAUGE, "Series with lines of their own.", [_gauge("series", snapshot.shown)]),
        Block("ci_hub_series_folded", Type.COUNTER, "Series beyond the budget, shown as other.", folded),
    ]


def _gauge(name: str, value: float) -> str:
    return line(f"ci_hub_{name}", "", value)


def _commits(queue: WriteQueue) -> list[str]:
    name, below = "ci_hub_commit_seconds", 0
    found = []
    for bound, count in zip((*COMMIT_BUCKETS_S, "+Inf"), queue.commits, strict=True):
        below += count
        found.append(line(f"{name}_bucket", f'le="{bound}"', below))
    return [*found, line(f"{name}_sum", "", queue.commits_s), line(f"{name}_count", "", below)]
