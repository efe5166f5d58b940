"""A hub that polls, as people run it: what a CI system tells is on its pages, and stays there when that is gone."""

from __future__ import annotations

import json
import time

from tests.fakes.gitlab import FakeGitLab
from tests.fakes.server import in_thread, status
from tests.hubs import running_hub

NOW = time.time() - 600


def test_what_was_seen_is_answered_with_its_age_when_the_ci_system_is_gone(tmp_path, eventually):
    fake = FakeGitLab()
    fake.add("acme/shop", 1, "success", NOW)
    fake.add("acme/shop", 2, "failed", NOW + 60, ref="main")
    with in_thread(fake) as url:
        (tmp_path / "hub.yml").write_text(
            f"poll: {{targets: [{{provider: gitlab, url: {url}, repositories: acme/*, token_env: T, interval: 10s}}]}}"
        )
        env = {"CI_REPORTER_HUB_CONFIG": str(tmp_path / "hub.yml"), "T": fake.token, "CI_REPORTER_HUB_COMPAT": "gcpe"}
        with running_hub(tmp_path, **env) as hub:
            eventually(lambda: len(runs(hub)) == 2, "both runs to be seen")
            assert {each["result"] for each in runs(hub)} == {"success", "failure"}
            fake.faults.append(status(502, "<html>Bad gateway</html>"))
            told = hub.get("/metrics").decode()
            assert f'ci_data_age_seconds{{target="{url[7:]}/acme/shop"}} ' in told
            assert f'ci_upstream_requests_total{{host="{url[7:]}",code="200"}} ' in told
            assert 'gitlab_ci_pipeline_status{project="acme/shop",ref="main",kind="branch",status="failed"} 1' in told
            assert len(runs(hub)) == 2
            assert hub.stop() == 0


def test_a_token_that_cannot_be_used_is_one_sentence_before_anything_is_served(run_program):
    (run_program.folder / "hub.yml").write_text(
        "poll: {targets: [{provider: github, repositories: a/b, token_env: T}]}"
    )
    done = run_program("hub", "serve", "--listen", "127.0.0.1:0", "--config", "hub.yml")
    assert done.returncode == 2
    assert done.stderr == "ci-reporter: hub.yml line 1: token_env: the variable T is not set (set it, or T_FILE)\n"


def runs(hub):
    return json.loads(hub.get("/api/v1/runs"))["items"]
