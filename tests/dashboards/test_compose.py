"""The files that compose.yml puts together fit each other. The containers themselves are not run here."""

import subprocess

import pytest
import yaml

from tests.conftest import installed
from tests.dashboards.conftest import ROOT

STACK = ROOT / "examples/stack"
SERVICES = yaml.safe_load((STACK / "compose.yml").read_text())["services"]
MOUNTS = {
    (service, target): source
    for service, settings in SERVICES.items()
    for source, target in (each.split(":")[:2] for each in settings["volumes"])
    if source.startswith(".")
}


@pytest.mark.parametrize("mount", MOUNTS, ids=" ".join)
def test_what_is_mounted_is_there(mount):
    assert (STACK / MOUNTS[mount]).exists()


def test_grafana_finds_the_dashboards():
    provider = yaml.safe_load((STACK / "grafana/provisioning/dashboards/ci-reporter.yml").read_text())["providers"][0]
    assert (STACK / MOUNTS["grafana", provider["options"]["path"]]).resolve() == ROOT / "dashboards"


def test_grafana_asks_the_prometheus_beside_it():
    source = yaml.safe_load((STACK / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"][0]
    assert (source["url"], "prometheus" in SERVICES) == ("http://prometheus:9090", True)


@pytest.mark.services
def test_prometheus_finds_the_rules_and_the_servers(tmp_path):
    text = (STACK / "prometheus.yml").read_text()
    config = tmp_path / "prometheus.yml"
    config.write_text(text.replace("/etc/prometheus/alerts", str(ROOT / "alerts")))
    done = subprocess.run([installed("promtool"), "check", "config", config], capture_output=True, text=True)
    assert (done.returncode, "1 rule files found" in done.stdout) == (0, True), done.stdout + done.stderr
    targets = [each.partition(":")[0] for each in ("alertmanager:9093", "pushgateway:9091") if f'"{each}"' in text]
    assert set(targets) < set(SERVICES)
    assert len(targets) == 2


def test_nothing_listens_beyond_this_machine():
    ports = [port for settings in SERVICES.values() for port in settings["ports"]]
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []
