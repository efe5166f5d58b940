"""What is answered: runs, pipelines, deployments, figures, each from the reports it rests on."""

from __future__ import annotations

import pytest

from ci_reporter.model import rfc3339

NOW_S = 1_767_225_600.0  # the hub's clock
DAY_S = 86_400
DEPLOY = {"pipeline": "Deploy", "environment": "production", "job_name": "deploy", "step": "deploy"}


def gate(verdict):
    return {"verdict": verdict, "probes": 100, "rules": {"outage": verdict}}


def test_a_run_is_the_worst_of_its_steps(shop):
    run = shop.get("/runs/run-5").json
    assert (run["result"], run["results"], run["step_count"]) == ("failure", {"failure": 1, "success": 1}, 2)
    assert (run["duration_ms"], run["coverage_pct"]) == (11_000, 80.5)
    assert [each["step"] for each in run["steps"]] == ["pytest", "lint"]


def test_a_run_whose_start_is_not_known_has_no_duration(hub, make_flat):
    hub.add(make_flat(1), make_flat(2, ci_run_id="run-1", step="lint", duration_ms=None))
    run = hub.get("/runs/run-1").json
    assert (run["started_at"], run["duration_ms"]) == (None, None)


def test_runs_are_filtered_by_their_result(shop):
    assert {each["result"] for each in shop.items("/runs?result=failure&per_page=5")} == {"failure"}
    assert len(shop.items("/runs?result=failure&repository=acme/shop&per_page=5")) == 12


def test_an_id_that_two_repositories_have_needs_the_repository(shop):
    assert shop.get("/runs/run-1").status == 409
    assert shop.get("/runs/run-1?repository=acme/secret").json["repository"] == "acme/secret"


def test_steps_are_filtered_by_time(shop):
    found = shop.items("/steps?since=2025-12-31T23:50:00Z&until=2025-12-31T23:51:00Z")
    assert [each["report_id"] for each in found] == ["r0101", "r0100"]


RUN_IDS = {
    "no pipeline": ({"pipeline_id": 17}, "17"),
    "a pipeline": ({"pipeline_id": "17", "pipeline": "CI"}, "CI/17"),
    "an id": ({"pipeline_id": "17", "ci_run_id": "github-17-1"}, "github-17-1"),
    "nothing": ({}, None),
}


@pytest.mark.parametrize(("more", "run_id"), RUN_IDS.values(), ids=RUN_IDS)
def test_a_run_without_an_id_is_known_by_its_number(hub, more, run_id):
    hub.add({"job_name": "unit", "exit_code": 0, **more})
    assert hub.items("/steps")[0]["ci_run_id"] == run_id
    assert [each["ci_run_id"] for each in hub.items("/runs")] == [run_id] * bool(run_id)


def test_steps_are_filtered_by_run(shop):
    assert [each["report_id"] for each in shop.items("/steps?ci_run_id=run-3")] == ["r0007", "r0006"]


def test_a_branch_that_is_no_series_is_found(shop):
    found = shop.items("/steps?branch=feature/x")
    assert {each["branch"] for each in found} == {"feature/x"}
    assert len(found) == 30


def test_a_list_leaves_the_output_out(hub, make_flat):
    hub.add(make_flat(1, output_tail="Traceback"))
    assert "output_tail" not in hub.items("/steps")[0]
    assert hub.get("/steps/r0001").json["output_tail"] == "Traceback"


def test_a_series_has_its_last_ten_and_its_totals(shop):
    (found,) = shop.items("/series?repository=acme/shop&step=pytest")
    assert found["totals"] == {"success": 48, "failure": 12}
    assert [each["ci_run_id"] for each in found["last"]] == [f"run-{n}" for n in range(59, 49, -1)]


def test_a_pipeline_has_its_success_ratio_of_the_last_ten(shop):
    found = next(each for each in shop.items("/pipelines?repository=acme/shop&branch=main") if each["pipeline"] == "CI")
    assert (found["success_ratio"], found["rests_on"], len(found["last_runs"])) == (0.8, 10, 10)


def test_what_was_only_cancelled_has_no_success_ratio(hub, make_flat):
    hub.add(make_flat(1, result="cancellation", exit_code=None))
    assert hub.items("/pipelines")[0]["success_ratio"] is None


def test_a_deployment_is_the_steps_of_one_run(shop):
    (found,) = shop.items("/deployments")
    assert (found["ci_run_id"], found["step_count"], found["outcome"], found["verdict"]) == (
        *("deploy-1", 2, "success"),
        "pass",
    )


OUTCOMES = {
    "it went well": ({}, "success"),
    "it failed": ({"exit_code": 1}, "failure"),
    "it was cancelled": ({"result": "cancellation"}, None),
    "the gate passed": ({"gate": gate("pass")}, "success"),
    "the gate failed": ({"gate": gate("fail"), "exit_code": 1}, "failure"),
    "the gate does not know": ({"gate": gate("inconclusive")}, None),
}


@pytest.mark.parametrize(("more", "outcome"), OUTCOMES.values(), ids=OUTCOMES)
def test_the_gate_decides_what_a_deployment_was(hub, make_flat, more, outcome):
    hub.add(make_flat(1, **DEPLOY, **more))
    assert [each["outcome"] for each in hub.items("/deployments")] == [outcome]


def test_an_environment_without_a_name_is_none(hub, make_flat):
    hub.add(make_flat(1, environment=""))
    assert hub.items("/deployments") == []


def test_dora_says_what_it_rests_on(hub, make_flat):
    for number, (ago_s, code) in enumerate([(5 * DAY_S, 0), (4 * DAY_S, 1), (4 * DAY_S - 3600, 1), (3 * DAY_S, 0)]):
        hub.add(make_flat(number, ago_s=ago_s, exit_code=code, **DEPLOY))
    found = hub.get("/dora?environment=production").json
    assert found["window"] == {
        "since": "2025-12-02T00:00:00.000Z",
        "until": "2026-01-01T00:00:00.000Z",
        "complete": True,
    }
    figures = {name: (each["value"], each["rests_on"]) for name, each in found.items() if name != "window"}
    assert figures == {
        "deployment_frequency": (pytest.approx(2 / 30), 4),
        "lead_time": (None, 0),
        "change_failure_rate": (0.5, 4),
        "time_to_restore": (DAY_S, 1),
    }


LEAD_TIMES = {
    "one": ([(2, 1, 0)], (DAY_S, 1)),
    "the median": ([(9, 8, 0), (7, 4, 0), (3.5, 3, 0)], (DAY_S, 3)),
    "one that failed does not count": ([(9, 5, 1), (4, 3, 0)], (DAY_S, 1)),
    "a commit counts once": ([(9, 8, 0), (9, 1, 0)], (DAY_S, 1)),
    "going back delivers nothing new": ([(9, 8, 0), (20, 1, 0)], (DAY_S, 1)),
    "a commit of the future is a wrong clock": ([(1, 2, 0)], (None, 0)),
}


@pytest.mark.parametrize(("deploys", "expected"), LEAD_TIMES.values(), ids=LEAD_TIMES)
def test_lead_time_is_from_the_commit_to_its_deployment(hub, make_flat, deploys, expected):
    for number, (committed, deployed, code) in enumerate(deploys):
        committed_at = rfc3339(NOW_S - committed * DAY_S)
        hub.add(make_flat(number, ago_s=deployed * DAY_S, exit_code=code, committed_at=committed_at, **DEPLOY))
    found = hub.get("/dora").json["lead_time"]
    assert (found["value"], found["rests_on"]) == expected


def test_dora_of_nothing_is_unknown(hub):
    found = hub.get("/dora").json
    figures = [each for name, each in found.items() if name != "window"]
    assert [(each["value"], each["rests_on"]) for each in figures] == [(None, 0)] * 4
    assert all(each["why"] for each in figures)


def test_tests_are_counted_by_what_reports_name(shop):
    found = shop.get("/tests").json
    assert found["rests_on"] == 60
    assert found["items"] == [
        {
            "repository": "acme/shop",
            "name": "test_cart",
            "failed": 12,
            "flaky": 0,
            "slowest_ms": 159,
            "last_seen_at": "2025-12-31T23:59:00.000Z",
        }
    ]
    assert [each["flaky"] for each in shop.get("/tests?order=flaky").json["items"]] == [9]


def test_a_test_has_a_history(shop):
    found = shop.items("/tests/history?name=test_net&per_page=2")
    assert [each["ci_run_id"] for each in found] == [f"run-{n}" for n in range(56, -1, -7)]
    assert {(*each["outcomes"],) for each in found} == {("flaky",)}


def test_a_trend_has_a_bucket_an_hour(shop):
    found = shop.get("/trends?bucket=hour&step=pytest&repository=acme/shop").json
    assert [(each["at"], each["count"]) for each in found["items"]] == [("2025-12-31T23:00:00.000Z", 60)]
    assert (found["items"][0]["success_ratio"], found["rests_on"]) == (0.8, 60)
    assert found["items"][0]["duration_p95_ms"] == 1000


def test_weeks_begin_on_monday(hub, make_flat):
    hub.add(make_flat(1))  # 2026-01-01 is a Thursday
    assert (
        hub.get("/trends?bucket=week&until=2026-01-02T00:00:00Z").json["items"][0]["at"] == "2025-12-29T00:00:00.000Z"
    )


def test_a_bucket_of_what_failed_has_no_durations(hub, make_flat):
    hub.add(make_flat(1, ago_s=5, exit_code=1))
    (found,) = hub.get("/trends").json["items"]
    assert (found["success_ratio"], found["duration_p50_ms"]) == (0.0, None)


def test_two_runs_are_compared(shop):
    found = shop.get("/compare?base=run-4&head=run-5").json
    step = next(each for each in found["items"] if each["step"] == "pytest")
    assert (step["base"]["result"], step["head"]["result"]) == ("success", "failure")
    assert (step["duration_change_ms"], step["coverage_change_points"]) == (0, 0.1)
    assert (step["newly_failed_tests"], step["fixed_tests"]) == (["test_cart"], [])


def test_a_step_of_one_run_only_has_no_change(hub, make_flat):
    hub.add(make_flat(1), make_flat(2, step="lint"))
    found = hub.get("/compare?base=run-1&head=run-2").json
    assert [(each["step"], each["duration_change_ms"]) for each in found["items"]] == [("lint", None), ("pytest", None)]


def test_a_run_that_is_not_there_cannot_be_compared(shop):
    assert shop.get("/compare?base=run-2&head=nope").status == 404
