"""Deploys that go wrong late, in part, or again, and a restart that does not: the installed gate on real servers."""

import json
import sys
import time

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

NEW, OLD = "c0ffee1234567", "01dbeef234567"
OUTAGE = 'if: "down for 2s"'


@pytest.fixture
def gate(run_program):
    """Run the gate and expect NEW; gives the ended call and the verdict's JSON."""

    def run(url, rules, *args):
        ended = run_program("gate", url, "--rules", rules, "--expect-revision", NEW, "--json", *args, timeout=280)
        return ended, json.loads(ended.stdout) if ended.stdout else {}

    return run


def test_slowness_from_the_middle_of_the_watch_on_fails(gate, backend, gate_yml, write_recording):
    service = backend(NEW)

    def act(handler):
        time.sleep(1.5)
        service.answer(handler)

    service.answer_from(300, act)  # of 600 in a watch of 30 s
    rules = gate_yml('if: "http_latency_p95 > +50%"', gate="  extend: 60s")
    before = write_recording("before.ndjson", "baseline", seconds=120)
    ended, found = gate(service.url, rules, "--baseline", before, "--watch", "30s")
    assert (ended.returncode, found["verdict"]) == (1, "fail"), ended.stderr
    assert found["rules"][0]["since_s"] >= 10


def test_one_of_ten_replicas_that_stays_old_never_passes(gate, backend, start_nginx, run_program):
    replicas = [backend(NEW) for _ in range(9)] + [backend(OLD)]
    servers = "".join(f"server 127.0.0.1:{each.port} max_fails=0; " for each in replicas)
    nginx = start_nginx("location / { proxy_pass http://services; }", f"upstream services {{ random; {servers} }}")
    rules = run_program.folder / "gate.yml"
    rules.write_text(
        "gate: { warmup: 0, watch: 10s, rate: 20/s, converge: { timeout: 12s, rate: 20/s } }\n"
        "rules: [ { name: outage, if: down for 2s } ]\n"
    )
    ended, found = gate(f"{nginx.url}/health", str(rules))
    assert (ended.returncode, found["converge"]["converged"]) == (4, False)
    assert found["converge"]["served"][OLD[:12]] >= 1


def test_a_rolling_restart_behind_nginx_passes(run_program, backend, start_nginx, gate_yml, eventually):
    replicas = [backend(NEW) for _ in range(3)]
    servers = "".join(f"server 127.0.0.1:{each.port} fail_timeout=1s; " for each in replicas)
    nginx = start_nginx("location / { proxy_pass http://services; }", f"upstream services {{ {servers} }}")
    rules = gate_yml(OUTAGE, 'if: "availability < 90%", judge: threshold')
    args = ("--rules", rules, "--expect-revision", NEW, "--watch", "30s", "--json")
    with run_program.start("gate", f"{nginx.url}/health", *args) as process:
        for replica in replicas:
            eventually(lambda each=replica: each.asked >= 40, what="the replica to be asked")
            replica.stop()
            again = backend(NEW, port=replica.port)
            eventually(lambda each=again: each.asked >= 1, what="nginx to ask the new one")
        out, err = process.communicate(timeout=200)
    assert (process.returncode, json.loads(out)["verdict"]) == (0, "pass"), err.decode()


def test_a_re_run_of_a_bad_deploy_is_never_a_verified_rollback(run_program, backend, gate_yml):
    service = backend(NEW)
    service.answer_from(150, lambda handler: handler.send_error(503))
    more = "actions: { rollback: { run: 'touch rolled; : $CI_REPORTER_LAST_GOOD', verify: true } }"
    rules = gate_yml(f"{OUTAGE}, then: rollback", more=more)
    args = ("--rules", rules, "--expect-revision", NEW, "--window", "3s", "--json")
    ended = run_program("gate", "around", service.url, *args, "--", sys.executable, "-c", "")
    found = json.loads(ended.stdout)
    assert (ended.returncode, found["rollback"]["verified"]) == (6, False), ended.stderr
    assert not (run_program.folder / "rolled").exists()
    assert "rollback: the last good revision is not known: the baseline already serves c0ffee123456" in ended.stderr
