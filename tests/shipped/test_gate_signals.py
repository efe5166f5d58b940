"""examples/gate-signals: each script against a server that answers as the vendor's API does, also when it says no."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from ci_reporter.gate.probing.commands import sample
from ci_reporter.gate.recording import Count, Value

FOLDER = Path(__file__).parents[2] / "examples/gate-signals"
ENV = {
    "DD_API_KEY": "geheim-api",
    "DD_APP_KEY": "geheim-app",
    "NEW_RELIC_API_KEY": "geheim-nr",
    "NEW_RELIC_ACCOUNT": "4711",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "geheim-aws",
    "AWS_REGION": "eu-central-1",
    "LOAD_BALANCER": "app/shop/50dc6c49",
}


def datadog(request, _body):
    """Query timeseries data: keys in headers, a window in epoch seconds, a list of series."""
    asked = parse_qs(urlsplit(request.path).query)
    if (request.headers["DD-API-KEY"], request.headers["DD-APPLICATION-KEY"]) != ("geheim-api", "geheim-app"):
        return 403, {"errors": ["Forbidden"]}
    if urlsplit(request.path).path != "/api/v1/query" or int(asked["to"][0]) <= int(asked["from"][0]):
        return 400, {"errors": ["bad window"]}
    points = [[1769860800000.0, 0.5], [1769860860000.0, 0.75], [1769860920000.0, None]]
    return 200, {"status": "ok", "series": [{"pointlist": points}] if "shop" in asked["query"][0] else []}


def newrelic(request, body):
    """NerdGraph answers 200 with `errors` when it says no."""
    sent = json.loads(body)
    if request.headers["API-Key"] != "geheim-nr":
        return 200, {"errors": [{"message": "Invalid API key"}], "data": None}
    if sent["variables"]["id"] != 4711 or "FROM Transaction" not in sent["variables"]["nrql"]:
        return 200, {"errors": [{"message": "bad query"}], "data": None}
    return 200, {"data": {"actor": {"account": {"nrql": {"results": [{"bad": 3, "total": 120}]}}}}}


def cloudwatch(request, body):
    """GetMetricData in JSON, signed by Signature Version 4."""
    signed = (
        r"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\d{8}/eu-central-1/monitoring/aws4_request, .*Signature=[0-9a-f]{64}"
    )
    if not re.fullmatch(signed, request.headers.get("Authorization", "")):
        return 403, {"__type": "InvalidSignatureException"}
    queries = json.loads(body)["MetricDataQueries"]
    names = [each["MetricStat"]["Metric"]["MetricName"] for each in queries]
    assert names == ["HTTPCode_Target_5XX_Count", "RequestCount"]
    return 200, {"MetricDataResults": [{"Id": "bad", "Values": []}, {"Id": "total", "Values": [120.0, 90.0]}]}


@pytest.fixture
def api():
    """Start a vendor's API: its address."""
    servers = []

    def start(answer):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, document = answer(self, body)
                content = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def do_GET(self):
                self.do_POST()

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def run(script, **env):
    return subprocess.run(
        [FOLDER / script], env=ENV | {"PATH": os.environ["PATH"]} | env, capture_output=True, timeout=30
    )


CASES = [
    ("datadog", datadog, "DD_SITE", Value(t=0.0, value=0.75)),
    ("newrelic", newrelic, "NEW_RELIC_URL", Count(t=0.0, bad=3.0, total=120.0)),
    ("cloudwatch", cloudwatch, "CLOUDWATCH_URL", Count(t=0.0, bad=0.0, total=120.0)),
]


@pytest.mark.parametrize(("script", "answer", "variable", "found"), CASES, ids=[case[0] for case in CASES])
def test_a_script_prints_a_sample(api, script, answer, variable, found):
    done = run(script, **{variable: api(answer)})
    assert (sample(done.stdout), done.stderr, done.returncode) == (found, b"", 0)


@pytest.mark.parametrize(("script", "answer", "variable", "_"), CASES, ids=[case[0] for case in CASES])
def test_a_vendor_that_says_no_is_a_failure_that_prints_no_number(api, script, answer, variable, _):
    wrong = {"DD_API_KEY": "wrong", "NEW_RELIC_API_KEY": "wrong", "AWS_ACCESS_KEY_ID": "WRONG"}
    done = run(script, **wrong, **{variable: api(answer)})
    assert done.returncode != 0
    assert b"geheim" not in done.stdout + done.stderr


def test_a_query_without_a_series_is_a_failure(api):
    assert run("datadog", DD_SITE=api(datadog), DD_QUERY="avg:nothing").returncode != 0


def test_the_database_is_asked_for_one_number(tmp_path):
    (tmp_path / "psql").write_text('#!/bin/sh\nfor word; do last=$word; done\n[ "$last" = "SELECT 1" ] && echo 1\n')
    (tmp_path / "psql").chmod(0o755)
    done = run("postgres", PATH=f"{tmp_path}:{os.environ['PATH']}", QUERY="SELECT 1")
    assert sample(done.stdout) == Value(t=0.0, value=1.0)
