"""A Pushgateway that several tests share, and what one asks it and Prometheus."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import quote

import pytest

from ci_reporter.http import Access
from ci_reporter.sinks.gateway import Gateway
from ci_reporter.sinks.pushgateway import Pushgateway
from ci_reporter.system.deadline import Deadline


@pytest.fixture
def groups() -> Callable[..., list[dict]]:
    """The groups of a gateway as its API lists them."""
    return lambda server: json.loads(server.get("/api/v1/metrics"))["data"]


@pytest.fixture
def values(groups) -> Callable[..., dict]:
    """The single values that the one group of ours holds, by metric."""

    def read(server, **labels):
        (found,) = [
            each for each in groups(server) if each["labels"].items() >= ({"job": "ci_reporter"} | labels).items()
        ]
        metrics = {
            name: family["metrics"]
            for name, family in found.items()
            if isinstance(family, dict) and "metrics" in family
        }
        return {name: float(samples[0]["value"]) for name, samples in metrics.items() if len(samples) == 1}

    return read


@pytest.fixture
def query(eventually) -> Callable[..., list[dict]]:
    """What Prometheus answers to PromQL, as soon as it has an answer."""

    def ask(server, promql):
        path = f"/api/v1/query?query={quote(promql)}"
        return eventually(lambda: json.loads(server.get(path))["data"]["result"], what=f"{promql} to have a value")

    return ask


@pytest.fixture
def gateway() -> Callable[..., Gateway]:
    """Make our end of a gateway."""
    return lambda server: Gateway(url=server.url, access=Access())


@pytest.fixture
def sink() -> Callable[..., Pushgateway]:
    """Make a sink: `sink(server, label_budget=3)`."""
    known = {"access": Access(), "branches": ("main",), "label_budget": 200}
    return lambda server, **more: Pushgateway(url=server.url, **(known | more))


@pytest.fixture
def ours_s(run_program, tmp_path) -> Callable[[], float]:
    """What a run may take beside its budget: a few times what one without a sink takes on this machine right now."""

    def measure():
        return max(3.0, 8 * run_program("run", "--", "true", env={"CI_REPORTER_DIR": str(tmp_path / "other")}).seconds)

    return measure


@pytest.fixture
def deadline() -> Deadline:
    """Enough time for anything that works."""
    return Deadline(60)
