"""What baseline and watch can decide at all."""

import pytest

from ci_reporter.gate.rules.conditions import parse
from ci_reporter.gate.statistics.decidable import obstacle
from ci_reporter.gate.statistics.schedule import Schedule


@pytest.mark.parametrize(
    ("condition", "baseline_s", "watch_s", "said"),
    [
        ("http_latency_p95 > +10%", 120, 300, None),
        ("http_latency_p95 > +10%", 5, 300, "a baseline of 5 s (write a window of 10 s"),
        ("http_latency_p95 > +10%", 120, 30, "it needs 45 s of watch, and there are 30 s"),
        ("http_error_rate > +50%", 120, 10, "it needs 15 s of watch"),
        ("error_rate > 1%", 0, 10, "it needs 20 s of watch"),
        ("error_rate > 1%", 0, 300, None),
    ],
)
def test_what_cannot_decide_is_said_with_what_would_do(condition, baseline_s, watch_s, said):
    found = obstacle(parse(condition), Schedule(watch_s=watch_s), 0.01, baseline_s, 5.0)
    assert (found is None) == (said is None)
    assert said is None or said in found
