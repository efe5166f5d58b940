"""`ci-reporter gate judge` and `gate lint`, as they are installed."""

import json

import pytest

RULES = "rules:\n  - name: slow\n    if: http_latency_p95 > +10%\n"


@pytest.fixture
def files(write_recording):
    return {
        "before": write_recording("before.ndjson", "baseline", seconds=120, seed=9),
        "same": write_recording("same.ndjson"),
        "slow": write_recording("slow.ndjson", slower=2.0),
    }


@pytest.mark.parametrize(("watch", "code"), [("same", 0), ("slow", 1)])
def test_judge_ends_with_the_verdict(run_program, files, watch, code):
    assert run_program("gate", "judge", "--baseline", files["before"], "--watch", files[watch]).returncode == code


def test_judge_gives_json(run_program, files, tmp_path):
    (tmp_path / "gate.yml").write_text(RULES)
    ended = run_program(
        *("gate", "judge", "--baseline", files["before"], "--watch", files["slow"]),
        *("--rules", str(tmp_path / "gate.yml"), "--json"),
    )
    found = json.loads(ended.stdout)
    rule = found["rules"][0]
    assert (ended.returncode, found["verdict"], rule["name"], rule["verdict"]) == (1, "fail", "slow", "fail")
    assert {"decided_at_s", "statistic", "p", "baseline", "watch"} <= set(rule)
    assert found["could_have_seen"]["slow"]["powers"]


def test_judge_tells_a_person_what_when_and_on_which_evidence(run_program, files):
    said = run_program("gate", "judge", "--baseline", files["before"], "--watch", files["slow"]).stdout
    assert said.startswith("gate: fail after ")
    assert all(part in said for part in (" before, ", "p = ", "worst: ", "this watch could have seen: "))


def test_an_empty_watch_is_inconclusive(run_program, write_recording, files):
    empty = write_recording("empty.ndjson", seconds=0)
    assert run_program("gate", "judge", "--baseline", files["before"], "--watch", empty).returncode == 3


@pytest.mark.parametrize("watch", ["missing.ndjson", "before.ndjson"])
def test_a_wrong_file_is_one_line_and_exit_2(run_program, files, tmp_path, watch):
    ended = run_program("gate", "judge", "--baseline", files["before"], "--watch", str(tmp_path / watch))
    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (RULES, 0, "1 rule, no warnings"),
        (RULES.replace("+10%", "1500s"), 0, "1 warning"),
        (RULES.replace("+", ""), 2, ""),
    ],
)
def test_lint_warns_or_refuses(run_program, tmp_path, text, code, said):
    (tmp_path / "gate.yml").write_text(text)
    ended = run_program("gate", "lint", str(tmp_path / "gate.yml"))
    assert (ended.returncode, said in ended.stdout) == (code, True)


def test_lint_refuses_what_can_never_be_decided(run_program, tmp_path):
    (tmp_path / "gate.yml").write_text("gate: { watch: 10s }\n" + RULES)
    ended = run_program("gate", "lint", str(tmp_path / "gate.yml"))
    assert ended.returncode == 2
    assert "it needs 45 s of watch, and there are 20 s" in ended.stderr


def test_judge_only_warns_of_what_could_not_be_decided(run_program, write_recording):
    before, watch = write_recording("before.ndjson", "baseline", seconds=120), write_recording("w.ndjson", seconds=30)
    ended = run_program("gate", "judge", "--baseline", before, "--watch", watch)
    assert ended.returncode != 2
    assert "it needs 45 s of watch, and there are 30 s" in ended.stderr
