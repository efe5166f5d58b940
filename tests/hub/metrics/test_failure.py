"""A database that could not be read a moment ago."""

from __future__ import annotations

import pytest

from ci_reporter.errors import StoreError
from ci_reporter.hub.metrics.failure import Failure


def fail(failure, now_s):
    with pytest.raises(StoreError), failure.noted(lambda: now_s):
        raise StoreError("the database is silent")


def test_a_failure_holds_for_a_moment_from_its_end():
    failure = Failure(1.0)
    fail(failure, now_s=105.0)
    with pytest.raises(StoreError, match="the database is silent"):
        failure.check(105.9)
    failure.check(106.0)


def test_a_success_ends_it():
    failure = Failure(1.0)
    fail(failure, now_s=105.0)
    with failure.noted(lambda: 105.1):
        pass
    failure.check(105.2)
