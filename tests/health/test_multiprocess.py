"""Several worker processes are one service to Prometheus."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from ci_reporter.health import Health
from ci_reporter.health.multiprocess import Workers

SERVICE = """
from ci_reporter.health import Health
health = Health()
app = health.wsgi(lambda environ, start: (start("200 OK", [("Content-Length", "2")]), [b"ok"])[1])
"""
HOOK = "from ci_reporter.health.multiprocess import child_exit\n"


@pytest.fixture
def workers(tmp_path, free_ports, site, eventually):
    """gunicorn with two workers that share a folder for their metrics, and its process."""
    (tmp_path / "service.py").write_text(SERVICE)
    (tmp_path / "gunicorn.conf.py").write_text(HOOK)
    port = free_ports()
    argv = [sys.executable, "-m", "gunicorn", "-w", "2", "--bind", f"127.0.0.1:{port}", "service:app"]
    env = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics")}
    with subprocess.Popen(argv, cwd=tmp_path, env=env, stderr=subprocess.PIPE) as process:
        at = site(url=f"http://127.0.0.1:{port}")

        def answers():
            with suppress(OSError):
                return at("/livez").status == 200

        eventually(answers, "gunicorn to answer")
        yield at, process
        process.terminate()


def children_of(process):
    return [int(pid) for pid in subprocess.check_output(["pgrep", "-P", str(process.pid)]).split()]


def requests_of(at):
    return sum(value for name, value in at.samples().items() if name.startswith("http_requests_total"))


def test_a_scrape_sums_over_the_workers(workers, eventually):
    at, _ = workers
    for _ in range(40):
        at("/")
    eventually(lambda: requests_of(at) == 40, "every request to be counted")  # the last one ends after its answer
    assert at.samples()["http_requests_in_progress"] == 0


def test_what_an_ended_worker_counted_still_counts(workers, eventually):
    at, process = workers
    for _ in range(20):
        at("/")
    eventually(lambda: requests_of(at) == 20, "every request to be counted")
    before = children_of(process)
    os.kill(before[0], signal.SIGKILL)
    eventually(lambda: len(children_of(process)) == 2 and children_of(process) != before, "a new worker")
    assert requests_of(at) == 20


def test_a_worker_that_has_only_made_its_file_does_not_fail_a_scrape(tmp_path):
    registry = CollectorRegistry()
    Workers(registry, str(tmp_path))
    (tmp_path / "counter_1.db").touch()
    assert generate_latest(registry) == b""


def test_one_process_tells_of_itself(endpoints):
    samples = endpoints(Health())("/metrics").body.decode()
    assert "process_resident_memory_bytes " in samples
    assert "python_info{" in samples
