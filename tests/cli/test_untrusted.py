"""`ci-reporter collect --untrusted`, as a workflow `on: workflow_run` calls it."""

import json

EVENT = {
    "workflow_run": {"id": 7, "name": "CI", "event": "pull_request", "run_started_at": "2026-11-21T12:00:00Z"},
    "repository": {"full_name": "acme/shop"},
}
THEIRS = {"ci_run_id": "github-1-1", "repository": "evil/x", "job_name": "unit", "step": "tests", "exit_code": 0}
TIMES = {"started_at": "2026-11-21T12:00:01Z", "finished_at": "2026-11-21T12:00:09Z"}


def test_records_of_the_run_that_started_this_one_are_taken(run_program):
    lines = [
        json.dumps(THEIRS | TIMES),
        "garbage",
        json.dumps(THEIRS | TIMES | {"finished_at": "2099-01-01T00:00:00Z"}),
    ]
    (run_program.folder / "theirs").mkdir()
    (run_program.folder / "theirs/steps.ndjson").write_text("\n".join(lines) + "\n")
    (run_program.folder / "event.json").write_text(json.dumps(EVENT))
    env = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(run_program.folder / "event.json")}
    done = run_program("collect", "--untrusted", "theirs/**/steps.ndjson", env=env)
    assert done.returncode == 0
    assert "1 record of github-7-1 (pull_request) taken, 1 left out" in done.stderr
    assert [(each["ci_run_id"], each["repository"]) for each in run_program.records()] == [("github-7-1", "acme/shop")]


def test_nothing_else_goes_with_it(run_program):
    done = run_program("collect", "--untrusted", "x", "--from-api")
    assert (done.returncode, "goes with nothing else" in done.stderr) == (2, True)
