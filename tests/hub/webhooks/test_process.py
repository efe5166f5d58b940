"""A hub as people run it: what a webhook was answered for is there after kill -9."""

from __future__ import annotations

import json
import signal
import urllib.request

from tests.hub.webhooks import payloads
from tests.hub.webhooks.conftest import SECRET, signed
from tests.hubs import running_hub


def test_what_was_acknowledged_is_there_after_a_kill(tmp_path):
    body = json.dumps(payloads.github_run("in_progress", None)).encode()
    headers = {
        "X-GitHub-Event": "workflow_run",
        "X-Hub-Signature-256": signed(body),
        "Content-Type": "application/json",
    }
    with running_hub(tmp_path, CI_REPORTER_HUB_WEBHOOK_SECRETS=SECRET) as hub:
        with urllib.request.urlopen(urllib.request.Request(f"{hub.url}/webhooks/github", body, headers)) as answer:
            assert answer.status == 202
        hub.stop(signal.SIGKILL)
        hub.start()
        (found,) = json.loads(hub.get("/api/v1/runs?status=running"))["items"]
        assert (found["ci_run_id"], found["result"]) == ("github-17-1", None)
        assert b'ci_pipeline_running{repository="acme/shop",pipeline="CI",branch="main"} 1' in hub.get("/metrics")
