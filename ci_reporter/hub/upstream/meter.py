"""What was asked of which host and answered how, and what is left of its rate limit."""

from __future__ import annotations

from collections import Counter

from ci_reporter.hub.exposition import Block, Type, labels, line


class Meter:
    """Counters of all clients of a process. Only the event loop counts; any thread may read."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str]] = Counter()
        self.revalidated: Counter[str] = Counter()
        self.remaining: dict[str, int] = {}

    def count(self, host: str, code: str) -> None:
        """Count a request by its answer's status, or by a word where there was none."""
        self.requests[host, code] += 1

    def note_remaining(self, host: str, remaining: int) -> None:
        """Several tokens at a host: the lowest that was heard of last is what matters, and the last is near it."""
        self.remaining[host] = remaining

    def blocks(self) -> list[Block]:
        """The metrics."""
        asked = [
            line("ci_upstream_requests_total", labels(("host", "code"), key), count)
            for key, count in sorted(self.requests.items())
        ]
        revalidated = [
            line("ci_upstream_revalidated_total", labels(("host",), (host,)), count)
            for host, count in sorted(self.revalidated.items())
        ]
        left = [
            line("ci_upstream_ratelimit_remaining", labels(("host",), (host,)), count)
            for host, count in sorted(self.remaining.items())
        ]
        return [
            Block("ci_upstream_requests", Type.COUNTER, "Requests to the APIs of CI systems, by answer.", asked),
            Block("ci_upstream_revalidated", Type.COUNTER, "Answers that were the same as the last time.", revalidated),
            Block("ci_upstream_ratelimit_remaining", Type.GAUGE, "Requests that the rate limit still allows.", left),
        ]
