"""When a rollout is over, and what is said when it is not."""

import random
from math import ceil, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_reporter.gate.probing.converge import Runs, convergence, is_old, statement
from ci_reporter.gate.recording import Probe
from ci_reporter.gate.rules.plan import Converge

NEW, OLD = "c0ffee1" + "0" * 33, "0ld".replace("l", "1") + "beef" + "0" * 33
SETTINGS = Converge()


def answers(*revisions, ok=True):
    """One probe a revision; None is no answer."""
    return [
        Probe(t=float(t), ok=ok and each is not None, latency_ms=1.0 if each is not None else None,
              status=200 if each is not None else None, revision=each or None,
              reason=None if each is not None else "connection refused")
        for t, each in enumerate(revisions)
    ]  # fmt: skip


@pytest.mark.parametrize(("share", "confidence", "count"), [(0.1, 0.99, 51), (0.05, 0.95, 72), (0.05, 0.99, 104)])
def test_the_first_run_needs_so_many_matches(share, confidence, count):
    assert Converge(old_share=share, confidence=confidence).needed == count == needed(share, confidence, None)


@pytest.mark.parametrize(("candidate", "count"), [(1, 79), (2, 90), (3, 96)])
def test_a_later_run_needs_more(candidate, count):
    assert needed(0.1, 0.99, candidate) == count


def needed(share, confidence, candidate):
    """How many matches in a row the first run needs, or a later one that is candidate number so-and-so."""
    runs = Runs(Converge(old_share=share, confidence=confidence), None if candidate is None else candidate - 1)
    return next(count for count in range(1, 10**6) if runs.add(True))


def test_it_is_over_when_enough_match_in_a_row():
    found = convergence(answers(*[NEW] * 51), NEW, SETTINGS)
    assert (found.over, found.reached_at_s) == (True, 50.0)
    assert "at most 10 % of the answers come from another (99 % confidence)" in statement(found, SETTINGS)


def test_one_old_answer_makes_the_rest_a_candidate():
    assert not convergence(answers(OLD, *[NEW] * 78), NEW, SETTINGS).over
    found = convergence(answers(OLD, *[NEW] * 79), NEW, SETTINGS)
    assert (found.over, found.candidates) == (True, 1)


def test_a_short_run_is_not_a_candidate():
    found = convergence(answers(*[OLD, *[NEW] * 21] * 50), NEW, SETTINGS)
    assert (found.over, found.candidates) == (False, 0)


def test_after_a_relapse_the_candidates_go_on_counting():
    assert not convergence(answers(*[NEW] * 95), NEW, SETTINGS, candidates=2).over
    assert convergence(answers(*[NEW] * 96), NEW, SETTINGS, candidates=2).over


@given(st.lists(st.booleans(), max_size=400))
def test_it_is_over_at_the_first_run_or_at_a_candidate_that_is_long_enough(matches):
    found = convergence(answers(*[NEW if each else OLD for each in matches]), NEW, SETTINGS)
    assert found.over == over_by_definition(matches)


def over_by_definition(matches):
    """The rule as reference pages state it, run by run."""
    runs = [len(run) for run in "".join("n" if each else "." for each in matches).split(".")]
    if runs[0] >= 51:
        return True
    later = [run for run in runs[1:] if run >= 22]
    return any(run >= 22 + ceil(log(2 * k * (k + 1) / 0.01) / -log(0.9)) for k, run in enumerate(later, 1))


@settings(deadline=None)
@given(st.floats(0.05, 0.5), st.floats(0.5, 0.9999))
def test_all_that_may_be_believed_wrongly_adds_up_to_the_confidence(share, confidence):
    least = needed(share, confidence, 1) - ceil(log(4 / (1 - confidence)) / -log(1 - share) - 1e-9)
    spent = (1 - share) ** needed(share, confidence, None)
    spent += sum((1 - share) ** (needed(share, confidence, k) - least) for k in range(1, 10))
    assert spent <= (1 - confidence) * (1 + 1e-6)


@pytest.mark.parametrize("failing", [0.0, 0.05], ids=["old answers", "old answers and failures"])
def test_one_old_answer_in_ten_for_ever_is_declared_in_at_most_one_gate_of_a_hundred(failing):
    chance, declared = random.Random(7), 0
    for _ in range(1000):
        runs = Runs(SETTINGS)
        declared += any(runs.add(chance.random() >= 0.1 + failing) for _ in range(3000))  # ten minutes at 5/s
    assert declared <= 16  # of a chance of 1 % each, 17 or more have one of 2.6 %


@pytest.mark.parametrize(
    ("probes", "said"),
    [
        (answers(*[NEW, OLD] * 30), "30 × c0ffee1"),
        (answers(*[OLD] * 50), f"50 × {OLD[:12]}"),
        (answers(*[None] * 9), "no answer (connection refused)"),
        (answers(*[""] * 50), "the answers name no revision, so it cannot be verified"),
        (answers(*[NEW] * 60, ok=False), "60 × c0ffee100000 (bad)"),
        ([], "nothing was probed"),
    ],
    ids=["both", "old", "silent", "unnamed", "bad", "nothing"],
)
def test_what_stands_in_the_way_is_said(probes, said):
    found = convergence(probes, NEW, SETTINGS)
    assert not found.over
    assert said in statement(found, SETTINGS)


def test_an_answer_that_names_no_revision_is_no_match():
    assert not convergence(answers(*[""] * 100), NEW, SETTINGS).over


def test_a_short_revision_matches_the_whole():
    assert convergence(answers(*[NEW] * 51), NEW[:7].upper(), SETTINGS).over


def test_without_an_expected_revision_good_answers_count():
    found = convergence(answers(*[OLD, NEW] * 26), None, SETTINGS)
    assert found.over
    assert "51 good answers in a row" in statement(found, SETTINGS)


@pytest.mark.parametrize(
    ("probe", "old"),
    [
        (Probe(t=0, ok=True, status=200, revision=NEW), False),
        (Probe(t=0, ok=True, status=200, revision=OLD), True),
        (Probe(t=0, ok=True, status=200), True),
        (Probe(t=0, ok=False, status=503, revision=OLD), True),
        (Probe(t=0, ok=False, status=502), False),
        (Probe(t=0, ok=False), False),
    ],
    ids=["new", "old", "unnamed", "old and failing", "a balancer's", "no answer"],
)
def test_an_old_answer_is_told_from_a_failure(probe, old):
    assert is_old(probe, NEW) is old
