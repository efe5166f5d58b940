"""examples/hub: each file is valid for the tool that reads it, and speaks of a hub as it is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from ci_reporter.cli.hub.serve import command as serve
from tests.conftest import installed
from tests.hubs import running_hub

EXAMPLE = Path(__file__).parents[2] / "examples/hub"
UNIT = EXAMPLE / "ci-reporter-hub.service"
MANIFESTS = {path.name: list(yaml.safe_load_all(path.read_text())) for path in (EXAMPLE / "kubernetes").iterdir()}
DOCUMENTS = [(name, each) for name, found in MANIFESTS.items() for each in found]
COMPOSE = yaml.safe_load((EXAMPLE / "compose.yml").read_text())
# Secrets have no options.
OF_SECRETS = {"CI_REPORTER_HUB_SECRETS_FILE", "CI_REPORTER_HUB_DATABASE_PASSWORD_FILE"}
OPTIONS = {each.envvar for each in serve.params if getattr(each, "envvar", None)}
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def of_kind(name, kind):
    return next(each for each in MANIFESTS[name] if each["kind"] == kind)


def pod(name):
    return of_kind(name, "Deployment")["spec"]["template"]


def container(name):
    (found,) = pod(name)["spec"]["containers"]
    return found


ENVIRONMENTS = {
    "systemd": dict(re.findall(r"^Environment=(\w+)=(.*)$", UNIT.read_text(), re.MULTILINE)),
    "compose": COMPOSE["services"]["hub"]["environment"],
    **{name: {each["name"]: each["value"] for each in container(name)["env"]} for name in MANIFESTS},
}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_variable_is_one_of_the_hub_s(name):
    assert set(ENVIRONMENTS[name]) - OPTIONS - OF_SECRETS == set()


def test_a_hub_with_these_variables_answers_its_probes(tmp_path):
    """With all of them but where it listens and where its files are; what several files set, they set alike."""
    secrets = tmp_path / "secrets"
    secrets.write_text(SECRET)
    theirs = {key: text for each in ENVIRONMENTS.values() for key, text in each.items()}
    env = {key: text for key, text in theirs.items() if "DATABASE" not in key and not key.endswith("LISTEN")}
    probes = {container(name)[f"{kind}Probe"]["httpGet"]["path"] for name in MANIFESTS for kind in PROBES}
    assert "/readyz" in str(COMPOSE["services"]["hub"]["healthcheck"]["test"])
    with running_hub(tmp_path, **env | {"CI_REPORTER_HUB_SECRETS_FILE": str(secrets)}) as hub:
        for path in {*probes, "/metrics"}:
            hub.get(path)


PROBES = ("startup", "readiness", "liveness")


def test_systemd_takes_the_unit(tmp_path):
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/ci-reporter/bin/ci-reporter", sys.executable))
    done = subprocess.run([installed("systemd-analyze"), "verify", unit], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_is_as_confined_as_the_readme_says():
    done = subprocess.run(
        [installed("systemd-analyze"), "security", "--offline=true", "--no-pager", UNIT], capture_output=True, text=True
    )
    rated = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)[1]
    assert f"rates it {rated}," in (EXAMPLE / "README.md").read_text()


def test_compose_takes_the_file():
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*check, EXAMPLE / "compose.yml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_services_of_compose_have_the_secrets_that_they_read():
    for service in COMPOSE["services"].values():
        paths = [text for text in service.get("environment", {}).values() if text.startswith("/run/secrets/")]
        assert {path.removeprefix("/run/secrets/") for path in paths} == set(service.get("secrets", []))
    assert set(COMPOSE["secrets"]) == {"hub-secrets", "database-password"}


def test_prometheus_scrapes_the_hub_of_compose():
    config = yaml.safe_load((EXAMPLE / "prometheus.yml").read_text())
    (scrape,) = config["scrape_configs"]
    assert scrape["static_configs"] == [{"targets": ["hub:8750"]}]
    assert scrape["job_name"] == "ci_reporter"  # the dashboards' queries have it
    assert COMPOSE["services"]["hub"]["environment"]["CI_REPORTER_HUB_LISTEN"].endswith(":8750")


@pytest.mark.parametrize(("name", "document"), DOCUMENTS, ids=[f"{name} {each['kind']}" for name, each in DOCUMENTS])
def test_kubernetes_takes_the_document(name, document):
    kubernetes_validate.validate(document, "1.30", strict=True)


@pytest.mark.parametrize("name", MANIFESTS)
def test_what_selects_the_pods_selects_them(name):
    labels = pod(name)["metadata"]["labels"].items()
    selectors = [of_kind(name, "Service")["spec"]["selector"]]
    selectors += [each["spec"]["selector"]["matchLabels"] for each in MANIFESTS[name] if each["apiVersion"] in APPS]
    selectors.append(of_kind(name, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"])
    assert [each for each in selectors if not each.items() <= labels] == []


APPS = ("apps/v1", "policy/v1")


@pytest.mark.parametrize("name", MANIFESTS)
def test_the_port_of_the_service_is_the_hub_s(name):
    (port,) = container(name)["ports"]
    assert of_kind(name, "Service")["spec"]["ports"][0]["targetPort"] == port["name"]
    assert ENVIRONMENTS[name]["CI_REPORTER_HUB_LISTEN"] == f"0.0.0.0:{port['containerPort']}"


@pytest.mark.parametrize("name", MANIFESTS)
def test_the_pod_may_do_nothing_but_its_work(name):
    spec, hub = pod(name)["spec"], container(name)
    assert (spec["automountServiceAccountToken"], spec["securityContext"]["runAsNonRoot"]) == (False, True)
    assert (hub["securityContext"]["readOnlyRootFilesystem"], hub["securityContext"]["capabilities"]) == (
        True,
        {"drop": ["ALL"]},
    )


@pytest.mark.parametrize("name", MANIFESTS)
def test_secrets_are_files_of_a_volume(name):
    mounts = {each["mountPath"]: each["name"] for each in container(name)["volumeMounts"]}
    secrets = {each["name"] for each in pod(name)["spec"]["volumes"] if "secret" in each}
    paths = [path for key, path in ENVIRONMENTS[name].items() if key in OF_SECRETS]
    assert {mounts[str(Path(path).parent)] for path in paths} == secrets


def test_sqlite_has_one_pod_at_a_time():
    spec = of_kind("sqlite.yaml", "Deployment")["spec"]
    assert (spec["replicas"], spec["strategy"]["type"]) == (1, "Recreate")
    assert ENVIRONMENTS["sqlite.yaml"]["CI_REPORTER_HUB_DATABASE"].startswith("/data/")


def test_postgresql_has_three_pods_that_do_not_go_at_once():
    spec = of_kind("postgresql.yaml", "Deployment")["spec"]
    assert (spec["replicas"], of_kind("postgresql.yaml", "PodDisruptionBudget")["spec"]["maxUnavailable"]) == (3, 1)


def test_nginx_takes_the_configuration(tmp_path):
    names = ("-subj", "/CN=hub.example.com", "-keyout", tmp_path / "key", "-out", tmp_path / "cert")
    kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    subprocess.run(["openssl", "req", "-x509", *kind, *names], check=True, capture_output=True)
    text = (EXAMPLE / "nginx.conf").read_text().replace("/etc/ssl/hub.example.com.pem", str(tmp_path / "cert"))
    server = text.replace("/etc/ssl/hub.example.com.key", str(tmp_path / "key")).replace("listen 443", "listen 8443")
    config = tmp_path / "nginx.conf"
    config.write_text(f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n{server}}}\n")
    done = subprocess.run([installed("nginx"), "-t", "-p", tmp_path, "-c", config], capture_output=True, text=True)
    assert "test is successful" in done.stderr, done.stderr
