"""DORA's figures, held against rules."""

import json

import pytest

from ci_reporter.hub.alerts.dora import events
from ci_reporter.hub.alerts.rules import run_all
from ci_reporter.hub.api.deployments import figures
from tests.hub.alerts.conftest import T0, make_rules

RULES = """
  - { name: failing, on: dora, if: "dora.change_failure_rate > 15%" }
  - { name: slow, on: dora, if: "dora.lead_time > 2d" }
"""


@pytest.fixture
def deploy(store, make_row):
    """Keep a deployment of some environment, at some second, with a result."""

    def keep(environment, at_s, result="success"):
        flat = {"job_name": "deploy", "repository": "acme/shop", "environment": environment, "result": result}
        name = f"run-{environment}-{at_s}"
        body = json.dumps(flat | {"ci_run_id": name, "exit_code": int(result != "success")})
        store.write([[make_row(at_ms=T0 + at_s * 1000, received_ms=T0 * 2, ci_run_id=name, result=result, body=body)]])

    return keep


def told(store):
    reading = store.reading()
    try:
        _, found = run_all(make_rules(RULES), {}, list(events(figures(reading, T0 + 60_000), T0 + 60_000)))
    finally:
        reading.close()
    return [(each.place[0], each.alert.environment) for each in found]


def test_each_environment_has_its_own_figures(store, deploy):
    for at_s in range(4):
        deploy("staging", at_s, "failure" if at_s == 1 else "success")
        deploy("production", at_s)
    assert told(store) == [("failing", "staging")]


def test_where_nothing_was_deployed_nothing_is_told(store):
    assert told(store) == []
