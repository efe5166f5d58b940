"""`ci-reporter hub serve` as people run it: it starts, says who may reach it, and stops without loss."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import signal
import socket
import sqlite3
import threading
import time
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from tests.hubs import running_hub

MINIMAL = {"pipeline_id": "17", "job_name": "unit", "duration_ms": 1200, "exit_code": 0, "coverage_pct": 93.1}


@pytest.fixture
def start_hub(tmp_path):
    return lambda **env: running_hub(tmp_path, **env)


def lines(hub):
    return [json.loads(line) for line in hub.log.read_text().splitlines()]


def test_it_is_useful_without_any_set_up(start_hub):
    with start_hub() as hub:
        assert hub.post(MINIMAL) == (202, {"stored": 1, "known": 0})
        assert json.loads(hub.get("/health"))["status"] == "pass"
        assert hub.get("/livez")
        assert b'ci_hub_reports_total{outcome="stored"} 1' in hub.get("/metrics")
        said = [line["message"] for line in lines(hub)]
    assert f"the hub listens on {hub.url} and keeps reports in {hub.database}" in said
    assert any("only this machine can reach the hub" in each for each in said)


def test_metrics_come_as_the_scraper_asks_for_them(start_hub, promtool_says):
    with start_hub() as hub:
        hub.post(MINIMAL)
        text = hub.get("/metrics").decode()
        assert promtool_says(text) == ""
        assert 'ci_step_runs_total{ci_job="unit",step="unit",branch="other",result="success"} 1' in text
        accept = {"Accept": "application/openmetrics-text; version=1.0.0", "Accept-Encoding": "gzip"}
        zipped = hub.get("/metrics", **accept)
    families = {each.name for each in parse_openmetrics(gzip.decompress(zipped).decode())}
    assert families >= {"ci_step_runs", "ci_hub_commit_seconds", "ci_step_success", "process_cpu_seconds"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told_to_and_leaves_one_file(start_hub, number):
    with start_hub() as hub:
        hub.post(MINIMAL)
        assert hub.stop(number) == 0
        assert lines(hub)[-1]["message"].startswith("the hub has stopped")
        left = sorted(each.name for each in hub.database.parent.glob("hub.db*"))
    assert left == ["hub.db", "hub.db-lock"]


def test_a_signal_while_it_starts_stops_it(run_program):
    hub = run_program.start("hub", "serve", "--listen", "127.0.0.1:0")
    assert b"the hub listens on" in hub.stderr.readline()
    hub.terminate()
    _, rest = hub.communicate(timeout=60)
    assert hub.returncode == 0, rest


def test_each_report_acknowledged_under_load_is_there_after_sigterm(start_hub):
    with start_hub() as hub:
        acknowledged = load(hub, hub.stop)
    assert acknowledged
    assert acknowledged - kept(hub) == set()


@pytest.mark.slow
def test_no_report_that_was_acknowledged_is_lost_by_kill(start_hub):
    acknowledged = set()
    with start_hub() as hub:
        for attempt in range(3):
            acknowledged |= load(hub, lambda: hub.stop(signal.SIGKILL), name=str(attempt), reports=100 + 100 * attempt)
            hub.start()
        hub.stop()
    assert len(acknowledged) >= 600
    assert acknowledged - kept(hub) == set()
    with closing(sqlite3.connect(hub.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        counted = connection.execute("SELECT sum(runs) FROM total").fetchone()
        assert counted == connection.execute("SELECT count(*) FROM report").fetchone()


def load(hub, end, name="", reports=100):
    """The ids of reports that were acknowledged until the hub was ended, which comes after so many of them."""
    acknowledged = set()
    enough = threading.Event()

    def send(worker):
        with closing(HTTPConnection("127.0.0.1", hub.port, timeout=60)) as connection, suppress(OSError, HTTPException):
            for number in range(100_000):
                report_id = f"{name}-{worker}-{number}"
                body = json.dumps({**MINIMAL, "report_id": report_id})
                connection.request("POST", "/ci-report", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                if answer.status != 202:
                    return
                acknowledged.add(report_id)
                if len(acknowledged) >= reports:
                    enough.set()

    workers = [threading.Thread(target=send, args=(each,)) for each in range(8)]
    for each in workers:
        each.start()
    assert enough.wait(60)
    end()
    for each in workers:
        each.join(60)
    return acknowledged


def kept(hub):
    with closing(sqlite3.connect(hub.database)) as connection:
        return {each for (each,) in connection.execute("SELECT report_id FROM report")}


def test_a_secret_is_replaced_while_it_runs(start_hub, tmp_path, eventually):
    secrets = tmp_path / "secrets"
    secrets.write_text("the-old-secret-of-1")
    with start_hub(CI_REPORTER_HUB_SECRETS_FILE=str(secrets)) as hub:
        assert by_script(hub, "the-old-secret-of-1") == 202
        assert by_script(hub, "the-new-secret-of-2") == 401
        secrets.write_text("the-new-secret-of-2\n")
        eventually(lambda: by_script(hub, "the-new-secret-of-2") == 202, "the new secret to hold")
        assert by_script(hub, "the-old-secret-of-1") == 401


def by_script(hub, secret):
    body, stamp = json.dumps(MINIMAL).encode(), str(int(time.time()))
    signature = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return hub.post(body, X_CI_Timestamp=stamp, X_CI_Signature_256=f"sha256={signature}")[0]


WRONG_STARTS = {
    "open to all": (["--listen", "0.0.0.0:0"], 2, "without a secret anybody may send reports"),
    "all, in short": (["--listen", ":0"], 2, "0.0.0.0 can be reached from elsewhere"),
    "no port": (["--listen", "localhost"], 2, "'localhost' is not an address (write 127.0.0.1:8750"),
    "no such folder": (["--listen", "127.0.0.1:0", "--database", "no/hub.db"], 1, "No such file or directory"),
    "not a database": (["--listen", "127.0.0.1:0", "--database", "notes"], 1, "notes: it is not a SQLite database"),
}


@pytest.mark.parametrize(("arguments", "code", "said"), WRONG_STARTS.values(), ids=WRONG_STARTS)
def test_a_start_that_cannot_be_is_one_sentence(run_program, arguments, code, said):
    (run_program.folder / "notes").write_text("notes " * 1000)
    done = run_program("hub", "serve", *arguments)
    assert (done.returncode, len(done.stderr.splitlines())) == (code, 1)
    assert said in done.stderr


def test_a_port_that_is_taken_is_one_sentence(run_program):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run_program("hub", "serve", "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "Address already in use" in done.stderr


def test_secrets_with_a_mistake_are_one_sentence(run_program):
    done = run_program("hub", "serve", env={"CI_REPORTER_HUB_SECRETS": "hunter2"})
    assert done.returncode == 2
    assert "variable CI_REPORTER_HUB_SECRETS: line 1: a secret has 7 characters" in done.stderr
    assert "hunter2" not in done.stderr
