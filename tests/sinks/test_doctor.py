"""The doctor looks at everything a push needs: each line is ok, or says what to do."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.services


@pytest.fixture
def doctor(run_program):
    """Call the doctor: whether all is well, and its lines."""

    def call(gateway=None, prometheus=None, **env):
        urls = {"--pushgateway": gateway, "--prometheus": prometheus}
        ended = run_program("doctor", *(word for pair in urls.items() if pair[1] for word in pair), env=env)
        assert "Traceback" not in ended.stderr
        assert (ended.returncode == 1) == ("FAIL  " in ended.stdout)
        return ended.stdout.splitlines()

    return call


def after(lines, start):
    """The line that starts so, and what to do about it."""
    (at,) = [number for number, line in enumerate(lines) if line.startswith(start)]
    return lines[at + 1] if len(lines) > at + 1 else ""


def test_all_is_well(doctor, pushgateway, prometheus, eventually):
    where = f"127.0.0.1:{pushgateway.port}"

    def well():
        lines = doctor(pushgateway.url, prometheus.url)
        return lines if not any(line.startswith("FAIL") for line in lines) else None

    lines = eventually(well, what="Prometheus to have scraped")
    assert lines[2:] == [
        f"ok    Pushgateway 1.5.1 answers at {pushgateway.url}".replace("1.5.1", version(pushgateway)),
        "ok    a test push was accepted, and deleted again",
        f"ok    Prometheus at {prometheus.url} scrapes {where} (job 'pushgateway')",
        "ok    honor_labels is true for job 'pushgateway'",
    ]
    assert lines[0].startswith("ok    settings are valid; this is local, run local-")
    assert lines[1].startswith("ok    state folder ")


def version(pushgateway):
    return json.loads(pushgateway.get("/api/v1/status"))["data"]["build_information"]["version"]


def test_nothing_is_left_behind(doctor, pushgateway, groups, eventually):
    doctor(pushgateway.url)
    eventually(lambda: groups(pushgateway) == [], what="the test group to go")


def test_labels_that_are_not_honoured_are_found(doctor, pushgateway, start_prometheus, eventually):
    prometheus = start_prometheus(f"127.0.0.1:{pushgateway.port}", honor_labels=False)
    seen = "FAIL  honor_labels is not set for job 'pushgateway'"
    lines = eventually(
        lambda: (found := doctor(pushgateway.url, prometheus.url)) and seen in found and found, what=seen
    )
    assert after(lines, seen).startswith("      → set honor_labels: true in scrape config 'pushgateway'")


def test_a_prometheus_that_does_not_scrape_it_is_found(doctor, pushgateway, start_prometheus):
    prometheus = start_prometheus("127.0.0.1:1")
    where = f"127.0.0.1:{pushgateway.port}"
    lines = doctor(pushgateway.url, prometheus.url)
    remedy = after(lines, f"FAIL  Prometheus at {prometheus.url} has no target {where}")
    assert remedy.startswith(f"      → add a scrape config with targets: ['{where}'] and honor_labels: true")


def test_a_gateway_that_has_another_name_there_is_found(doctor, run_program, pushgateway, prometheus, query):
    run_program("run", "--pushgateway", pushgateway.url, "--", "true")
    query(prometheus, 'push_time_seconds{job="ci_reporter"}')
    lines = doctor(pushgateway.url.replace("127.0.0.1", "localhost"), prometheus.url)
    assert lines[-1].startswith(
        f"ok    Prometheus at {prometheus.url} has pushed steps, from a gateway it does not call "
    )


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"data": 1}', b'{"data": {"activeTargets": [{}]}}', b"[1]"])
def test_what_is_no_prometheus_is_said(doctor, pushgateway, vendor, answer, body):
    lines = doctor(pushgateway.url, vendor(answer(200, body)).url)
    assert after(lines, "FAIL  cannot ask Prometheus: ") == "      → correct CI_REPORTER_PROMETHEUS"


def test_a_prometheus_with_a_password_is_asked_with_it(doctor, pushgateway, start_prometheus, tmp_path, eventually):
    web, secret = tmp_path / "web.yml", tmp_path / "secret"
    web.write_text("basic_auth_users:\n  ci: $2b$04$cLXZiIimsDZRTMmftFaXkedhVNfwMSBR6.D6UReiV7MdscVOloHle\n")
    secret.write_text("s3cret\n")
    prometheus = start_prometheus(f"127.0.0.1:{pushgateway.port}", f"--web.config.file={web}")
    remedy = after(doctor(pushgateway.url, prometheus.url), "FAIL  cannot ask Prometheus: ")
    assert remedy.startswith(
        "      → set CI_REPORTER_PROMETHEUS_USERNAME and _PASSWORD, or CI_REPORTER_PROMETHEUS_TOKEN"
    )
    let_in = {"CI_REPORTER_PROMETHEUS_USERNAME": "ci", "CI_REPORTER_PROMETHEUS_PASSWORD_FILE": str(secret)}
    seen = "ok    honor_labels is true for job 'pushgateway'"
    eventually(lambda: seen in doctor(pushgateway.url, prometheus.url, **let_in), what=seen)


def test_a_dead_gateway_is_said(doctor):
    lines = doctor("http://127.0.0.1:1")
    remedy = after(lines, "FAIL  cannot reach http://127.0.0.1:1: connection refused")
    assert remedy == "      → start the Pushgateway or correct CI_REPORTER_PUSHGATEWAY"


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        (b"<!doctype html><title>Grafana</title>", "did not answer as a Pushgateway does: a web page: Grafana"),
        (b'{"status": "success", "data": {}}', "does not say its version"),
    ],
    ids=["a page", "another API"],
)
def test_another_server_is_said(doctor, vendor, answer, page, seen):
    lines = doctor(vendor(answer(200, page)).url)
    assert [line.startswith("FAIL") for line in lines] == [False, False, True, False]
    assert seen in lines[2]


def test_a_prometheus_in_its_place_is_said(doctor, prometheus):
    lines = doctor(prometheus.url)
    assert lines[-1].startswith("      → correct CI_REPORTER_PUSHGATEWAY: ")


@pytest.mark.parametrize("status", [401, 403])
def test_a_missing_password_is_said(doctor, vendor, answer, status):
    server = vendor(answer(status))
    assert after(doctor(server.url), f"FAIL  {server.url} answered {status}").startswith(
        "      → set CI_REPORTER_PUSHGATEWAY_USERNAME and _PASSWORD, or CI_REPORTER_PUSHGATEWAY_TOKEN"
    )


def test_an_unchecked_gateway_is_said(doctor, start_pushgateway):
    lines = doctor(start_pushgateway("--push.disable-consistency-check").url)
    assert "without --push.disable-consistency-check" in after(lines, "FAIL  a test push was accepted unchecked (202)")


def test_a_type_conflict_is_said_and_leaves_no_group(doctor, pushgateway, gateway, deadline, groups, eventually):
    gateway(pushgateway).push({"job": "x"}, b"ci_reporter_push_failures 1\n", deadline)
    assert after(doctor(pushgateway.url), "FAIL  a test push failed: ").startswith(
        "      → follow the gateway's message"
    )
    eventually(lambda: [each["labels"] for each in groups(pushgateway)] == [{"job": "x"}], what="the test group to go")


def test_no_sink_is_a_normal_state(run_program):
    ended = run_program("doctor")
    assert ended.returncode == 0
    assert "ok    no sink is set: steps are recorded here and sent nowhere (set CI_REPORTER_PUSHGATEWAY" in ended.stdout


def test_a_loki_alone_is_shown(run_program):
    ended = run_program("doctor", "--loki", "http://127.0.0.1:1")
    assert (ended.returncode, "ok    steps go to Loki at http://127.0.0.1:1" in ended.stdout) == (0, True)


def test_a_state_folder_that_is_a_file_is_said(doctor, run_program, pushgateway):
    run_program.state.write_text("")
    lines = doctor(pushgateway.url)
    assert after(lines, f"FAIL  state folder {run_program.state} cannot be written").startswith(
        "      → make it writable"
    )
