"""Steps that tell people: the installed program, a chat, and what is known of the run before."""

import json
import os
import re
import signal
import subprocess
import sys

import pytest

RED, OVER = "🔴 main is red (unit)", "✅ Resolved: main is red (unit)"


def test_a_failure_is_told_once_and_its_end_once(jobs):
    job = jobs()
    for command in ("true", "false", "false", "true", "true"):
        job(command)
    assert job.heard == [RED, OVER]
    assert "recovered after 2 runs" in job.chat.asked[1].body.decode()


def test_the_alert_shows_what_the_step_was(jobs):
    job = jobs()
    job("sh", "-c", "exit 3")
    body = job.chat.asked[0].body.decode()
    for each in ("acme/shop", "*Exit code*\\n3", "*Branch*\\nmain", "result == failure", "actions/runs/17012345678"):
        assert each in body


def test_what_was_used_and_that_nothing_was_to_be_had_is_said(jobs):
    job = jobs()
    first, second = job("false").stderr, job("true").stderr
    assert "no earlier run of this series is known: neither" in first and "no Pushgateway is set" in first
    assert "sent to slack: it is over (earlier runs are known from the journal and the state file)" in second


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("- {if: result == failed}", "line 2: if: 'result == failed' holds 'result == failed', and result is never"),
        ("- {if: exit_code > 0, then: slak}", "no channel named 'slak' (perhaps you meant 'slack')"),
        ("- {iff: exit_code > 0}", "unknown key 'iff' (perhaps you meant 'if')"),
    ],
)
def test_a_wrong_rule_ends_the_program_before_the_command_starts(jobs, rules, said):
    job = jobs(rules)
    done = job("touch", "started")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert said in done.stderr
    assert not (job.program.folder / "started").exists()


def test_a_channel_without_its_secret_as_in_a_fork_fails_nothing(jobs):
    job = jobs("- {if: result == failure, then: slack}", CI_REPORTER_SLACK="")
    done = job("false", options=("--notify-to", "slack"))
    assert done.returncode == 1
    assert "holds, and nobody is told" in done.stderr


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("failure", ["unit: failure", "unit: failure"]),
        ("change", ["unit: failure", "Resolved: unit"]),
        ("recovery", ["Resolved: unit"]),
        ("always", ["unit: success", "unit: failure", "unit: failure", "unit: success", "unit: success"]),
    ],
)
def test_notify_on(jobs, when, expected):
    job = jobs(rules=None)
    for command in ("true", "false", "false", "true", "true"):
        job(command, options=("--notify-on", when))
    assert [each.split(" ", 1)[1] for each in job.heard] == expected


def test_who_cancels_a_step_mends_nothing(jobs):
    job = jobs(rules=None)
    job("false", options=("--notify-on", "change"))
    job("sh", "-c", "kill -TERM $PPID; sleep 5", options=("--notify-on", "change"))
    assert len(job.heard) == 1


def test_a_message_of_its_own_is_filled_in(jobs):
    job = jobs('- {if: exit_code > 1, message: "{step} ended with {exit_code} on {branch}\\n{measures.a} {{}}"}')
    job("sh", "-c", "echo a=7 >> $CI_REPORTER_MEASURES; exit 4")
    assert job.heard == ["🔴 unit ended with 4 on main"]
    assert "7 {}" in job.chat.asked[0].json["attachments"][0]["blocks"][0]["text"]["text"]


def test_two_rules_that_speak_of_one_step_are_two_whole_messages(jobs):
    job = jobs("- {name: a, if: result == failure}\n- {name: b, if: exit_code > 2}")
    job("sh", "-c", "exit 3", CI_REPORTER_BUDGET="30s")
    assert sorted(job.heard) == ["🔴 a (unit)", "🔴 b (unit)"]


def test_a_secret_in_a_message_is_masked(jobs):
    job = jobs('- {if: result == failure, message: "{tags.note}"}')
    job("false", options=("--tag", "note=hunter2-hunter2"), API_TOKEN="hunter2-hunter2")
    assert "hunter2" not in job.chat.asked[0].body.decode()


def test_a_slower_run_is_told_with_what_is_usual(jobs):
    job = jobs("- if: duration > +900%")
    job("true")
    for name in ("steps.ndjson", "alerts.json"):  # however slow this machine is, that run took 1 ms
        path = job.program.state / name
        path.write_text(re.sub(r'"duration_ms":\d+', '"duration_ms":1', path.read_text()))
    job("sleep", "0.5")
    assert job.heard == ["🔴 unit: duration &gt; +900%"]
    assert re.search(r"\*Duration\*\\n[\d.]+ (ms|s) \(\+\d{5,} %\)", job.chat.asked[0].body.decode())


def test_what_is_not_delivered_waits_and_is_not_told_twice(jobs):
    answers = [(500, {}, b"")] * 3 + [(200, {}, b"ok")] * 9
    job = jobs(answer=lambda _: answers.pop(0), CI_REPORTER_BUDGET="60s")
    first = job("false")
    assert "an alert was not delivered: slack: " in first.stderr and "sends it" in first.stderr
    job("false")
    job("false")
    assert job.heard[3:] == [RED]
    assert not list((job.program.state / "alerts").glob("*.json"))


def test_what_a_channel_refuses_is_said_and_the_command_keeps_its_code(jobs):
    job = jobs(answer=(404, {}, b"no_service"))
    done = job("sh", "-c", "exit 3")
    assert done.returncode == 3
    assert "an alert was not delivered: slack refused: no_service" in done.stderr


def test_a_black_hole_costs_no_more_than_the_budget(jobs, black_hole):
    job = jobs(CI_REPORTER_SLACK=f"{black_hole}/hook", CI_REPORTER_BUDGET="1s")
    done = job("false")
    assert done.returncode == 1
    assert done.seconds < 60  # the budget, and a start on a busy machine
    assert len(list((job.program.state / "alerts").glob("*.json"))) == 1


def test_a_signal_cuts_the_delivery_short_and_the_alert_waits(jobs, black_hole, eventually):
    job = jobs(CI_REPORTER_SLACK=f"{black_hole}/hook", CI_REPORTER_BUDGET="10m")
    running = job.program.start("run", "--name", "unit", "--", "sh", "-c", "exit 3", env=job.env)
    eventually(lambda: list((job.program.state / "alerts").glob("*.json")), "the alert in the outbox")
    running.terminate()
    _, said = running.communicate(timeout=60)
    assert running.returncode == 3
    assert (
        b"alert 'main is red (unit)' was not delivered in time; the next step or 'ci-reporter flush' sends it" in said
    )
    job("true", CI_REPORTER_SLACK=f"{job.chat.url}/hook", CI_REPORTER_BUDGET="20s")
    assert job.heard == [RED, OVER]
    job("true", CI_REPORTER_SLACK=f"{job.chat.url}/hook")
    assert job.heard == [RED, OVER]


def test_a_rule_sets_an_action_in_motion(jobs):
    job = jobs(
        "- {name: red, if: result == failure, then: [ticket, chat]}\n"
        "actions:\n  ticket: {run: cat >> tickets}\n  chat: {to: slack}"
    )
    for command in ("false", "false", "true"):
        job(command)
    tickets = (job.program.folder / "tickets").read_text()
    assert [each["state"] for each in map(json.loads, tickets.replace("}{", "}\n{").splitlines())] == [
        "firing",
        "resolved",
    ]
    assert job.heard == ["🔴 red (unit)", "✅ Resolved: red (unit)"]


def test_an_action_that_fails_is_said_and_the_command_keeps_its_code(jobs):
    job = jobs("- {if: result == failure, then: ticket}\nactions: {ticket: {run: exit 7}}")
    done = job("sh", "-c", "exit 3")
    assert (done.returncode, "an alert was not delivered: ticket ended with exit code 7" in done.stderr) == (3, True)


def test_a_signal_while_the_rules_are_held_against_a_step_loses_no_alert(jobs, black_hole, eventually):
    job = jobs(CI_REPORTER_PUSHGATEWAY=black_hole, CI_REPORTER_BUDGET="5s")
    running = job.program.start("run", "--name", "unit", "--", "sh", "-c", "exit 3", env=job.env)
    eventually((job.program.state / "steps.ndjson").exists, "the record of the step")
    running.terminate()
    _, said = running.communicate(timeout=60)
    assert running.returncode == 3
    assert b"was not delivered in time" in said
    assert len(list((job.program.state / "alerts").glob("*.json"))) == 1


@pytest.mark.parametrize(
    ("when", "hangs", "moment"),
    [
        pytest.param("failure", "CI_REPORTER_PUSHGATEWAY", "unjudged/*.json", id="before the outbox"),
        pytest.param("always", "CI_REPORTER_SLACK", "alerts/*.json", id="before the channel"),
    ],
)
def test_a_reporter_killed_before_it_told_anybody_loses_no_alert(jobs, black_hole, eventually, when, hangs, moment):
    job = jobs(rules="")
    env = job.env | {hangs: f"{black_hole}/x", "CI_REPORTER_BUDGET": "10m"}
    options = ("run", "--name", "unit", "--notify-on", when)
    with job.program.start(*options, "--", "sh", "-c", "exit 3", env=env) as running:
        eventually(lambda: list(job.program.state.glob(moment)), "the moment to kill it")
        running.kill()
    for _ in range(2):
        job.program("flush", env=job.env)
    assert job.heard == ["🔴 unit: failure"]


def test_a_step_whose_reporter_was_killed_is_told_by_the_next_step(jobs):
    job = jobs(rules="")
    job("sh", "-c", "kill -9 $PPID; exec sleep 0.2", options=("--notify-on", "always"))
    assert "nobody was told of 1 step" in job.program("summary", env=job.env).stderr
    job("true")
    job("true")
    assert job.heard == ["🔴 unit: cancellation"]
    assert "the reporter was killed before the command ended" in job.chat.asked[0].body.decode()


def test_a_gate_is_told_of(jobs):
    job = jobs("- {name: deploy, on: [gate], if: result != success}\n- {name: step, if: result != success}")
    (job.program.folder / "gate.yml").write_text(
        "gate: {converge: {timeout: 1s, old_share: 40%, rate: 50/s}}\nrules: [{name: outage, if: down for 3s}]\n"
    )
    done = job.program(
        *("gate", "http://127.0.0.1:9/", "--rules", "gate.yml", "--expect-revision", "none", "-q"), env=job.env
    )
    assert done.returncode == 4
    assert job.heard == ["🔴 deploy (gate)"]
    assert "gate: not converged" in job.chat.asked[0].body.decode()


def test_a_wrong_rule_ends_a_gate_before_it_probes(jobs):
    job = jobs("- {if: result = failure}")
    done = job.program("gate", "http://127.0.0.1:9/", "--expect-revision", "none", env=job.env)
    assert (done.returncode, "write result == failure" in done.stderr) == (2, True)


def test_a_dry_run_shows_the_alert_and_remembers_nothing(jobs):
    job = jobs()
    done = job("false", options=("--dry-run",))
    assert "main is red (unit)" in done.stdout and "/hook" not in done.stdout
    assert job.heard == [] and not (job.program.state / "alerts.json").exists()


def test_the_state_can_be_kept_elsewhere_by_the_ci(jobs):
    job = jobs(CI_REPORTER_NOTIFY_STATE="cache/alerts.json")
    for command in ("false", "false", "true"):
        job(command)
        job.forget()
    assert job.heard == [RED, OVER]
    assert json.loads((job.program.folder / "cache/alerts.json").read_text())["version"] == 1


def test_a_damaged_state_file_is_said_and_written_anew(jobs):
    job = jobs()
    job.program.state.mkdir()
    (job.program.state / "alerts.json").write_text('{"version": 1, "rules": 7}')
    assert "alerts.json is damaged, and is written anew" in job("false").stderr
    assert "damaged" not in job("false").stderr
    assert job.heard == [RED]


def test_a_rule_of_another_branch_or_kind_says_nothing(jobs):
    job = jobs(
        '- {name: a, if: result == failure, branch: "release/*"}\n- {name: b, if: result == failure, on: gate}\n'
        "- {name: c, if: result == failure, on: deploy-to-prod}"
    )
    job("false")
    assert job.heard == []
    job("false", options=("--environment", "prod"))
    assert job.heard == ["🔴 c (unit)"]


def test_the_steps_of_a_pipeline_are_one_message(jobs):
    job = jobs("- {name: CI is red, on: pipeline, if: result == failure}")
    job("false", GITHUB_JOB="lint")
    job("false", GITHUB_JOB="unit")
    job("true", GITHUB_JOB="lint")
    assert job.heard == ["🔴 CI is red (unit)"]
    job("true", GITHUB_JOB="unit")
    assert job.heard[1:] == ["✅ Resolved: CI is red (unit)"]


def waiting(job):
    """A command that ends once there is a file `go`."""
    return ("sh", "-c", f"while [ ! -e {job.program.folder}/go ]; do sleep 0.05; done")


def test_a_step_that_runs_for_too_long_is_told_while_it_runs(jobs, eventually):
    job = jobs("- {name: stuck, if: stuck > 1s}")
    running = job.program.start("run", "--name", "slow", "--", *waiting(job), env=job.env)
    eventually(lambda: job.heard == ["🔴 stuck (slow)"], "the message")
    (job.program.folder / "go").touch()
    running.communicate()
    assert job.heard[1:] == ["✅ Resolved: stuck (slow)"]
    assert "so far" in job.chat.asked[0].body.decode() and "cancellation" not in job.chat.asked[0].body.decode()


def test_it_is_told_again_at_each_repeat_while_it_runs(jobs, eventually):
    job = jobs("- {name: slow, if: stuck > 1s, repeat: 1s}")
    running = job.program.start("run", "--name", "unit", "--", "cat", env=job.env, stdin=subprocess.PIPE)
    eventually(lambda: len(job.heard) >= 4, "the fourth message")
    _, said = running.communicate(timeout=60)
    assert running.returncode == 0
    assert b"alert 'slow (unit)' sent to slack: it began" in said


def test_a_step_whose_reporter_hangs_is_told_by_the_next_one_beside_it(jobs, eventually):
    job = jobs("- {name: stuck, if: step == slow and stuck > 1s}")
    beside = job.program.start("run", "--name", "slow", "--", *waiting(job), env=job.env)
    eventually(lambda: list((job.program.state / "running").glob("*.json")), "its start")
    os.kill(beside.pid, signal.SIGSTOP)
    try:
        eventually(lambda: job("true") and job.heard == ["🔴 stuck (slow)"], "the message")
    finally:
        os.kill(beside.pid, signal.SIGCONT)
        (job.program.folder / "go").touch()
        beside.communicate()


@pytest.mark.services
def test_a_job_that_starts_from_nothing_asks_the_pushgateway(jobs, pushgateway):
    job = jobs(CI_REPORTER_PUSHGATEWAY=pushgateway.url)
    said = []
    for command in ("false", "false", "true", "true", "false"):
        said.append(job(command).stderr)
        job.forget()
    assert job.heard == [RED, OVER, RED]
    assert "recovered after at least 1 run" in job.chat.asked[1].body.decode()
    assert "earlier runs are known from the Pushgateway" in said[2]
    assert "the Pushgateway has none" in said[0]


@pytest.mark.services
def test_a_run_whose_state_the_cache_lost_is_known_from_the_pushgateway(jobs, pushgateway):
    """The cache gives back what it had before the step was green: a new failure is told all the same."""
    job = jobs(CI_REPORTER_PUSHGATEWAY=pushgateway.url, CI_REPORTER_NOTIFY_STATE="cache.json")
    cache = job.program.folder / "cache.json"
    job("false")
    job.forget()
    red = cache.read_text()
    job("true")
    job.forget()
    cache.write_text(red)
    job("false")
    assert job.heard == [RED, OVER, RED]


def test_of_two_jobs_that_store_one_cache_the_other_one_is_known_to_be_missing(jobs):
    """`unit` was red in run 1 and green in run 2; the cache has `lint` of run 2 and `unit` of run 1."""
    job = jobs(CI_REPORTER_NOTIFY_STATE="cache.json")
    cache = job.program.folder / "cache.json"

    def run(command, number, of="unit"):
        job(command, GITHUB_RUN_ID=f"{number}", GITHUB_JOB=of)
        job.forget()

    run("false", 1)
    before = cache.read_text()
    run("true", 2)
    cache.write_text(before)
    run("true", 2, of="lint")
    run("false", 3)
    run("false", 4)
    assert job.heard == [RED, OVER, RED]


@pytest.mark.parametrize(("before", "heard"), [("2", [RED, OVER, RED]), ("1", [RED, OVER])], ids=["missing", "there"])
def test_a_push_tells_whether_the_cache_has_the_run_before_it(jobs, before, heard):
    job = jobs(CI_REPORTER_NOTIFY_STATE="cache.json", GITHUB_EVENT_NAME="push", GITHUB_EVENT_PATH="event.json")
    cache, event = job.program.folder / "cache.json", job.program.folder / "event.json"

    def run(command, number, before):
        event.write_text(json.dumps({"before": before * 40}))
        job(command, GITHUB_SHA=number * 40, GITHUB_RUN_ID=number)
        job.forget()

    run("false", "1", "0")
    red = cache.read_text()
    run("true", "2", "1")
    cache.write_text(red)
    run("false", "3", before)
    assert job.heard == heard


@pytest.mark.services
def test_coverage_is_compared_with_what_the_pushgateway_held(jobs, pushgateway):
    job = jobs("- if: coverage < -1%", CI_REPORTER_PUSHGATEWAY=pushgateway.url)
    for covered in (90, 80):
        (job.program.folder / "lcov.info").write_text(
            "SF:a\n" + "".join(f"DA:{n + 1},{int(n < covered)}\n" for n in range(100)) + "end_of_record\n"
        )
        job("touch", "lcov.info", options=("--coverage", "lcov.info"))
        job.forget()
    assert job.heard == ["🔴 unit: coverage &lt; -1%"]
    assert "80.0 % (-10.0)" in job.chat.asked[0].body.decode()


def test_jobs_side_by_side_share_a_state_file(jobs):
    """Four jobs fail at once and recover at once, in one group: told at least once each, and nothing is forgotten."""
    job = jobs(
        "- {name: CI, on: pipeline, if: result == failure}",
        CI_REPORTER_NOTIFY_STATE="shared.json",
        CI_REPORTER_BUDGET="60s",
    )

    def all_at_once(command):
        started = [
            job.program.start(
                "run", "--name", f"job{at}", "--", command, env=job.env | {"CI_REPORTER_DIR": f"state{at}"}
            )
            for at in range(4)
        ]
        for each in started:
            each.communicate()
        (group,) = json.loads((job.program.folder / "shared.json").read_text())["rules"]["CI"].values()
        return group

    group = all_at_once("false")
    assert [each["holds"] for each in group["members"].values()] == [True] * 4
    first = len(job.heard)
    assert 1 <= first <= 4
    group = all_at_once("true")
    assert [each["holds"] for each in group["members"].values()] == [False] * 4
    assert "episode" not in group
    assert [each.startswith("✅") for each in job.heard[first:]] == [True]


def test_nothing_of_it_is_loaded_before_the_command_starts(jobs):
    job = jobs()
    line = [sys.executable, "-X", "importtime", "-m", "ci_reporter", "run", "--", "sh", "-c", "echo STARTED >&2"]
    env = job.program.environment() | job.env
    log = subprocess.run(line, cwd=job.program.folder, env=env, capture_output=True, text=True, timeout=60).stderr
    before, _, after = log.partition("STARTED")
    assert "ci_reporter.notify.policies.policyfile" in before
    for heavy in (
        "requests",
        "ci_reporter.http",
        "ci_reporter.step.alerts",
        "ci_reporter.notify.delivery",
        "subprocess",
    ):
        assert not re.search(rf"\|\s+{re.escape(heavy)}$", before, re.MULTILINE), heavy
    assert "ci_reporter.step.alerts" in after
    assert "requests" not in after  # there was nothing to tell
