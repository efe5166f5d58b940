"""The real program pushes to the real Pushgateway, the real Prometheus scrapes it."""

from __future__ import annotations

import json

import pytest

from ci_reporter.metrics import FAMILIES, OVERHEAD, PUSH_FAILURES

pytestmark = pytest.mark.services

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_WORKFLOW": "CI",
    "GITHUB_JOB": "unit",
    "GITHUB_RUN_ID": "17012345678",
    "GITHUB_REF_NAME": "main",
    "GITHUB_SHA": "c0ffee" + "0" * 34,
}


@pytest.fixture
def push(run_program, pushgateway):
    """Run a step on GitHub that pushes to `pushgateway`."""

    def run(*args, env=None):
        return run_program("run", *args, env=GITHUB | {"CI_REPORTER_PUSHGATEWAY": pushgateway.url} | (env or {}))

    return run


def test_a_pushed_value_comes_back_by_promql(push, prometheus, query):
    assert push("--name", "unit", "--measure", "bundle_bytes=48123", "--", "true").returncode == 0
    (found,) = query(prometheus, 'ci_measure{job="ci_reporter", name="bundle_bytes"}')
    assert found["value"][1] == "48123"
    assert {name: value for name, value in found["metric"].items() if name not in ("__name__", "name")} == {
        "job": "ci_reporter",
        "repository": "acme/shop",
        "pipeline": "CI",
        "ci_job": "unit",
        "step": "unit",
        "branch": "main",
    }


def test_the_run_id_comes_back_whole_and_joins_where_asked_for(push, prometheus, query):
    push("--", "true", env={"CI_REPORTER_RUN_INFO": "true"})
    on = "on(job,repository,pipeline,ci_job,step,branch)"
    (found,) = query(prometheus, f"(ci_step_run_id == 17012345678) * {on} group_left(ci_run_id,revision) ci_run_info")
    assert (found["metric"]["ci_run_id"], found["metric"]["revision"]) == ("github-17012345678", GITHUB["GITHUB_SHA"])


def test_every_family_the_step_has_arrives(push, pushgateway, groups):
    push("--measure", "a=1", "--", "true")
    (group,) = groups(pushgateway)
    lacking = {each.name for each in (*FAMILIES, OVERHEAD, PUSH_FAILURES)} - set(group)
    assert {name for name in lacking if not name.startswith("ci_gate_")} == {"ci_coverage_ratio", "ci_tests"}
    assert group["last_push_successful"]


def test_what_the_gateway_serves_is_clean(push, pushgateway, promtool_says):
    push("--measure", "a=1", "--", "true", env={"CI_REPORTER_RUN_INFO": "true"})
    ours = [
        line for line in pushgateway.get("/metrics").decode().splitlines(True) if " ci_" in line or line[:3] == "ci_"
    ]
    assert promtool_says("".join(ours)) == ""


def test_a_dry_run_prints_what_would_be_sent(push, pushgateway, groups, promtool_says):
    ended = push("--dry-run", "--", "true", env={"CI_REPORTER_PUSHGATEWAY_TOKEN": "t0ken-t0ken"})
    head, _, body = ended.stdout.partition("\n\n")
    assert head.splitlines()[0].startswith(
        f"POST {pushgateway.url}/metrics/job@base64/Y2lfcmVwb3J0ZXI/repository@base64/"
    )
    assert head.splitlines()[1:] == [
        "Content-Type: text/plain; version=0.0.4; charset=utf-8",
        "Authorization: Bearer ***",
    ]
    assert promtool_says(body) == ""
    assert groups(pushgateway) == []


def test_a_failure_keeps_the_last_success_and_what_was_measured(push, pushgateway, values):
    push("--name", "s", "--measure", "a=7", "--", "true")
    before = values(pushgateway)
    push("--name", "s", "--", "false")
    after = values(pushgateway)
    kept = ("ci_step_last_success_timestamp_seconds", "ci_measure")
    assert [after[name] for name in kept] == [before[name] for name in kept]
    assert (after["ci_step_success"], after["ci_step_exit_code"]) == (0, 1)
    assert after["ci_step_last_completion_timestamp_seconds"] > before["ci_step_last_completion_timestamp_seconds"]


def test_a_failing_run_keeps_the_last_coverage(make_report, sink, pushgateway, values, deadline):
    coverage = {"unit": "line", "covered": 931, "total": 1000}
    sink(pushgateway).send(make_report(report_id="1", coverage=coverage), [], deadline)
    sink(pushgateway).send(make_report(report_id="2", exit_code=1), [], deadline)
    assert values(pushgateway)["ci_coverage_ratio"] == 0.931


@pytest.mark.parametrize("branch", ["feature/ü+?#..", ".", "..", "a%2Fb", "x" * 300, "分支"])
def test_a_branch_that_is_asked_for_keeps_its_name(push, pushgateway, groups, branch):
    push("--", "true", env={"GITHUB_REF_NAME": branch, "CI_REPORTER_BRANCHES": "*"})
    assert [each["labels"]["branch"] for each in groups(pushgateway)] == [branch]


@pytest.mark.parametrize(
    ("env", "label"),
    [
        ({"GITHUB_REF_NAME": "feature/x"}, "other"),
        ({"GITHUB_REF_NAME": "release/1.2"}, "release/1.2"),
        ({"GITHUB_REF": "refs/pull/12/merge", "GITHUB_HEAD_REF": "main"}, "pull_request"),
    ],
    ids=["feature", "release", "pull request"],
)
def test_a_branch_is_folded(push, pushgateway, groups, env, label):
    push("--", "true", env=env)
    assert [each["labels"]["branch"] for each in groups(pushgateway)] == [label]


def test_parallel_matrix_jobs_do_not_overwrite_each_other(run_program, pushgateway, groups):
    env = GITHUB | {"CI_REPORTER_PUSHGATEWAY": pushgateway.url}
    jobs = [
        run_program.start("run", "--measure", f"n={n}", "--", "true", env=env | {"CI_REPORTER_MATRIX": f'{{"n":{n}}}'})
        for n in range(8)
    ]
    assert [job.wait() for job in jobs if job.communicate()] == [0] * 8
    found = {each["labels"]["ci_job"]: each["ci_measure"]["metrics"][0]["value"] for each in groups(pushgateway)}
    assert found == {f"unit ({n})": str(n) for n in range(8)}


def test_a_label_budget_drops_counts_and_says(push, pushgateway, groups):
    measures = [word for n in range(30) for word in ("--measure", f"m{n}=1")]
    ended = push(*measures, "--", "true", env={"CI_REPORTER_LABEL_BUDGET": "20"})
    assert "28 label sets over the budget of 20 were not pushed (label_budget)" in ended.stderr
    (group,) = groups(pushgateway)
    sent = [each for name, each in group.items() if name.startswith("ci_")]
    assert sum(len(each["metrics"]) for each in sent) == 20
    assert ended.returncode == 0


def test_a_type_conflict_names_the_group_that_holds_the_other_type(push, pushgateway, gateway, deadline, run_program):
    foreign = {"job": "nightly", "team": "a/b"}
    gateway(pushgateway).push(foreign, b"ci_step_success 1\n", deadline)
    ended = push("--", "sh", "-c", "exit 3")
    assert ended.returncode == 3
    assert "answered 400: " in ended.stderr
    assert 'the group {job="nightly", team="a/b"} holds ci_step_success as untyped: delete that group' in ended.stderr
    assert run_program.spooled()[0]["reason"] in ended.stderr


def test_after_the_culprit_is_deleted_a_flush_delivers(push, pushgateway, gateway, deadline, run_program, values):
    gateway(pushgateway).push({"job": "nightly"}, b"ci_step_success 1\n", deadline)
    push("--", "true")
    gateway(pushgateway).delete({"job": "nightly"}, deadline)
    ended = run_program("flush", "--pushgateway", pushgateway.url)
    assert "1 of 1 waiting reports delivered, 0 left" in ended.stderr
    assert values(pushgateway)["ci_step_success"] == 1
    assert run_program.spooled() == []


def test_a_gateway_that_does_not_check_is_said(run_program, start_pushgateway, values):
    unchecked = start_pushgateway("--push.disable-consistency-check")
    ended = run_program("run", "--", "true", env={"CI_REPORTER_PUSHGATEWAY": unchecked.url})
    assert f"{unchecked.url} answered 202: accepted, unchecked" in ended.stderr
    assert (ended.returncode, run_program.spooled()) == (0, [])


def test_a_gateway_that_was_away_gets_it_by_flush(push, pushgateway, run_program, values):
    pushgateway.stop()
    assert push("--name", "s", "--", "true").returncode == 0
    assert "connection refused" in run_program.spooled()[0]["reason"]
    pushgateway.start()
    assert run_program("flush", env=GITHUB | {"CI_REPORTER_PUSHGATEWAY": pushgateway.url}).returncode == 0
    assert (values(pushgateway)["ci_step_success"], run_program.spooled()) == (1, [])


def test_a_gateway_that_was_away_gets_it_with_the_next_step(push, pushgateway, run_program, groups):
    pushgateway.stop()
    push("--name", "first", "--", "true")
    pushgateway.start()
    push("--name", "second", "--", "true")
    assert {each["labels"]["step"] for each in groups(pushgateway)} == {"first", "second"}
    assert run_program.spooled() == []


def test_what_we_know_of_ourselves_is_pushed(push, pushgateway, values):
    pushgateway.stop()
    push("--name", "s", "--", "true")
    pushgateway.start()
    push("--name", "s", "--", "true")
    found = values(pushgateway)
    assert found["ci_reporter_push_failures"] == 1
    assert 0 < found["ci_reporter_overhead_seconds"] < 5


def test_the_record_says_the_same_as_the_gateway(push, pushgateway, values, run_program):
    push("--", "sh", "-c", "exit 7")
    (record,) = run_program.records()
    found = values(pushgateway)
    assert (record["exit_code"], record["duration_ms"]) == (
        found["ci_step_exit_code"],
        found["ci_step_duration_seconds"] * 1000,
    )


def test_the_openmetrics_file_is_written_too(push, run_program):
    push("--name", "s", "--", "true", env={"CI_REPORTER_OPENMETRICS": "out/metrics.txt"})
    text = (run_program.folder / "out" / "metrics.txt").read_text()
    assert 'ci_step_exit_code{ci_job="unit",step="s"} 0.0' in text
    assert text.endswith("# EOF\n")


def test_json_and_record_agree(push, run_program):
    ended = push("--json", "--quiet", "--", "true")
    (record,) = run_program.records()
    record.pop("sinks")  # where it goes is the journal's, not the report's
    assert json.loads(ended.stdout) == record
    assert ended.stderr == ""
