"""What past gates here teach about noise."""

from dataclasses import replace

import pytest

from ci_reporter.gate.rules.conditions import parse
from ci_reporter.gate.rules.plan import Plan
from ci_reporter.gate.rules.ruleset import Settings, default
from ci_reporter.gate.run import archive, reference
from tests.gate.conftest import make_recording

URL = "https://shop.example/health"
BEFORE, AFTER = make_recording("baseline", seconds=120), make_recording(seconds=120, seed=2)
LATENCY = parse("http_latency_p95 > +10%")


def store(folder, name, verdict="pass", url=URL, environment="prod", **recordings):
    about = {"verdict": verdict, "url": url, "environment": environment}
    archive.store(str(folder), name, {"baseline": BEFORE, "watch": AFTER, **recordings}, about)


def gates(folder, rules=None, **settings):
    """How many gates the latency was learnt from."""
    rules = replace(rules or default(), plan=Plan(url=URL), settings=Settings(**settings))
    found = reference.history(str(folder), rules, "prod").of(LATENCY)
    return found.gates if found else 0


def test_the_last_five_gates_that_passed_here_teach(tmp_path):
    for at in range(7):
        store(tmp_path, f"{at}")
    assert gates(tmp_path) == 5


def test_the_rules_say_how_many(tmp_path):
    for at in range(3):
        store(tmp_path, f"{at}")
    assert (gates(tmp_path, history=2), gates(tmp_path, history=0)) == (2, 0)


@pytest.mark.parametrize(
    "other",
    [{"verdict": "fail"}, {"verdict": "inconclusive"}, {"url": "https://other.example/"}, {"environment": "staging"}],
    ids=lambda other: next(iter(other)),
)
def test_other_gates_teach_nothing(tmp_path, other):
    store(tmp_path, "1", **other)
    assert gates(tmp_path) == 0


def test_a_recording_that_cannot_be_read_is_passed_over(tmp_path):
    store(tmp_path, "1")
    store(tmp_path, "2")
    (tmp_path / "2" / "watch.ndjson").write_text("?")
    assert gates(tmp_path) == 1


def test_rules_that_compare_nothing_want_no_history(tmp_path):
    store(tmp_path, "1")
    assert gates(tmp_path, default(compared=False)) == 0
