"""The gate's other commands and sides: around, baseline, aa, replay, PromQL, cancelling, progress, evidence."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from contextlib import suppress
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

NEW, OLD = "c0ffee1234567", "01dbeef234567"
ALWAYS = 'if: "down for 2s"'


def test_around_records_deploys_and_watches(run_program, backend, gate_yml):
    service = backend(OLD)
    rules = gate_yml(ALWAYS)

    def act(handler):
        service.revision = NEW if handler.path == "/deploy" else service.revision
        service.answer(handler)

    service.act = act
    deploy = f"import urllib.request\nurllib.request.urlopen('http://127.0.0.1:{service.port}/deploy')\n"
    (run_program.folder / "deploy.py").write_text(f"print('deploying')\n{deploy}")
    args = ("--rules", rules, "--window", "2s", "--watch", "5s", "--expect-revision", NEW)
    ended = run_program("gate", "around", service.url, *args, "--", sys.executable, "deploy.py")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("deploying\n")
    assert "beside the deploy and the rollout this takes 7 s, and at most 52 s in all" in ended.stderr
    assert [each["step"] for each in run_program.records()] == ["deploy", "gate"]


def test_around_does_not_watch_a_deploy_that_failed(run_program, backend, gate_yml):
    service = backend(NEW)
    args = ("--rules", gate_yml(ALWAYS), "--window", "1s", "--expect-revision", NEW)
    ended = run_program("gate", "around", service.url, *args, "--", "sh", "-c", "exit 5")
    assert ended.returncode == 7
    assert "gate: fail: the deploy command failed with exit code 5, so nothing was watched" in ended.stdout
    assert [(each["step"], each["exit_code"]) for each in run_program.records()] == [("deploy", 5), ("gate", 7)]


def test_around_without_a_command_is_a_usage_error(run_program):
    ended = run_program("gate", "around", "http://127.0.0.1:1/")
    assert (ended.returncode, ended.stderr) == (
        2,
        "ci-reporter: gate around: no command (write it behind --: gate around URL -- ./deploy.sh)\n",
    )


def test_a_baseline_of_a_service_that_is_not_there_stops_no_deploy(run_program, gate_yml, free_port):
    url = f"http://127.0.0.1:{free_port()}/"
    args = ("--rules", gate_yml(ALWAYS), "--window", "1s", "--out", "before.ndjson")
    ended = run_program("gate", "baseline", url, *args)
    assert ended.returncode == 0
    assert "20 of 20 probes failed" in ended.stderr
    assert '"reason": "connection refused"' in (run_program.folder / "before.ndjson").read_text()


def test_a_recording_judged_offline_gives_the_same_verdict(run_program, backend, gate_yml):
    service = backend(NEW)
    rules = gate_yml('if: "availability < 99%"', ALWAYS)
    args = ("--rules", rules, "--expect-revision", NEW, "--json", "--out", "after.ndjson")
    live = json.loads(run_program("gate", service.url, *args).stdout)
    judged = json.loads(run_program("gate", "judge", "--watch", "after.ndjson", "--rules", rules, "--json").stdout)
    assert {key: live[key] for key in ("verdict", "decided_at_s", "rules")} == {
        key: judged[key] for key in ("verdict", "decided_at_s", "rules")
    }


def test_last_good_is_the_baseline_of_the_next(run_program, backend, gate_yml):
    service = backend(NEW)
    rules = gate_yml(ALWAYS, gate="  baseline: { fallback: last-good }")
    args = (service.url, "--rules", rules, "--expect-revision", NEW, "--watch", "3s")
    first, second = (run_program("gate", *args) for _ in range(2))
    assert "no gate has passed here yet" in first.stdout
    assert "baseline: the last good watch," in second.stderr


def test_replay_says_what_rules_would_have_made_of_past_deploys(run_program, backend, gate_yml):
    service = backend(NEW)
    args = (service.url, "--rules", gate_yml(ALWAYS), "--expect-revision", NEW, "--watch", "3s")
    assert run_program("gate", *args).returncode == 0
    ended = run_program("gate", "replay", "--rules", gate_yml('if: "down for 1s"'))
    assert ended.returncode == 0
    assert "would have failed 0 of your last 1 good deploys" in ended.stdout


def test_replay_without_a_past_says_so(run_program):
    ended = run_program("gate", "replay")
    assert ended.returncode == 2
    assert "no gate is kept in" in ended.stderr


def test_aa_reports_false_alarms_and_a_noise_floor(run_program, gate_yml, write_recording):
    recording = write_recording("long.ndjson", phase="baseline", seconds=600, rate=5)
    rules = gate_yml('if: "http_latency_p95 > +10%"')
    args = ("http://127.0.0.1:1/", "--rules", rules, "--watch", "2m", "--recording", recording, "--json")
    found = json.loads(run_program("gate", "aa", *args).stdout)
    assert (found["pairs"], found["independent"], found["failed"]) == (13, 2, 0)
    assert found["noise_floor"] in (0.3, 0.5)


def test_aa_says_when_it_is_too_short(run_program, backend, gate_yml):
    args = (backend(NEW).url, "--rules", gate_yml(ALWAYS), "--for", "1s")
    ended = run_program("gate", "aa", *args)
    assert ended.returncode == 2
    assert "too short: one baseline and one watch are 130 s (raise --for)" in ended.stderr


def test_a_cancelled_gate_leaves_its_record_and_no_prober(run_program, backend, gate_yml, eventually):
    service = backend(NEW)
    process = run_program.start("gate", service.url, "--rules", gate_yml(ALWAYS), "--expect-revision", NEW)
    eventually(lambda: service.asked > 10, what="the first probes")
    probers = children(process.pid)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=280)
    assert process.returncode == 143
    (record,) = run_program.records()
    assert (record["result"], record["signal"]) == ("cancellation", "TERM")
    assert probers
    eventually(lambda: not any(map(alive, probers)), what="the prober to end")


def test_a_gate_whose_prober_dies_decides_nothing(run_program, backend, gate_yml, eventually):
    service = backend(NEW)
    process = run_program.start("gate", service.url, "--rules", gate_yml(ALWAYS), "--expect-revision", NEW)
    eventually(lambda: service.asked > 10, what="the first probes")
    for child in children(process.pid):
        os.kill(child, signal.SIGKILL)
    _, err = process.communicate(timeout=280)
    assert process.returncode == 3
    assert b"the prober has ended" in err
    (record,) = run_program.records()
    assert (record["result"], record["exit_code"]) == ("error", 3)


def children(pid):
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout
    return [int(each) for each in listed.split()]


def alive(pid):
    with suppress(OSError):
        return b") Z " not in Path(f"/proc/{pid}/stat").read_bytes()
    return False


def test_a_killed_gate_leaves_no_prober(run_program, backend, gate_yml, eventually):
    service = backend(NEW)
    process = run_program.start("gate", service.url, "--rules", gate_yml(ALWAYS), "--expect-revision", NEW)
    eventually(lambda: service.asked > 10, what="the first probes")
    probers = children(process.pid)
    process.kill()
    process.communicate(timeout=280)
    assert probers
    eventually(lambda: not any(map(alive, probers)), what="the prober to end")
    ended = run_program("summary", "--all")
    assert "gate" in ended.stdout


def test_a_bad_certificate_is_named(run_program, start_nginx, gate_yml, tmp_path, free_port):
    key, certificate, port = tmp_path / "key.pem", tmp_path / "cert.pem", free_port()
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    tls = f"listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};"
    start_nginx(f"{tls} location / {{ return 200 'ok'; }}")
    ended = run_program(
        *("gate", f"https://localhost:{port}/", "--rules", gate_yml(ALWAYS, converge="3s")),
        *("--expect-revision", "none", "--json"),
    )
    assert ended.returncode == 4
    assert "certificate is not trusted: self-signed certificate" in json.loads(ended.stdout)["converge"]["statement"]


def test_a_certificate_of_ones_own_is_trusted_where_it_is_named(
    run_program, start_nginx, gate_yml, tmp_path, free_port
):
    key, certificate, port = tmp_path / "key.pem", tmp_path / "cert.pem", free_port()
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=shop"]
    names = ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*made, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    tls = f"listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};"
    start_nginx(f"{tls} location / {{ return 200 'ok'; }}")
    rules = gate_yml(ALWAYS, gate=f"  ca: {certificate}\n  family: ipv4")
    ended = run_program(
        "gate", f"https://localhost:{port}/", "--rules", rules, "--watch", "3s", "--expect-revision", "none"
    )
    assert ended.returncode == 0, ended.stdout


def test_a_terminal_sees_one_live_line(run_program, backend, gate_yml):
    service = backend(NEW)
    ours, theirs = pty.openpty()
    args = ("gate", service.url, "--rules", gate_yml(ALWAYS), "--expect-revision", NEW, "--watch", "3s")
    process = run_program.start(*args, stderr=theirs, env={"TERM": "xterm", "COLUMNS": "150"})
    os.close(theirs)
    process.communicate(timeout=280)
    seen = b""
    try:
        while chunk := os.read(ours, 65536):
            seen += chunk
    except OSError:
        pass
    os.close(ours)
    lines = re.findall(r"\r\x1b\[K(converge ✓ ▸ watch  [━╌]{12} 0:0\d left  [^\r]*)", seen.decode())
    assert len(lines) > 3, seen.decode()
    assert re.search(r"[▁-█]+  20\.0/s  p50 .* ms  p95 .* ms  errors 0 of \d+$", lines[-1])
    assert b"\r\x1b[Kci-reporter: gate" in seen


def test_a_baseline_that_cannot_be_written_is_refused_before_it_is_probed(run_program, backend):
    service = backend()
    ended = run_program("gate", "baseline", service.url, "--out", "/proc/nowhere/before.ndjson")
    assert (ended.returncode, service.asked) == (2, 0)
    assert "--out: cannot write /proc/nowhere/before.ndjson: No such file or directory" in ended.stderr


def test_a_baseline_that_cannot_be_written_in_the_end_has_its_record(run_program, backend, eventually):
    service = backend()
    process = run_program.start("gate", "baseline", service.url, "--window", "12s", "--out", "before.ndjson")
    eventually(lambda: service.asked > 3, what="the first probes")
    (run_program.folder / "before.ndjson").mkdir()
    _, err = process.communicate(timeout=100)
    (record,) = run_program.records()
    assert (process.returncode, record["result"], record["exit_code"]) == (1, "error", 1)
    assert record["reason"] == "cannot write before.ndjson: Is a directory"
    assert record["reason"] in err.decode()


def test_a_log_sees_a_line_every_ten_seconds(run_program, backend, gate_yml):
    service = backend(NEW)
    rules = gate_yml(ALWAYS)
    ended = run_program("gate", service.url, "--rules", rules, "--expect-revision", NEW, "--watch", "15s")
    assert re.findall(r"^gate: watch (0:1\d) of 0:15 ", ended.stderr, re.MULTILINE) == ["0:10"]


def test_the_evidence_is_written_where_it_is_wanted(run_program, backend, gate_yml):
    service = backend(NEW)
    args = ("--rules", gate_yml(ALWAYS), "--expect-revision", NEW, "--watch", "3s")
    outputs = ("--junit", "reports/gate.xml", "--out", "recordings/watch.ndjson")
    ended = run_program("gate", service.url, *args, *outputs, env={"GITHUB_STEP_SUMMARY": "summary.md"})
    assert ended.returncode == 0
    assert (run_program.folder / "recordings/watch.ndjson").exists()
    (case,) = ET.parse(run_program.folder / "reports/gate.xml").iter("testcase")
    assert (case.get("name"), case.find("failure")) == ("rule0", None)
    assert "### ✅ gate: pass" in (run_program.folder / "summary.md").read_text()
    kept = next((run_program.state / "gate").iterdir())
    assert {each.name for each in kept.iterdir()} == {"watch.ndjson", "summary.md", "verdict.json"}


def test_ci_gate_metrics_arrive(run_program, backend, gate_yml, pushgateway):
    service = backend(NEW)
    args = ("--rules", gate_yml(ALWAYS), "--expect-revision", NEW, "--watch", "3s")
    run_program("gate", service.url, *args, env={"CI_REPORTER_PUSHGATEWAY": pushgateway.url})
    text = pushgateway.get("/metrics").decode()
    assert re.search(r'^ci_gate_verdict\{.*verdict="pass"\} 1$', text, re.MULTILINE)
    assert re.search(r'^ci_gate_rule_failed\{.*rule="rule0".*\} 0$', text, re.MULTILINE)
    assert re.search(r'^ci_gate_latency_seconds\{.*percentile="p95".*window="watch"\} 0\.', text, re.MULTILINE)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "gate: there is nothing to probe (name the service: ci-reporter gate https://svc/health)"),
        (("ftp://svc/",), "URL: 'ftp://svc/' is not an http(s) address"),
        (("http://u:geheim@svc/",), "holds a user or password"),
        (("http://127.0.0.1:1/", "--watch", "5x"), "option --watch: '5x' is not a duration"),
        (("http://127.0.0.1:1/", "--rate", "10"), "option --rate: '10' is not a rate (write 10/s, or 12/m)"),
        (("http://127.0.0.1:1/", "--expect-revision", "abc"), "option --expect-revision: 'abc' is not a commit"),
        (("http://127.0.0.1:1/", "--rules", "nope.yml"), "nope.yml: cannot be read: No such file or directory"),
        (
            ("http://127.0.0.1:1/", "--expect-revision", "none", "--baseline", "nope"),
            "nope: cannot be read: No such file or directory",
        ),
        (("http://127.0.0.1:1/",), "the commit that was deployed is not known here"),
        (
            ("http://127.0.0.1:1/", "--rules", "secret.yml"),
            "header Authorization: $SHOP_TOKEN is not set (set SHOP_TOKEN,",
        ),
    ],
    ids=["nothing", "ftp", "password", "watch", "rate", "revision", "rules", "baseline", "auto", "header"],
)
def test_a_wrong_setting_is_refused_before_anything_is_probed(run_program, args, said):
    rules = 'gate: { headers: { Authorization: "Bearer $SHOP_TOKEN" } }\nrules: [ { if: "error_rate > 1%" } ]\n'
    (run_program.folder / "secret.yml").write_text(rules)
    ended = run_program("gate", "watch", *args)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert "geheim" not in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_watch_too_short_for_its_rules_is_said_before_the_deploy(run_program, backend):
    service = backend(OLD)
    args = ("gate", "around", service.url, "--watch", "10s", "--expect-revision", NEW, "--", "touch", "deployed")
    ended = run_program(*args)
    assert ended.returncode == 2
    assert "it needs 45 s of watch, and there are 20 s (write watch: 45s)" in ended.stderr
    assert not (run_program.folder / "deployed").exists()
    assert (service.asked, run_program.records()) == (0, [])


def test_a_baseline_file_too_short_for_its_rules_is_said_before_the_first_probe(run_program, backend, write_recording):
    service = backend(NEW)
    before = write_recording("before.ndjson", "baseline", seconds=5)
    ended = run_program("gate", service.url, "--baseline", before, "--expect-revision", NEW)
    assert (ended.returncode, service.asked) == (2, 0)
    assert "with a baseline of 5 s (write a window of 10 s" in ended.stderr
