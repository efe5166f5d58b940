"""Whether an interval of Prometheus holds the two scrapes that `rate` and `increase` need: asked before the gate."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ci_reporter.config import values
from ci_reporter.errors import DeliveryError, UsageError
from ci_reporter.gate.rules.ruleset import Query, RuleSet
from ci_reporter.http.prometheus import Prometheus
from ci_reporter.system.deadline import Deadline

_WITHIN_S = 5.0
_RANGE = re.compile(r"\[\s*(\$\w+|\$\{\w+\}|\d+(?:ms|s|m|h))\s*\]")
_INTERVALS = ("$interval", "${interval}", "$__interval")


def check(rules: RuleSet, server: Prometheus) -> None:
    """Raise UsageError where a range is shorter than two scrapes of the target that is scraped most often.

    Then no series can have two samples in it. A server that does not tell its targets, as many compatible ones do not,
    is not held against anybody: what it then answers is said in the watch.
    """
    scrape_s = _shortest_scrape_s(server) if rules.queries else None
    if scrape_s is None:
        return
    for query in rules.queries:
        for window_s in _ranges_s(query, rules.settings.interval_s):
            if window_s < 2 * scrape_s:
                raise UsageError(
                    f"{rules.source} line {query.line}: signal {query.signal!r}: {window_s:g} s hold fewer than two"
                    f" scrapes, as Prometheus scrapes every {scrape_s:g} s (write interval: {2 * scrape_s:g}s or more"
                    " in gate:, or a longer range in the query)"
                )


def _ranges_s(query: Query, interval_s: float) -> Iterator[float]:
    for text in (query.bad, query.total):
        for written in _RANGE.findall(text):
            yield interval_s if written in _INTERVALS else values.duration_s(written)


def _shortest_scrape_s(server: Prometheus) -> float | None:
    """The shortest interval of all targets; None where nobody tells."""
    try:
        active = server.active_targets(Deadline(_WITHIN_S))
        return min((values.duration_s(str(each["scrapeInterval"])) for each in active), default=None)
    except (DeliveryError, KeyError, ValueError):
        return None
