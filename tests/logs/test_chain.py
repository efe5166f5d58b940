"""From the pipeline's environment through HTTP to a service, its threads, its processes and its SQL: one run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
import urllib.error
import urllib.request

import pytest

SHOP = """
import logging, subprocess, sqlite3, sys, threading
import structlog
from ci_reporter import logs

logs.configure("shop", revision="c0ffee")
log = structlog.get_logger("shop")
CHILD = "import sys; from ci_reporter import logs; logs.configure('job'); import logging; logging.warning('child')"
path = "/" if len(sys.argv) < 3 else sys.argv[2]


def work(path):
    if path == "/boom":
        raise KeyError("boom")
    log.info("order taken", path=path)
    thread = threading.Thread(target=logs.in_context(lambda: log.info("mail sent")))
    thread.start()
    thread.join()
    subprocess.run([sys.executable, "-c", CHILD], env=logs.environment(), check=True)
    log.info("sql", statement=logs.with_comment("SELECT 1"))
"""
WSGI = """
from wsgiref.simple_server import make_server

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    work(environ["PATH_INFO"])
    yield b"o"
    log.info("while sending")
    yield b"k"

with make_server("127.0.0.1", int(sys.argv[1]), logs.WsgiMiddleware(app)) as server:
    server.serve_forever()
"""
ASGI = """
import asyncio, uvicorn

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await asyncio.to_thread(work, scope["path"])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"o", "more_body": True})
    await asyncio.create_task(later())
    await send({"type": "http.response.body", "body": b"k"})

async def later():
    log.info("while sending")

uvicorn.run(logs.AsgiMiddleware(app), host="127.0.0.1", port=int(sys.argv[1]), log_config=None)
"""
CLIENTS = {
    "requests": "import requests; print(logs.requests_session(requests.Session()).get(url).text)",
    "httpx": "import httpx; print(httpx.Client(timeout=60,event_hooks={'request': [logs.httpx_hook()]}).get(url).text)",
    "urllib": """
        import urllib.request
        print(urllib.request.build_opener(logs.UrllibHandler()).open(url).read().decode())
    """,
}
MESSAGES = ["order taken", "mail sent", "child", "sql", "while sending"]


@pytest.fixture(params=[WSGI, ASGI], ids=["wsgiref", "uvicorn"])
def service(request, tmp_path, free_port, eventually):
    """A service, and what it has logged so far."""
    port, log = free_port(), tmp_path / "shop.log"
    (tmp_path / "shop.py").write_text(SHOP + request.param)
    with log.open("wb") as file:
        process = subprocess.Popen([sys.executable, tmp_path / "shop.py", str(port)], stderr=file)

    def answers():
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30).close()
        except OSError:
            return False
        return True

    def lines():
        return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]

    eventually(answers, what="the service to answer")
    yield f"http://127.0.0.1:{port}", lines
    process.terminate()
    process.wait()


@pytest.mark.parametrize("client", CLIENTS.values(), ids=list(CLIENTS))
def test_every_line_a_request_causes_names_the_run_and_its_trace(service, script, eventually, trace, client):
    url, lines = service
    call = f"from ci_reporter import logs\nlogs.configure('e2e')\nurl = '{url}/order'\n" + textwrap.dedent(client)
    assert script(call, CI_RUN_ID="r-1", TRACEPARENT=trace[1]).stdout == "ok\n"

    def ours():
        return [line for line in lines() if line.get("ci_run_id") == "r-1"]

    eventually(lambda: MESSAGES[-1] in [line["message"] for line in ours()], what="the lines")
    assert [line["message"] for line in ours() if line["message"] in MESSAGES] == MESSAGES
    assert {line["trace_id"] for line in ours()} == {trace[0]}
    (sql,) = [line["statement"] for line in ours() if "statement" in line]
    assert sql == f"SELECT 1 /*ci_run_id='r-1',traceparent='{trace[1]}'*/"


@pytest.mark.parametrize("service", [ASGI], indirect=True, ids=["uvicorn"])
def test_an_exception_the_server_logs_names_the_run(service, eventually):
    url, lines = service
    with pytest.raises(urllib.error.HTTPError, match="500"):
        urllib.request.urlopen(urllib.request.Request(f"{url}/boom", headers={"X-CI-Run-ID": "r-1"}), timeout=30)
    (line,) = eventually(lambda: [each for each in lines() if "exception" in each], what="the exception")
    assert (line["ci_run_id"], line["logger"]) == ("r-1", "uvicorn.error")


@pytest.mark.parametrize("service", [ASGI], indirect=True, ids=["uvicorn"])
def test_uvicorns_lines_have_no_terminal_escapes(service, eventually):
    _, lines = service
    eventually(lambda: [each for each in lines() if each["logger"].startswith("uvicorn")], what="uvicorn's lines")
    assert not [line for line in lines() if "color_message" in line or "\x1b" in str(line)]


def test_a_hostile_request_is_a_request_without_a_run(service, eventually):
    url, lines = service
    sent = {"X-CI-Run-ID": "x" * 5000, "traceparent": "00-' OR 1=1", "baggage": "ci_run_id=%1B%5B2J,a=" + "b" * 20000}
    urllib.request.urlopen(urllib.request.Request(f"{url}/hostile", headers=sent), timeout=30).close()

    def found():
        return [line for line in lines() if line.get("path") == "/hostile"]

    (line,) = eventually(found, what="the line")
    assert "ci_run_id" not in line
    assert re.fullmatch("[0-9a-f]{32}", line["trace_id"])


def test_a_request_without_a_run_gets_a_trace_of_its_own(service, eventually):
    url, lines = service
    for path in ("/1", "/2"):
        urllib.request.urlopen(url + path, timeout=30).close()

    def traces():
        found = {line.get("path"): line["trace_id"] for line in lines()}
        return found.keys() >= {"/1", "/2"} and found

    found = eventually(traces, what="the lines")
    assert found["/1"] != found["/2"]


def test_the_lines_of_the_run_are_found(service, script, run_program, eventually, tmp_path):
    url, lines = service
    request = urllib.request.Request(url, headers={"X-CI-Run-ID": "r-1"})
    urllib.request.urlopen(request, timeout=30).close()
    eventually(
        lambda: MESSAGES[-1] in [each["message"] for each in lines() if each.get("ci_run_id") == "r-1"], what="it"
    )
    ended = run_program("logs", "--run", "r-1", str(tmp_path / "shop.log"))
    found = [json.loads(line)["message"] for line in ended.stdout.splitlines()]
    assert [message for message in found if message in MESSAGES] == MESSAGES
