"""`hub serve --forward-pushgateway`."""

from __future__ import annotations

import json

import pytest

from ci_reporter.cli.hub.forwarding import pushgateway as sink_for
from ci_reporter.errors import UsageError
from tests.conftest import eventually
from tests.hubs import running_hub

URL = "http://gateway.example:9091"
_MINIMAL = {"pipeline_id": "17", "job_name": "unit", "duration_ms": 12345, "exit_code": 0, "coverage_pct": 93.1}


def test_what_the_hub_receives_is_in_the_pushgateway(tmp_path, pushgateway):
    with running_hub(tmp_path, CI_REPORTER_HUB_FORWARD_PUSHGATEWAY=pushgateway.url) as hub:
        hub.post(_MINIMAL)
        groups = eventually(lambda: json.loads(pushgateway.get("/api/v1/metrics"))["data"], "the report to be pushed")
        assert groups[0]["labels"].items() >= {"job": "ci_reporter", "ci_job": "unit", "branch": "other"}.items()
        pushed = b'ci_hub_forward_reports_total{outcome="pushed"} 1'
        eventually(lambda: pushed in hub.get("/metrics"), "it to be counted")


def test_the_password_is_in_a_file(tmp_path):
    secret = tmp_path / "token"
    secret.write_text("s3cr3t\n")
    sink = sink_for(URL, {"CI_REPORTER_PUSHGATEWAY_TOKEN_FILE": str(secret)}, ("main",))
    assert sink.access.header() == "Bearer s3cr3t"


def test_a_job_s_settings_are_not_the_hub_s():
    sink = sink_for(URL, {"CI_REPORTER_BRANCHES": "trunk", "CI_REPORTER_NOPE": "x"}, ("main",))
    assert (sink.url, sink.branches) == (URL, ("main",))


def test_an_address_that_is_none_is_refused():
    with pytest.raises(UsageError, match=r"option --forward-pushgateway: 'gateway:9091' is not an http"):
        sink_for("gateway:9091", {}, ())
