"""Series beyond the budget: their counters stay, in as many lines as a hub can bear."""

from __future__ import annotations

import re

from ci_reporter.hub.metrics.series import RUNS, by_repository, folded
from ci_reporter.hub.store import SeriesState


def state(at):
    series = (f"acme/{at}", "CI", "unit", "pytest", "main")
    return SeriesState(series_id=at, series=series, body=None, runs={"success": 1}, duration_ms=5, buckets={1000: 1})


def test_repositories_without_end_do_not_become_lines_without_end():
    found = folded([state(at) for at in (*range(20_000), 3)])[RUNS]
    counts = {name: int(count) for name, count in re.findall(r'repository="([^"]*)".* (\d+)\n', found)}
    assert (len(counts), counts["acme/3"], counts["other"], sum(counts.values())) == (1_001, 2, 19_000, 20_001)


def test_a_repository_that_has_lines_keeps_them():
    groups = by_repository([*((f"acme/{at}", at) for at in range(1_001)), ("acme/0", 7)])
    assert (groups["acme/0"], groups["other"], len(groups)) == ([0, 7], [1_000], 1_001)
