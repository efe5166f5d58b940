"""What the hub's tests share: rows, and the hub itself as a process of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from ci_reporter.hub.store import Row

_NUMBERS = itertools.count()


def make_row(report_id: str = "", **more: object) -> Row:
    """Make the row of a step that went well, with an id of its own."""
    report_id = report_id or f"0198c0de-0000-7000-8000-{next(_NUMBERS):012d}"
    known = {
        "report_id": report_id,
        "series": ("acme/shop", "CI", "unit", "pytest", "main"),
        "at_ms": 1_000,
        "received_ms": 2_000,
        "result": "success",
        "duration_ms": 500,
        "ci_run_id": "github-1-1",
        "revision": "c0ffee",
        "body": f'{{"report_id": "{report_id}"}}',
    }
    return Row(**{**known, **more})


@pytest.fixture(name="make_row")
def _make_row() -> Callable[..., Row]:
    return make_row
