"""A hub that tells people: as a process, with a real channel, killed and started again."""

from __future__ import annotations

import json
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.conftest import eventually
from tests.hubs import Hub

CONFIG = """
alerts:
  - { name: main is red, branch: main, if: result == failure, then: webhook }
"""


class Receiver:
    """What takes Standard Webhooks as it should: it keeps ids, and a message that it has is not a second one."""

    def __init__(self) -> None:
        self.taken: dict[str, dict] = {}
        self.is_open = threading.Event()
        self.is_open.set()
        self.begun = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.begun.set()
                outer.is_open.wait(30)
                outer.taken[self.headers["webhook-id"]] = json.loads(body)
                try:
                    self.send_response(204)
                    self.end_headers()
                except OSError:  # who sent it was killed meanwhile
                    pass

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def said(self) -> list[str]:
        return [each["type"] for each in self.taken.values()]

    def close(self) -> None:
        self.is_open.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver():
    found = Receiver()
    yield found
    found.close()


@pytest.fixture
def hub(tmp_path, receiver):
    (tmp_path / "hub.yml").write_text(CONFIG)
    env = {"CI_REPORTER_HUB_CONFIG": str(tmp_path / "hub.yml"), "CI_REPORTER_WEBHOOK": receiver.url}
    found = Hub(tmp_path, env)
    yield found.start()
    if found.process and found.process.poll() is None:
        found.stop()


def report(hub, exit_code, branch="main", **more):
    status, _ = hub.post({"job_name": "unit", "branch": branch, "exit_code": exit_code, **more})
    assert status == 202


def test_a_hub_that_is_killed_while_it_sends_tells_each_thing_once(hub, receiver):
    receiver.is_open.clear()
    report(hub, 1)
    assert receiver.begun.wait(30)
    hub.stop(signal.SIGKILL)
    receiver.is_open.set()
    hub.start()
    report(hub, 1)
    report(hub, 0)
    eventually(lambda: "ci.alert.resolved" in receiver.said, "the end to be told")
    assert sorted(receiver.said) == ["ci.alert.firing", "ci.alert.resolved"]
