"""What is settled: nothing that was due before can come any more."""

import pytest

from ci_reporter.gate.probing.sources import Scraper
from ci_reporter.http.prometheus import Prometheus


@pytest.mark.parametrize(
    ("elapsed_s", "settled_s"),
    [(3.0, 3.0), (15.5, 15.0), (29.0, 15.0), (50.0, 20.0)],
    ids=["in the first interval", "the first one is due", "still due", "given up after two more"],
)
def test_an_interval_that_is_due_is_waited_for(elapsed_s, settled_s):
    scraper = Scraper((), Prometheus(url="http://127.0.0.1:9/"), 15.0)
    assert scraper.settled_s(elapsed_s) == pytest.approx(settled_s, abs=0.01)
