"""`ci-reporter gate URL` against real servers, from the first probe to the exit code."""

import json
import re
import socket
import struct
import sys
import time
from functools import partial

import pytest

pytestmark = pytest.mark.slow

NEW, OLD = "c0ffee1234567", "01dbeef234567"
ALWAYS = 'if: "down for 2s"'


@pytest.fixture
def gate(run_program):
    """Run the gate and expect NEW; gives the ended call and the verdict's JSON."""

    def run(url, rules, *args, expect=NEW, env=None):
        ended = run_program("gate", url, "--rules", rules, "--expect-revision", expect, "--json", *args, env=env)
        return ended, json.loads(ended.stdout) if ended.stdout else {}

    return run


def test_a_good_deploy_passes(gate, backend, gate_yml, run_program):
    ended, found = gate(backend(NEW).url, gate_yml(ALWAYS, 'if: "availability < 99%"'))
    assert (ended.returncode, found["verdict"], found["converge"]["converged"]) == (0, "pass", True)
    assert "answered 6 times in a row on fresh connections" in found["converge"]["statement"]
    (record,) = run_program.records()
    assert (record["step"], record["result"], record["gate"]["verdict"]) == ("gate", "success", "pass")
    assert record["gate"]["probes"] >= 200


def test_two_lines_are_enough(run_program, backend):
    env = {"GITHUB_ACTIONS": "true", "GITHUB_SHA": NEW.ljust(40, "0"), "GITHUB_RUN_ID": "1"}
    ended = run_program("gate", backend(NEW.ljust(40, "0")).url, "--watch", "10s", "--warmup", "0", env=env)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "gate: pass" in ended.stdout


def test_the_old_revision_everywhere_is_exit_4(gate, backend, gate_yml, run_program):
    ended, found = gate(backend(OLD).url, gate_yml(ALWAYS, converge="3s"))
    assert (ended.returncode, found["verdict"], found["converge"]["converged"]) == (4, "fail", False)
    assert f"× {OLD[:12]}" in found["converge"]["statement"]
    assert run_program.records()[0]["reason"] == "gate: not converged"


def test_a_red_gate_is_an_annotation_on_github(run_program, backend, gate_yml):
    args = ("--rules", gate_yml(ALWAYS, converge="3s"), "--expect-revision", NEW)
    ended = run_program("gate", backend(OLD).url, *args, env={"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "1"})
    assert ended.returncode == 4
    assert "::error title=ci-reporter::not converged after" in ended.stderr


def test_one_replica_stuck_on_the_old_revision_is_exit_4(gate, backend, balanced, gate_yml):
    nginx = balanced(backend(NEW), backend(NEW), backend(NEW), backend(OLD))
    ended, found = gate(f"{nginx.url}/health", gate_yml(ALWAYS, converge="3s"))
    assert ended.returncode == 4
    assert set(found["converge"]["served"]) == {NEW[:12], OLD[:12]}


def test_a_rolling_change_is_waited_for(gate, backend, balanced, gate_yml):
    services = [backend(OLD), backend(OLD)]
    nginx = balanced(*services)
    for number, each in enumerate(services, start=1):
        each.answer_from(10 * number, partial(change, each))
    ended, found = gate(f"{nginx.url}/health", gate_yml(ALWAYS))
    assert ended.returncode == 0
    assert set(found["converge"]["served"]) == {NEW[:12], OLD[:12]}


def change(service, handler):
    """Answer with the new revision."""
    service.revision = NEW
    service.answer(handler)


def test_a_service_that_names_no_revision_is_never_a_match(gate, backend, gate_yml):
    service = backend("")
    ended, found = gate(service.url, gate_yml(ALWAYS, converge="3s"))
    assert ended.returncode == 4
    assert "the answers name no revision" in found["converge"]["statement"]


def test_health_alone_may_be_looked_at(gate, backend, gate_yml):
    ended, _ = gate(backend("").url, gate_yml(ALWAYS), expect="none")
    assert ended.returncode == 0


def test_one_of_five_dead_fails(gate, backend, balanced, gate_yml):
    services = [backend(NEW) for _ in range(5)]
    nginx = balanced(*services)
    services[0].answer_from(10, reset)  # long after it has converged
    ended, found = gate(f"{nginx.url}/health", gate_yml('if: "error_rate > 1%"', gate="  alpha: 20%"))
    assert (ended.returncode, found["verdict"]) == (1, "fail")
    worst = found["rules"][0]["worst"][0]
    assert (worst["status"], worst["reason"]) == (502, "status 502, not 2xx")
    assert "502 Bad Gateway" in worst["response"]


def outage(handler):
    handler.send_response(503)
    handler.end_headers()
    handler.wfile.write(json.dumps({"status": "fail", "revision": NEW}).encode())


def test_an_outage_that_starts_late_ends_the_watch_at_once(gate, backend, gate_yml):
    service = backend(NEW)
    service.answer_from(66, outage)  # six converge, so it begins three seconds into the watch
    ended, found = gate(service.url, gate_yml('if: "down for 1s"', gate="  min_watch: 10s"))
    assert ended.returncode == 1
    assert 3 < found["decided_at_s"] < 5


def answering(body=b"", status=200, head=()):
    def act(handler):
        handler.send_response(status)
        for name, value in head:
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return act


FAILING = json.dumps(
    {"status": "fail", "revision": NEW, "checks": {"database": [{"status": "fail", "output": "connection refused"}]}}
).encode()


def hang(handler):
    time.sleep(3)


def reset(handler):
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def endless(handler):
    handler.send_response(200)
    handler.end_headers()
    for _ in range(1024):
        handler.wfile.write(b"x" * 1024 * 1024)


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (answering(b'{"status": "fail", "revision": "c0ffee1234567"}'), "it says of itself that it is not healthy"),
        (answering(FAILING, status=503), "status 503, not 2xx (failing: database)"),
        (answering(b'{"status": "down", "revision": "c0ffee1234567"}', status=503), "status 503, not 2xx"),
        (hang, "timed out after 1 s (waiting for the answer)"),
        (reset, "connection reset"),
        (answering(status=302, head=[("Location", "http://elsewhere.example/")]), "it redirects to another host"),
        (endless, "its body is larger than 1024 KiB"),
    ],
    ids=["200-fail", "503-checks", "503-body", "hang", "reset", "redirect", "huge"],
)
def test_what_is_no_good_answer_never_converges_and_is_named(gate, backend, gate_yml, act, reason):
    service = backend(NEW)
    service.act = act
    rules = gate_yml(ALWAYS, converge="3s", timeout="1s")
    ended, found = gate(service.url, rules)
    assert ended.returncode == 4
    assert reason in found["converge"]["statement"]


def test_a_service_that_is_not_there_is_named(gate, gate_yml, free_port):
    ended, found = gate(f"http://127.0.0.1:{free_port()}/health", gate_yml(ALWAYS, converge="3s"))
    assert ended.returncode == 4
    assert "no answer (connection refused)" in found["converge"]["statement"]


def test_a_slow_deploy_fails_against_its_baseline(gate, backend, gate_yml, write_recording):
    before = write_recording("before.ndjson", phase="baseline", seconds=120, seed=99, slower=0.3)  # a median of 36 ms
    service = backend(NEW)
    service.delay_s = 0.9
    rules = gate_yml('if: "http_latency_p95 > +20%"')
    ended, found = gate(service.url, rules, "--baseline", before, "--watch", "30s")
    assert (ended.returncode, found["verdict"]) == (1, "fail")
    rule = found["rules"][0]
    assert rule["watch"] > 900 > rule["baseline"]
    assert found["decided_at_s"] <= 30


ROLLBACK = """
actions:
  rollback: {{ run: "echo $CI_REPORTER_LAST_GOOD $CI_REPORTER_RULE > rolled; {mend}", verify: true, timeout: 30s }}
"""


def test_a_rollback_that_is_verified_is_exit_5(gate, backend, gate_yml, run_program):
    service = backend(NEW)
    late = partial(mended, service)
    service.answer_from(40, late)
    script = run_program.folder / "mend.py"
    script.write_text(f"import urllib.request\nurllib.request.urlopen('http://127.0.0.1:{service.port}/mend')\n")
    more = ROLLBACK.format(mend=f"{sys.executable} mend.py")
    rules = gate_yml('if: "down for 1s", then: [notify, rollback]', more=more)
    ended, found = gate(service.url, rules, env={"CI_REPORTER_LAST_GOOD": OLD, "CI_RUN_ID": "run-1"})
    assert (ended.returncode, found["rollback"]["verified"]) == (5, True), ended.stderr
    assert (run_program.folder / "rolled").read_text() == f"{OLD} rule0\n"
    assert "notify: the gate says fail" in ended.stderr


def mended(service, handler):
    """Fail until `/mend` is asked for; then serve the old revision."""
    if handler.path != "/mend":
        return outage(handler)
    service.act, service.revision = None, OLD
    return service.answer(handler)


def test_one_slow_replica_fails_a_limit(gate, backend, balanced, gate_yml):
    services = [backend(NEW), backend(NEW)]
    services[0].delay_s = 0.3
    nginx = balanced(*services)
    rules = gate_yml('if: "http_latency_p95 > 200ms"', gate="  alpha: 20%")
    ended, found = gate(f"{nginx.url}/health", rules)
    assert (ended.returncode, found["rules"][0]["verdict"]) == (1, "fail")
    assert found["rules"][0]["worst"][0]["latency_ms"] > 300


def test_a_cold_start_is_discarded_and_said(gate, backend, gate_yml):
    service = backend(NEW)
    service.delay_s = 0.4
    service.answer_from(90, partial(warm, service))  # six converge, a hundred are the warm-up's
    _, found = gate(service.url, gate_yml(ALWAYS), "--warmup", "5s", "--watch", "5s")
    (note,) = (note for note in found["notes"] if note.startswith("warm-up: 100 probes of 5 s are discarded"))
    cold, then = (float(text) for text in re.search(r"p50 ([0-9.]+) ms, then ([0-9.]+) ms", note).groups())
    assert cold > 400 > then


def warm(service, handler):
    service.delay_s = 0.0
    service.answer(handler)


def test_flapping_is_seen_though_never_three_fail_in_a_row(gate, backend, gate_yml):
    service = backend(NEW)
    service.answer_from(50, lambda handler: outage(handler) if service.asked % 2 else service.answer(handler))
    rules = gate_yml('if: "availability < 90%"', 'if: "consecutive failures >= 3 within 5m"', gate="  alpha: 20%")
    ended, found = gate(service.url, rules, "--watch", "20s")
    assert ended.returncode == 1
    flapping, in_a_row = (each["verdict"] for each in found["rules"])
    assert flapping == "fail" != in_a_row  # the watch may end before the other rule can pass
