"""Rules, what they know, and events: what there is to tell."""

import itertools

import pytest

from ci_reporter.hub.alerts.event import Kind
from ci_reporter.hub.alerts.rules import run_all
from tests.hub.alerts.conftest import MAIN_IS_RED, make_event, make_rules


def kinds(rules, *events, silenced=False):
    _, told = run_all(rules, {}, events, lambda labels: silenced)
    return [str(each.kind) for each in told]


def test_a_failure_is_told_once_and_its_end_once():
    events = [make_event("failure", at_s) for at_s in range(3)]
    told = kinds(make_rules(MAIN_IS_RED), make_event(), *events, make_event("success", 9), make_event("success", 10))
    assert told == ["first", "recovered"]


def test_a_failure_that_lasts_is_told_again_after_its_repeat():
    rules = make_rules("  - { if: result == failure, repeat: 1h }\n")
    assert kinds(rules, *(make_event("failure", at_s) for at_s in (0, 1800, 3600, 5400))) == ["first", "still"]


def test_what_ended_before_something_younger_changes_nothing():
    late = make_event("success", 5)
    assert kinds(make_rules(MAIN_IS_RED), make_event("failure", 10), late, make_event("failure", 11)) == ["first"]


def test_two_series_of_a_rule_are_told_apart():
    other = make_event("failure", 1, run={"branch": "release/1"})
    assert kinds(make_rules(MAIN_IS_RED), make_event("failure"), other) == ["first", "first"]


def test_who_cancels_mends_nothing():
    events = [make_event(result, at_s) for at_s, result in enumerate(("failure", "cancellation", "success"))]
    assert kinds(make_rules(MAIN_IS_RED), *events) == ["first", "recovered"]


def test_a_rule_sees_only_its_kind_of_event():
    rules = make_rules("  - { on: pipeline, if: result == failure }\n")
    assert kinds(rules, make_event("failure"), make_event("failure", 1, kind=Kind.PIPELINE)) == ["first"]


def test_a_fact_of_the_hub_decides():
    rules = make_rules('  - { on: dora, if: "dora.change_failure_rate > 15%" }\n')
    rates = (10.0, 20.0, None, 12.0)
    events = [
        make_event("success", at_s, kind=Kind.DORA, facts={"dora.change_failure_rate": rate})
        for at_s, rate in enumerate(rates)
    ]
    assert kinds(rules, *events) == ["first", "recovered"]


OVERDUE = "  - { name: stuck, on: pipeline, if: overdue != no }\n"


def overdue(word, at_s, run="1", **more):
    facts = {"overdue": word, "result": None}
    return make_event("success", at_s, kind=Kind.PIPELINE, member=run, facts=facts, **more)


def test_a_run_that_is_overdue_is_over_however_it_ends():
    assert kinds(make_rules(OVERDUE), overdue("running", 1), overdue("no", 2, is_over=True)) == ["first", "recovered"]


def test_another_run_that_ends_well_does_not_end_it():
    other = make_event("success", 5, kind=Kind.PIPELINE, facts={"overdue": "no"})
    assert kinds(make_rules(OVERDUE), overdue("running", 1), other, overdue("running", 6)) == ["first"]


def test_the_end_of_a_run_that_was_never_overdue_is_nothing():
    assert kinds(make_rules(OVERDUE), overdue("no", 2, is_over=True)) == []


def test_a_failure_is_not_ended_by_the_end_of_its_run():
    rules = make_rules("  - { on: pipeline, if: result == failure or overdue != no }\n")
    failed = make_event("failure", 3, kind=Kind.PIPELINE, facts={"overdue": "no"})
    assert kinds(rules, overdue("running", 1), failed, overdue("no", 3, is_over=True)) == ["first"]


def test_runs_that_are_over_are_forgotten():
    entries, _ = run_all(
        make_rules(OVERDUE), {}, [overdue("running", 1), overdue("running", 2, "2"), overdue("no", 3, is_over=True)]
    )
    (entry,) = entries.values()
    assert [name.rpartition(" ")[2] for name in entry.members] == ["2"]


def test_what_a_silence_held_back_has_no_end_to_tell():
    rules = make_rules(MAIN_IS_RED)
    entries, told = run_all(rules, {}, [make_event("failure")], lambda labels: True)
    _, then = run_all(rules, entries, [make_event("success", 5)])
    assert [each.silenced for each in told] == [True]
    assert then == []


def test_the_end_of_what_was_told_is_told_through_a_silence():
    rules = make_rules(MAIN_IS_RED)
    entries, _ = run_all(rules, {}, [make_event("failure")])
    _, then = run_all(rules, entries, [make_event("success", 5)], lambda labels: True)
    assert [(str(each.kind), each.silenced) for each in then] == [("recovered", False)]


def test_a_transition_has_the_same_name_whoever_finds_it():
    event = make_event("failure")
    names = {run_all(make_rules(MAIN_IS_RED), {}, [event])[1][0].transition for _ in range(2)}
    assert len(names) == 1


@pytest.mark.parametrize("order", list(itertools.permutations((0, 1, 2))), ids=str)
def test_in_any_order_the_last_result_stands(order):
    results = ("failure", "failure", "success")
    told = kinds(make_rules(MAIN_IS_RED), *(make_event(results[at], at) for at in order))
    assert told.count("first") == told.count("recovered") <= 1


def test_steps_stand_for_a_run_that_nobody_else_tells_of():
    rules = make_rules("  - { on: pipeline, if: result == failure }\n")
    lint, unit = ({"step": {"name": name}, "speaks_for_run": True} for name in ("lint", "unit"))
    events = [make_event("failure", 1, **lint), make_event("success", 2, **unit), make_event("success", 3, **lint)]
    assert kinds(rules, *events) == ["first", "recovered"]


def test_how_long_a_step_took_is_not_how_long_its_run_did():
    rules = make_rules("  - { on: pipeline, if: duration > 1s }\n")
    assert kinds(rules, make_event("success", 1, step={"duration_ms": 5000}, speaks_for_run=True)) == []


def test_a_message_says_what_the_fact_is_worth():
    rules = make_rules("  - { if: flaky > 10% }\n")
    _, (told,) = run_all(rules, {}, [make_event("success", 1, facts={"flaky": 20.0})])
    assert next((each.name, each.value) for each in told.alert.fields) == ("flaky", "20.0 %")
