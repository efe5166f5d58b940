"""Every query and every alert, on the Prometheus of `make stack`: a day of runs, scraped from a real Pushgateway."""

import fcntl
import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pytest

from ci_reporter import metrics
from tests.conftest import eventually, installed
from tests.dashboards.conftest import FILES, ROOT, dashboard, only_of_a_hub, panels
from tests.dashboards.test_rules import ALERTS

pytestmark = pytest.mark.services

ALL = [(name, panel["title"], target) for name in FILES for panel in panels(name) for target in panel["targets"]]
QUERIES = [each for each in ALL if not only_of_a_hub(each[2])]  # test_hub.py asks the others
VARIABLES = [
    (name, each["name"], each["query"]["query"])
    for name in FILES
    for each in dashboard(name)["templating"]["list"]
    if each["type"] == "query"
]
# What Grafana puts in for a range of a day, a scrape interval of 15 s and all values of every variable.
VALUES = {
    "$__rate_interval": "4m",
    "$__interval": "1m",
    "$__range": "24h",
    "$source": "()",
    **{f"${name}": ".*" for _, name, _ in VARIABLES},
}
# What cannot be had within a test: the part of the expression that is replaced, and why.
REPLACED = {
    "CIReporterStaleGroups": ("30 * 86400", "0"),  # the gateway itself sets the time of a push
    "CIPushgatewayDown": ("== 0", "== 1"),
    "CIPushgatewayLabelsRenamed": ("exported_job", "job"),  # the scrape configuration is right
    "CIPushgatewayRefuses": ("> 0", ">= 0"),  # it refused before the first scrape
}


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A running `make stack`."""

    prometheus: str
    alertmanager: str
    said: str
    end: float
    """Of the time range: the same for all queries of a panel, and so late that what comes in meanwhile is in it."""
    patience: float
    """Until then a query is asked again. What has no answer by then has none, and only its own test fails."""
    refused: dict = field(default_factory=dict)
    """What Prometheus says of queries that it cannot read."""

    def wait(self, ask):
        """The answer, once there is any."""
        while not (found := ask()) and time.monotonic() < self.patience:
            time.sleep(0.2)
        return found

    def ask(self, path, **query):
        """Data of Prometheus' API."""
        try:
            url = f"{self.prometheus}/api/v1/{path}?{urlencode(query)}"
            return json.loads(urllib.request.urlopen(url, timeout=30).read())["data"]
        except urllib.error.HTTPError as exc:
            self.refused[str(query)] = exc.read().decode()
            return {"result": []}

    def result(self, expr, *, instant):
        """The series that a panel gets, over the last day where it asks for a range."""
        if instant:
            return self.ask("query", query=expr)["result"]
        return self.ask("query_range", query=expr, start=self.end - 86400, end=self.end, step=60)["result"]


@pytest.fixture(scope="session")
def answers(tmp_path_factory, worker_id):
    """What the stack answered, by query: one stack for all workers, whoever comes first."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder if worker_id == "master" else folder.parent
    kept = folder / "stack-answers.json"
    with (folder / "stack-answers.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_text(json.dumps(ask_everything()))
    return json.loads(kept.read_text())


def ask_everything():
    """Start the stack, ask until everything has an answer, and end it by ^C."""
    for tool in ("prometheus", "promtool", "prometheus-pushgateway", "prometheus-alertmanager"):
        installed(tool)
    command = [sys.executable, "-B", ROOT / "examples/stack/stack.py", "--any-port", "--scrape-interval=1s"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            stack = read_addresses(process)
            found = {
                "queries": {key(*query): result(stack, query[2]) for query in QUERIES},
                "variables": {f"{name} {variable}": values(stack, promql) for name, variable, promql in VARIABLES},
                "alerts": {rule["alert"]: alert(stack, rule) for rule in ALERTS},
                "receivers": receivers_by_alert(stack),
                "refused": stack.refused,
            }
        finally:
            process.send_signal(signal.SIGINT)
    return found | {"said": stack.said, "exit": process.returncode, "address": stack.prometheus}


def read_addresses(process):
    """Read what it says until it is ready."""
    said = ""
    while "^C" not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    urls = [re.search(rf"^{name} +(http://[\d.:]+)", said, re.MULTILINE)[1] for name in ("Prometheus", "Alertmanager")]
    stack = Stack(
        prometheus=urls[0], alertmanager=urls[1], said=said, end=time.time() + 30, patience=time.monotonic() + 40
    )
    present = 'ci_step_success{repository="acme/tools", step="unit"}'
    eventually(lambda: stack.ask("query", query=present)["result"], what="a scrape of what was pushed last")
    return stack


def result(stack, target):
    """The answer to a panel's query: labels and the last value of each series, once there is any."""
    expr, instant = as_grafana_sends(target["expr"]), target["instant"]
    found = stack.wait(lambda: stack.result(expr, instant=instant))
    return [[series["metric"], series["value"] if instant else series["values"]] for series in found]


def values(stack, promql):
    """What a variable offers."""
    selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", promql).groups()
    return stack.ask(f"label/{label}/values", **{"match[]": as_grafana_sends(selector)})


def alert(stack, rule):
    """How many alerts the rule's expression gives."""
    expr = rule["expr"].replace(*REPLACED.get(rule["alert"], ("", "")))
    return len(stack.wait(lambda: stack.ask("query", query=expr)["result"]))


def receivers_by_alert(stack):
    """Receivers by alert, of those that Prometheus has sent to the Alertmanager."""

    def receivers():
        found = json.loads(urllib.request.urlopen(f"{stack.alertmanager}/api/v2/alerts", timeout=5).read())
        return {each["labels"]["alertname"]: [to["name"] for to in each["receivers"]] for each in found}

    stack.wait(lambda: "CIGateFailed" in receivers())
    return receivers()


def as_grafana_sends(expr):
    """The query as Grafana sends it."""
    for name in sorted(VALUES, key=len, reverse=True):
        expr = expr.replace(name, VALUES[name])
    return expr


def key(name, title, target):
    """What a query is called."""
    return f"{name} {title} {target['refId']}"


@pytest.mark.parametrize("query", QUERIES, ids=[key(*query) for query in QUERIES])
def test_query_returns_data(answers, query):
    assert answers["queries"][key(*query)]


@pytest.mark.parametrize("variable", VARIABLES, ids=[f"{name} {variable}" for name, variable, _ in VARIABLES])
def test_variable_has_values(answers, variable):
    assert answers["variables"][f"{variable[0]} {variable[1]}"]


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_alert_returns_data(answers, rule):
    assert answers["alerts"][rule["alert"]]


def test_gate_that_failed_goes_to_whom_is_on_call(answers):
    assert answers["receivers"].get("CIGateFailed") == ["oncall"]


def test_last_runs_has_one_line_a_run(answers):
    rows = [
        (labels["repository"], labels["ci_job"], labels["step"], labels["branch"], value)
        for labels, points in answers["queries"]["runs.json Last 10 runs A"]
        for _, value in points
    ]
    assert len(rows) == len(set(rows))


def test_columns_of_last_runs_stand_on_one_line(answers):
    """Grafana merges them on time and labels."""
    lines = [
        {
            (tuple(labels.items()), at)
            for labels, points in answers["queries"][f"runs.json Last 10 runs {column}"]
            for at, _ in points
        }
        for column in "ABC"
    ]
    assert lines[0] == lines[1] == lines[2]


TABLES = [
    (name, panel) for name in FILES for panel in panels(name) if panel["type"] == "table" and panel["targets"][1:]
]


@pytest.mark.parametrize(("name", "panel"), TABLES, ids=[panel["title"] for _, panel in TABLES])
def test_columns_of_a_table_can_be_merged(answers, name, panel):
    """Grafana merges on the labels that all queries have; metrics' names would keep the lines apart."""
    labels = [set(answers["queries"][key(name, panel["title"], target)][0][0]) for target in panel["targets"]]
    assert {"repository", "pipeline", "branch"} <= set.intersection(*labels)
    assert "__name__" not in set.union(*labels)


def test_every_metric_is_shown():
    shown = set(re.findall(r"\bci_\w+", " ".join(target["expr"] for _, _, target in ALL)))
    known = {family.name for family in (*metrics.FAMILIES, metrics.BUILD_INFO, metrics.PUSH_FAILURES, metrics.OVERHEAD)}
    assert known - shown == set()


class TestLinter:
    """The rules of dashboard-linter about PromQL."""

    def test_target_promql_rule(self, answers):
        assert answers["refused"] == {}

    def test_template_label_promql_rule(self, answers):
        assert [name for name, found in answers["variables"].items() if not isinstance(found, list)] == []

    def test_target_rate_interval_rule(self):
        rates = [found for _, _, each in ALL for found in re.findall(r"\bi?rate\(.*?\[(.*?)\]", each["expr"])]
        assert set(rates) == {"$__rate_interval"}

    def test_target_counter_agg_rule(self):
        counters = [each["expr"] for _, _, each in ALL if "_total" in each["expr"]]
        assert counters
        assert [expr for expr in counters if not re.search(r"\b(rate|increase)\(\w+_total\{[^}]*\}\[", expr)] == []

    @pytest.mark.parametrize("query", ALL, ids=[key(*query) for query in ALL])
    def test_every_selector_names_the_job(self, query):
        """In place of target-job-rule, which wants `job=~"$job"`; `dashboards/.lint` says why."""
        selectors = re.findall(r"\{(.*?)\}", query[2]["expr"])
        assert [each for each in selectors if not re.match(r'job="ci_reporter"|job=~"\$gateway"', each)] == []


def test_stack_ends_well_at_ctrl_c(answers):
    assert answers["exit"] == 0


def test_stack_leaves_nothing_behind(answers):
    folder = Path(re.search(r"removes (\S+)", answers["said"])[1])
    assert not folder.exists()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(answers["address"], timeout=5)
