"""`ci-reporter alerts lint` and `alerts try`: what rules watch, and what they would have said. Nothing is sent."""

import json

import pytest

FILE = """alerts:
- {name: main is red, branch: main, if: result == failure, then: slack}
- {if: coverage < -1%, for: 3 runs}
"""


@pytest.fixture
def alerts(run_program):
    """Call `ci-reporter alerts` beside a file with rules."""

    def call(*words, file=FILE, **env):
        (run_program.folder / ".ci-reporter.yml").write_text(file)
        return run_program("alerts", *words, env=env)

    return call


@pytest.fixture
def records(run_program):
    """Write records of a step on main, one a minute: `records("+--")`, where `-` is a failure."""

    def write(results, **more):
        lines = [
            {
                "report_id": f"r{at}",
                "step": "unit",
                "branch": "main",
                "result": "success" if each == "+" else "failure",
                "finished_at": f"2026-01-31T12:{at:02}:00.000Z",
                "duration_ms": 1000,
            }
            | more
            for at, each in enumerate(results)
        ]
        path = run_program.folder / "steps.ndjson"
        path.write_text("".join(f"{json.dumps(each)}\n" for each in lines) + "not a record\n")
        return path.name

    return write


def test_lint_says_what_each_rule_watches(alerts):
    done = alerts("lint", CI_REPORTER_SLACK="http://127.0.0.1:9/x", CI_REPORTER_COVERAGE="coverage.xml")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "line 2: main is red: step on branch main: result == failure: tells slack, again after 1 d",
        "line 3: step: coverage < -1%: tells all channels after 3 runs in a row, again after 1 d",
        "2 rules, 1 warning",
    ]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{if: result == failure, then: slack}", "does not tell slack here: it is not set up (set CI_REPORTER_SLACK)"),
        ("{if: result == failure}", "no channel is set up here, so `then: notify` tells nobody"),
        ("{if: gate.verdict == fail}", "never knows 'gate.verdict': only a gate has it (write on: gate)"),
        ("{if: coverage < 80%, on: gate}", "never knows 'coverage': a gate has none (write on: step)"),
        ("{if: coverage < 80%}", "knows coverage only of steps with --coverage"),
        ("{if: tests.failed > 0}", "knows 'tests.failed' only of steps with --tests"),
        ("{if: stuck > 1h, on: gate}", "never knows 'stuck': a gate watches its own time"),
        ("{if: flaky > 10%}", "never knows 'flaky': only a hub has it"),
        ("{if: exit_code > 0, for: 3 runs}", "counts runs, which the Pushgateway does not"),
        ("{if: branch == main, branch: dev}", "names one branch in if: and another in branch:"),
        ("{if: exit_code > 0, every: 2h, repeat: 1h}", "repeats after 1 h, and says nothing twice within 2 h"),
    ],
)
def test_lint_warns_of_what_can_never_be_decided(alerts, rule, said):
    done = alerts("lint", file=f"alerts:\n- {rule}\n")
    assert said in done.stderr
    assert done.returncode == 0


def test_lint_of_a_wrong_rule_and_of_none_is_an_error(alerts):
    wrong = alerts("lint", file="alerts: [{if: result = failure}]")
    assert (wrong.returncode, "write result == failure" in wrong.stderr) == (2, True)
    none = alerts("lint", file="name: unit")
    assert (none.returncode, "there are no alert rules (write alerts:" in none.stderr) == (2, True)


def test_try_shows_what_would_have_been_said_to_whom_and_when(alerts, records):
    done = alerts("try", "--report", records("+--++-"), CI_REPORTER_SLACK="http://127.0.0.1:9/x")
    assert done.stdout.splitlines() == [
        "2026-01-31T12:01:00.000Z  slack  🔴 main is red (unit)",
        "2026-01-31T12:03:00.000Z  slack  ✅ Resolved: main is red (unit): recovered after 2 runs, 2 min",
        "2026-01-31T12:05:00.000Z  slack  🔴 main is red (unit)",
    ]
    assert "rule 'coverage < -1%' decided nothing of 6 records: coverage is unknown" in done.stderr
    assert done.stderr.endswith("6 records, 3 messages; nothing was sent\n")


def test_try_tells_a_machine_one_object_a_message(alerts, records):
    done = alerts("try", "--report", records("-+"), "--json")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["rule"], each["kind"], each["channels"]) for each in found] == [
        ("main is red", "first", ["slack"]),
        ("main is red", "recovered", ["slack"]),
    ]
    assert found[0]["alert"]["title"] == "main is red (unit)"


def test_try_says_which_lines_are_not_records(alerts, records, run_program):
    path = run_program.folder / records("+-")
    path.write_text('{"a\n' + path.read_text() + "\n[]\n")  # its fourth line is torn
    done = alerts("try", "--report", path.name)
    assert f"{path.name}: lines 1, 4, 6 are not records; skipped" in done.stderr
    assert "2 records" in done.stderr


def test_try_reads_the_records_of_the_state_folder(alerts, run_program):
    run_program("run", "--name", "unit", "--", "false", env={"CI_REPORTER_BRANCH": "main"})
    done = alerts("try")
    assert "slack  🔴 main is red (unit)" in done.stdout
    assert not (run_program.state / "alerts.json").exists()


def test_try_of_a_file_that_is_not_there_is_an_error(alerts):
    done = alerts("try", "--report", "nope.ndjson")
    assert done.returncode != 0
    assert "nope.ndjson" in done.stderr
