"""`ci-reporter summary`: the steps of this run, whatever they are called."""

import json
import unicodedata

import pytest

from ci_reporter.surfaces import terminal

GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "17", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_REPOSITORY": "acme/shop"}
HOSTILE = {
    "newline": "one\ntwo",
    "return": "one\rtwo",
    "escape": "\x1b[2J\x1b[31mred",
    "c1": "\x9b2Jx",
    "bell": "\x07\x00\x7f",
    "right to left": "\u202egnirts",
    "line separator": "a\u2028b\u2029c",
    "very long": "x" * 5000,
    "wide": "測試" * 100,
    "combining": "e" + "\u0301" * 500,
    "pipe": "a | b",
}


@pytest.fixture
def record(run_program):
    """Record a step of a run."""

    def call(name, *command, run="17", **env):
        run_program(
            "run", "-q", "--name", name, "--", *(command or ["true"]), env=GITHUB | {"GITHUB_RUN_ID": run} | env
        )

    return call


@pytest.fixture
def rows(run_program):
    """The rows of the table, as lists of cells."""

    def call(*options, env=GITHUB):
        ended = run_program("summary", *options, env=env)
        assert (ended.returncode, ended.stderr) == (0, "")
        return [[cell.strip() for cell in line.split("  ") if cell] for line in ended.stdout.splitlines()[3:]]

    return call


def test_the_steps_of_this_run_are_a_table(record, rows):
    record("unit")
    record("e2e", "sh", "-c", "exit 3")
    record("other", run="16")
    (unit, e2e) = rows()
    assert (unit[:2], unit[3:]) == (["unit", "success"], ["-", "-", "-"])
    assert e2e[:2] == ["e2e", "failure (exit 3)"]


def test_all_runs(record, rows):
    record("unit", run="16")
    record("unit", run="17")
    assert len(rows("--all")) == 2


def test_another_run(record, rows):
    record("unit", run="16")
    record("e2e", run="17")
    assert [row[0] for row in rows("--run", "github-16-1")] == ["unit"]


def test_without_a_ci_system_the_newest_run_is_shown(run_program, rows):
    for name in ("first", "second"):
        run_program("run", "--name", name, "--", "true")
    assert [row[0] for row in rows(env={})] == ["second"]


def test_json_is_one_report_a_line(record, run_program):
    record("ünit", CI_REPORTER_TAGS="team=wéb")
    record("e2e")
    ended = run_program("summary", "--json", env=GITHUB | {"PYTHONIOENCODING": "ascii"})
    assert [json.loads(line)["step"] for line in ended.stdout.splitlines()] == ["ünit", "e2e"]
    assert [json.loads(line) for line in ended.stdout.splitlines()] == run_program.records()


def test_no_steps_are_no_error(run_program):
    ended = run_program("summary", env=GITHUB)
    where = f"ci-reporter: no steps of github-17-1 in {run_program.state}\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", where)
    assert not run_program.state.exists()


def test_where_other_runs_have_steps_the_way_to_them_is_said(record, run_program):
    record("unit", run="16")
    ended = run_program("summary", env=GITHUB)
    assert ended.stderr.endswith("; `ci-reporter summary --all` shows those of other runs\n")


def test_a_step_without_a_sink_has_nothing_to_deliver(record, rows, free_port):
    record("unit")
    assert rows(env=GITHUB | {"CI_REPORTER_PUSHGATEWAY": f"http://127.0.0.1:{free_port()}"})[0][-1] == "-"


def test_only_slow_tests_are_called_slow(record, run_program):
    record("unit")
    (flat,) = run_program.records()
    line = json.dumps(flat | {"slowest_tests": {"a": 1, "b": 2400}}, separators=(",", ":"))
    (run_program.state / "steps.ndjson").write_text(f"{line}\n")
    assert run_program("summary", env=GITHUB).stdout.splitlines()[-1] == "unit: slow:    2.4 s  b"


def test_no_steps_are_no_lines_of_json(run_program):
    ended = run_program("summary", "--json", env=GITHUB)
    assert (ended.returncode, ended.stdout) == (0, "")


def test_what_waits_for_delivery_is_said(record, rows, free_port):
    gateway = {"CI_REPORTER_PUSHGATEWAY": f"http://127.0.0.1:{free_port()}"}
    record("unit", **gateway)
    assert rows(env=GITHUB | gateway)[0][-1] == "waiting for pushgateway"


@pytest.mark.services
def test_what_was_delivered_is_said(record, rows, pushgateway):
    gateway = {"CI_REPORTER_PUSHGATEWAY": pushgateway.url}
    record("unit", **gateway)
    assert rows()[0][-1] == "delivered"


def test_coverage_and_tests_have_their_columns(record, run_program, rows):
    record("unit")
    (flat,) = run_program.records()
    tests = {"total": 10, "passed": 8, "failed": 1, "errors": 1, "skipped": 0}
    line = json.dumps(flat | {"coverage_pct": 93.14, "tests": tests}, separators=(",", ":"))
    (run_program.state / "steps.ndjson").write_text(f"{line}\n")
    assert rows()[0][3:5] == ["93.1 %", "8/10 passed, 2 failed"]


@pytest.fixture
def table(record, run_program):
    """The table of one step with a name and a reason of which nobody has asked whether they are printable."""

    def call(name):
        record("unit")
        (flat,) = run_program.records()
        flat |= {"step": name, "reason": name, "result": "error"}
        line = json.dumps(flat, ensure_ascii=False, separators=(",", ":"))
        (run_program.state / "steps.ndjson").write_text(f"{line}\n")
        return run_program("summary", env=GITHUB).stdout

    return call


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_no_name_breaks_the_table(table, name):
    lines = table(name).split("\n")
    assert len(lines) == 5  # title, blank, head, row, and what follows the last newline
    assert all(char.isprintable() for char in "".join(lines))
    head, row = lines[2:4]
    before = row[: next(n for n in range(len(row)) if row[n:].startswith("error ("))]
    assert columns(before) == head.index("RESULT")


def columns(text):
    """How many columns a terminal gives to a text, told anew."""
    wide = {"W": 2, "F": 2}
    return sum(0 if unicodedata.combining(char) else wide.get(unicodedata.east_asian_width(char), 1) for char in text)


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_shown_text_has_at_most_the_columns_it_may(name):
    assert columns(terminal.plain(name, 40)) == terminal.width(terminal.plain(name, 40)) <= 40


@pytest.mark.parametrize(
    ("text", "shown"),
    [("unit", "unit"), ("a\nb", "a b"), ("x" * 10, "x" * 10), ("x" * 11, "x" * 9 + "…"), ("測" * 6, "測測測測…")],
)
def test_a_text_is_cut_where_it_gets_too_wide(text, shown):
    assert terminal.plain(text, 10) == shown


def test_a_hostile_name_is_one_line_at_the_end_of_a_run(run_program):
    env = {"GITHUB_ACTIONS": "true", "GITHUB_JOB": "a\n::error::b\x1b[2J"}
    ended = run_program("run", "--", "true", env=env)
    assert ended.stderr.startswith("ci-reporter: a")
    assert ended.stderr.removesuffix("\n").isprintable()
