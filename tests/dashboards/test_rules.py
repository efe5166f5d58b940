"""The alerting rules and the Alertmanager's routes, by Prometheus' own tools and a real Alertmanager."""

import json
import re
import subprocess
import urllib.request
from pathlib import Path

import pytest
import yaml

from tests.conftest import installed, serving

RULES = yaml.safe_load((Path(__file__).parents[2] / "alerts/ci-reporter.rules.yml").read_text())
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"] if "alert" in rule]


@pytest.fixture
def run(alerts):
    """Run a tool of Debian's packages in the folder of the rules; its output."""

    def call(tool, *words):
        done = subprocess.run([installed(tool), *words], cwd=alerts, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return call


@pytest.mark.services
def test_promtool_finds_nothing_wrong_with_the_rules(run):
    run("promtool", "check", "rules", "--lint=all", "--lint-fatal", "ci-reporter.rules.yml")


@pytest.mark.services
def test_the_rules_pass_their_own_tests(run):
    assert "SUCCESS" in run("promtool", "test", "rules", "ci-reporter.test.yml")


def test_every_alert_has_a_test(alerts):
    fired = re.findall(r"alertname: (\w+)\n +exp_alerts:\n", (alerts / "ci-reporter.test.yml").read_text())
    assert {rule["alert"] for rule in ALERTS} == set(fired)


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_alert_says_how_bad_it_is_and_what_it_means(rule):
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert set(rule["annotations"]) == {"summary", "description"}


@pytest.mark.services
def test_amtool_finds_nothing_wrong_with_the_routes(run):
    run("amtool", "check-config", "alertmanager.yml")


ROUTES = [
    ({"alertname": "CIGateFailed", "severity": "critical"}, "oncall"),
    ({"alertname": "CINoSuccess", "severity": "critical"}, "team"),
    ({"alertname": "CIStepFailing", "severity": "warning"}, "team"),
    ({"alertname": "CIStepSlower", "severity": "info"}, "digest"),
    ({"alertname": "CIPushgatewayDown", "severity": "critical"}, "platform"),
    ({"alertname": "CIReporterStaleGroups", "severity": "info"}, "platform"),
    ({"alertname": "SomethingElse"}, "team"),
]


@pytest.mark.services
@pytest.mark.parametrize(("labels", "receiver"), ROUTES, ids=[labels["alertname"] for labels, _ in ROUTES])
def test_alert_goes_to_whom_it_concerns(run, labels, receiver):
    words = [f"{name}={value}" for name, value in labels.items()]
    assert run("amtool", "config", "routes", "test", "--config.file=alertmanager.yml", *words).strip() == receiver


STEP = {"repository": "acme/shop", "pipeline": "CI", "ci_job": "unit", "step": "pytest", "branch": "main"}
OTHER = {**STEP, "step": "lint"}
SEVERITY = {rule["alert"]: rule["labels"]["severity"] for rule in ALERTS}
CAUSES = [
    ("CIStepFailing", "CINoSuccess", STEP),
    ("CIStepFailing", "CIGateFailed", STEP),
    ("CITestsFlaky", "CIStepFailing", STEP),
    ("CIGateFailed", "CIPushgatewayDown", {}),
]


@pytest.mark.services
@pytest.mark.parametrize(
    ("effect", "cause", "where"), CAUSES, ids=[f"{cause} mutes {effect}" for effect, cause, _ in CAUSES]
)
def test_an_effect_is_muted_while_its_cause_alerts(alertmanager, eventually, effect, cause, where):
    fire(alertmanager, {"alertname": effect, **STEP}, {"alertname": cause, **where})
    assert eventually(lambda: names_of_muted(alertmanager), what=f"{effect} to be muted") == [effect]


@pytest.mark.services
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"alertname": "CINoSuccess", **STEP}, {"alertname": "CIStepFailing", **OTHER}),
        ({"alertname": "CIPushgatewayDown"}, {"alertname": "CIAlert", **STEP}),
    ],
    ids=["another step", "what ci-reporter sends by itself"],
)
def test_what_has_another_cause_is_not_muted(alertmanager, eventually, first, second):
    fire(alertmanager, first, second)
    eventually(
        lambda: len(alerts_of(alertmanager)) == 2 and "unprocessed" not in states(alertmanager), what="both alerts"
    )
    assert names_of_muted(alertmanager) == []


def fire(alertmanager, *alerts):
    """Raise alerts, as Prometheus does."""
    body = [{"labels": {"severity": SEVERITY.get(labels["alertname"], "critical"), **labels}} for labels in alerts]
    request = urllib.request.Request(
        f"{alertmanager.url}/api/v2/alerts", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=5).close()


def alerts_of(alertmanager):
    """The alerts that it knows."""
    return json.loads(alertmanager.get("/api/v2/alerts"))


def states(alertmanager):
    """Whether it has dealt with them."""
    return [alert["status"]["state"] for alert in alerts_of(alertmanager)]


def names_of_muted(alertmanager):
    """Names of the alerts that another one inhibits."""
    return [alert["labels"]["alertname"] for alert in alerts_of(alertmanager) if alert["status"]["inhibitedBy"]]


@pytest.fixture
def alertmanager(alerts, tmp_path):
    """A real Alertmanager with our routes."""
    flags = (
        f"--config.file={alerts / 'alertmanager.yml'}",
        f"--storage.path={tmp_path / 'alertmanager'}",
        "--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    )
    with serving("prometheus-alertmanager", *flags, log=tmp_path / "alertmanager.log") as server:
        yield server
