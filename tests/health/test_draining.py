"""From SIGTERM on readiness is red, while the service still answers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress

import pytest

SERVICE = """
import time
from ci_reporter.health import Health
health = Health(drain_s=30)
wsgi = health.wsgi(lambda environ, start: (start("200 OK", [("Content-Length", "2")]), [b"ok"])[1])
async def hello(scope, receive, send):
    if scope["type"] == "lifespan":
        for phase in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{phase}.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})
asgi = health.asgi(hello)
"""
SERVERS = {
    "gunicorn": ("-m", "gunicorn", "--bind", "127.0.0.1:{port}", "service:wsgi"),
    "uvicorn": ("-m", "uvicorn", "--port", "{port}", "service:asgi"),
}


@pytest.fixture(params=SERVERS)
def draining(request, tmp_path, free_ports, site, eventually):
    """A service that has been told to end, and its process."""
    (tmp_path / "service.py").write_text(SERVICE)
    port = free_ports()
    argv = [sys.executable, *(each.format(port=port) for each in SERVERS[request.param])]
    with subprocess.Popen(argv, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        at = site(url=f"http://127.0.0.1:{port}")

        def ready():
            with suppress(OSError):
                return at("/readyz").status == 200

        eventually(ready, f"{request.param} to be ready")
        told = process.pid
        if request.param == "gunicorn":  # its master stops listening; a worker is what Kubernetes' endpoint reaches
            told = int(subprocess.check_output(["pgrep", "-P", str(process.pid)]))
        os.kill(told, signal.SIGTERM)
        yield at, process
        process.kill()


def test_readiness_is_red_while_requests_are_still_answered(draining, eventually):
    at, _ = draining
    eventually(lambda: at("/readyz").status == 503, "a red readiness", within_s=25)
    assert at("/").status == 200
    assert at("/livez").status == 200


def test_no_delay_ends_a_plain_process_at_once():
    code = "import os, signal, time\nfrom ci_reporter.health import Health\nHealth().wsgi(None)\n"
    code += "os.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(30)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == -signal.SIGTERM
