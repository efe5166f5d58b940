"""What could never be decided, with what would do: an error for rules that count, else a warning."""

import pytest

from ci_reporter.errors import UsageError
from ci_reporter.gate.recording import Recording
from ci_reporter.gate.rules import rulefile, ruleset
from ci_reporter.gate.rules.undecidable import check, obstacles, planned_facts

QUERY = "signals: { calls: { promql: { bad: a, total: b } } }\n"


def rules(condition, gate="", more="", above=""):
    text = f"gate: {{ {gate} }}\n{above}rules:\n  - name: r\n    if: {condition}\n{more}"
    return rulefile.parse(text.encode(), "gate.yml")


@pytest.mark.parametrize(
    ("condition", "gate", "said"),
    [
        ("http_latency_p95 > +20%", "watch: 5s", "it needs 45 s of watch, and there are 10 s"),
        ("http_latency_p95 > +20%", "baseline: { window: 5s }", "a baseline of 5 s (write a window of 10 s"),
        ("error_rate > 1%", "watch: 5s", "it needs 20 s of watch, and there are 10 s (write watch: 20s)"),
        ("error_rate > 1%", "watch: 15s, extend: 0s", "it needs 20 s of watch, and there are 15 s"),
        ("down for 15s", "watch: 15s, extend: 0s", "it needs more than 15 s of watch, and there are 15 s"),
        ("down for 1s", "watch: 2m, extend: 0s, rate: 1/m", "it needs more than 120 s of watch"),
        ("consecutive failures >= 3 within 5m", "watch: 1m, rate: 1/m", "it needs more than 120 s of watch"),
        ("consecutive failures >= 3 within 5s", "", "it needs 10 s of 5 s (write within 10s)"),
        ("down for 15s", "converge: { timeout: 9s }", "51 matches in a row at 5/s take 10.2 s, and its timeout is 9 s"),
        ("down for 15s", "converge: { timeout: 9s }", "(write timeout: 11s or more, or rate: 6/s)"),
    ],
)
def test_it_is_an_error_with_the_number_that_would_do(condition, gate, said):
    read = rules(condition, gate)
    with pytest.raises(UsageError) as told:
        check(read, planned_facts(read))
    assert said in str(told.value)
    assert str(told.value).startswith("gate.yml")


def test_a_minimum_of_probes_that_no_watch_has_is_an_error():
    read = rules("error_rate > 1%", "rate: 1/s", "    min: { probes: 700 }\n")
    with pytest.raises(UsageError, match="600 s at 1/s are 600 probes, and it wants 700"):
        check(read, planned_facts(read))


def test_a_minimum_of_probes_says_nothing_of_counts():
    read = rules("calls_error_rate > 1%", "", "    min: { probes: 1000000 }\n", QUERY)
    assert obstacles(read, planned_facts(read)) == []


def test_the_blocks_of_prometheus_are_its_intervals():
    read = rules("calls_error_rate > 1%", "watch: 1m, extend: 0s, interval: 30s", above=QUERY)
    assert "it needs 120 s of watch" in obstacles(read, planned_facts(read))[0].text


def test_prometheus_looks_further_back_than_the_window():
    read = rules("calls_error_rate > +50%", "baseline: { window: 5s }", above=QUERY)
    assert obstacles(read, planned_facts(read)) == []


def test_a_dry_run_is_only_warned_of():
    read = rules("error_rate > 1%", "watch: 5s", "    mode: dry-run\n")
    check(read, planned_facts(read))
    assert [each.enforced for each in obstacles(read, planned_facts(read))] == [False]


@pytest.mark.parametrize(("word", "refused"), [("and", True), ("or", False)])
def test_an_or_is_decidable_by_one_of_its_parts(word, refused):
    read = rules(f"error_rate > 1% {word} down for 2s", "watch: 5s")
    assert [each.enforced for each in obstacles(read, planned_facts(read))] == [refused]


@pytest.mark.parametrize("compared", [True, False])
def test_the_default_rules_are_decidable(compared):
    read = ruleset.default(compared=compared)
    assert obstacles(read, planned_facts(read)) == []


def test_a_baseline_that_is_there_is_measured():
    read = rules("http_latency_p95 > +20%")
    found = obstacles(read, planned_facts(read, Recording(phase="baseline", signals={})))
    assert "with a baseline of 0 s" in found[0].text


def test_without_a_baseline_its_length_is_nothing_to_complain_about():
    read = rules("http_latency_p95 > +20%", "baseline: { window: 5s }")
    assert obstacles(read, planned_facts(read, compared=False)) == []
