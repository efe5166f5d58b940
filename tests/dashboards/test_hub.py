"""The dashboards with a hub as their source: every query, on a real Prometheus that scrapes a real hub."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from urllib.parse import urlencode

import pytest

from ci_reporter.model import rfc3339, uuid7
from tests.conftest import eventually, serving
from tests.dashboards.conftest import FILES, only_of_a_hub, panels
from tests.dashboards.test_queries import as_grafana_sends, key
from tests.hubs import running_hub

pytestmark = pytest.mark.services

OF_STEPS = ("runs.json", "deploys.json")
QUERIES = {
    key(name, panel["title"], target): target
    for name in FILES
    for panel in panels(name)
    for target in panel["targets"]
    if (name in OF_STEPS or only_of_a_hub(target)) and "ci_build_info" not in target["expr"]  # needs run_info: true
}
NOWHERE = "http://127.0.0.1:9"  # a port that nobody listens on
GATE = {"probes": 100, "decided_at_s": 60, "rules": {"outage": "fail"}}
LATENCY = {"p50_ms": 9, "p95_ms": 20, "error_ratio": 0.01}


def report(step, **more):
    """A report that has all that the dashboards show."""
    return {
        "report_id": uuid7(),
        "ci_run_id": "github-17-1",
        "pipeline_id": "17",
        "repository": "acme/shop",
        "pipeline": "CI",
        "job_name": "unit",
        "step": step,
        "branch": "main",
        "finished_at": rfc3339(time.time()),
        "duration_ms": 4000,
        "exit_code": 0,
        "attempts": 2,
        "cpu_user_ms": 3000,
        "cpu_system_ms": 100,
        "max_rss_bytes": 2**26,
        "coverage": {"unit": "line", "covered": 9, "total": 10},
        "tests": {"total": 3, "passed": 3, "failed": 0, "errors": 0, "skipped": 0, "flaky": 1},
        "measures": {"bundle_bytes": 4711},
        **more,
    }


def gates(verdict):
    before = {f"{name}_before": value for name, value in LATENCY.items()}
    return report("gate", exit_code=int(verdict != "pass"), gate={"verdict": verdict, **GATE, **LATENCY, **before})


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What Prometheus answers to each query, after two rounds of reports that it scraped one after the other."""
    folder = tmp_path_factory.mktemp("hub")
    with ExitStack() as stack:
        hub = stack.enter_context(running_hub(folder, CI_REPORTER_HUB_FORWARD_PUSHGATEWAY=NOWHERE))
        send(hub, [report("pytest"), report("lint"), gates("pass")])
        prometheus = stack.enter_context(scraping(folder, hub))
        eventually(lambda: ask(prometheus, "ci_step_runs_total > 0"), "the first reports to be scraped")
        send(hub, [report("pytest", exit_code=1), report("lint"), gates("fail"), gates("inconclusive")])
        eventually(lambda: ask(prometheus, "increase(ci_step_runs_total[1m]) > 0"), "the second ones to be scraped")
        eventually(lambda: ask(prometheus, "rate(ci_hub_refused_total[1m]) > 0"), "a refusal to be scraped")
        return {name: answer(prometheus, target) for name, target in QUERIES.items()}


def send(hub, reports):
    assert hub.post(reports)[0] == 202
    assert hub.post({"nothing": "of use"})[0] == 400


def scraping(folder, hub):
    scrape = {"job_name": "ci_reporter", "static_configs": [{"targets": [hub.url.removeprefix("http://")]}]}
    config = folder / "prometheus.yml"
    times = {"scrape_interval": "500ms", "scrape_timeout": "500ms"}
    config.write_text(json.dumps({"global": times, "scrape_configs": [scrape]}))
    flags = (
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        "--web.listen-address=127.0.0.1:{port}",
    )
    return serving("prometheus", *flags, log=folder / "prometheus.log")


def answer(prometheus, target):
    """The labels of each series that a panel gets."""
    expr = as_grafana_sends(target["expr"]).replace('instance=~"()"', 'instance=~".+"')
    return [each["metric"] for each in ask(prometheus, expr, instant=target["instant"])]


def ask(prometheus, expr, *, instant=True):
    end = time.time()
    times = {} if instant else {"start": end - 3600, "end": end, "step": 60}
    path = "query" if instant else "query_range"
    return json.loads(prometheus.get(f"/api/v1/{path}?{urlencode({'query': expr, **times})}"))["data"]["result"]


@pytest.mark.parametrize("name", QUERIES)
def test_query_returns_data(answers, name):
    assert answers[name]


def test_a_hub_counts_its_series_once(answers):
    labels = answers["runs.json Duration of the last run A"]
    assert len({each["step"] for each in labels}) == len(labels) == 3
