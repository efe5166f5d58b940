"""Three hubs behind nginx on one PostgreSQL: whatever dies, nothing acknowledged is lost, and nothing counts twice."""

from __future__ import annotations

import json
import signal
import threading
import urllib.error
import urllib.request
from collections import Counter
from contextlib import ExitStack

import pytest

from tests.conftest import eventually
from tests.hub import postgres as servers
from tests.hubs import Hub
from tests.nginx import Nginx

REPORT = {"repository": "acme/shop", "pipeline": "CI", "branch": "main", "exit_code": 0, "duration_ms": 1200}
PROXY = """
location / {
  proxy_pass http://hubs;
  proxy_set_header Host $host;
  proxy_next_upstream error timeout http_503 non_idempotent;
}
"""
SENDERS = 6
JOBS = 5


class Load:
    """Senders that send each report until it is acknowledged, as a job's spool does."""

    def __init__(self, url):
        self._url = url
        self.acknowledged = set()
        self.refused = Counter()
        self._ends = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(SENDERS)]

    def start(self):
        for each in self._threads:
            each.start()

    def stop(self):
        self._ends.set()
        for each in self._threads:
            each.join(60)

    def goes_on(self, reports=60):
        """Wait until so many more were acknowledged."""
        wanted = len(self.acknowledged) + reports
        eventually(lambda: len(self.acknowledged) >= wanted, f"{wanted} reports to be taken; refused: {self.refused}")

    def _send(self, sender):
        for number in range(1_000_000):
            report_id = f"{sender}-{number}"
            report = {**REPORT, "report_id": report_id, "job_name": f"job{number % JOBS}"}
            while not self._is_taken(json.dumps(report).encode()):
                if self._ends.wait(0.01):
                    return
            self.acknowledged.add(report_id)
            if self._ends.is_set():
                return

    def _is_taken(self, body):
        request = urllib.request.Request(f"{self._url}/ci-report", body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status == 202
        except urllib.error.HTTPError as exc:
            with exc:
                self.refused[exc.code] += 1
        except OSError as exc:
            self.refused[type(exc).__name__] += 1
        return False


@pytest.fixture
def site(tmp_path, free_port):
    """The server of the database, three hubs, and nginx before them."""
    with ExitStack() as stack:
        database = stack.enter_context(servers.server())
        database.run("CREATE DATABASE hub")
        hubs = []
        for name in "abc":
            (tmp_path / name).mkdir()
            hubs.append(Hub(tmp_path / name, {}, database.url("hub")))
            stack.callback(end, hubs[-1])
        for hub in hubs:
            hub.start()
        upstream = "".join(f"server 127.0.0.1:{hub.port}; " for hub in hubs)
        (tmp_path / "nginx").mkdir()
        nginx = Nginx(tmp_path / "nginx", free_port(), PROXY, f"upstream hubs {{ {upstream} }}")
        stack.callback(nginx.stop)
        yield database, hubs, nginx.url


def end(hub):
    if hub.process and hub.process.poll() is None:
        hub.stop(signal.SIGKILL)


def series_of(hub):
    """The lines of /metrics that are of reports."""
    return [line for line in hub.get("/metrics").decode().splitlines() if line.startswith("ci_step_")]


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_when_hubs_and_the_database_die(site):
    database, hubs, url = site
    load = Load(url)
    load.start()
    try:
        load.goes_on()
        hubs[0].stop(signal.SIGKILL)
        load.goes_on()
        database.stop(signal.SIGQUIT)  # at once, as in a crash
        database.start()
        load.goes_on()
        hubs[0].port = 0
        hubs[0].start()
    finally:
        load.stop()
    kept = {report_id for (report_id,) in database.run("SELECT report_id FROM report", "hub")}
    assert load.acknowledged - kept == set()
    for table in ("total", "duration"):
        assert database.run(f"SELECT sum(runs) FROM {table}", "hub") == [(len(kept),)]
    eventually(lambda: series_of(hubs[0]) == series_of(hubs[1]) == series_of(hubs[2]), "the hubs to say the same")
    runs = sum(float(line.rpartition(" ")[2]) for line in series_of(hubs[0]) if line.startswith("ci_step_runs_total"))
    assert runs == len(kept)
