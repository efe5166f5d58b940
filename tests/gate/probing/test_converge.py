"""When a rollout is over, and what is said when it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.gate.probing.converge import progress, statement
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


@pytest.mark.parametrize(("share", "confidence", "count"), [(0.1, 0.99, 44), (0.05, 0.95, 59), (0.05, 0.99, 90)])
def test_so_many_matches_are_needed(share, confidence, count):
    assert Converge(old_share=share, confidence=confidence).needed == count


def test_it_is_over_when_enough_match_in_a_row():
    found = progress(answers(OLD, *[NEW] * 44), NEW, SETTINGS)
    assert (found.over, found.reached_at_s) == (True, 44.0)
    assert "at most 10 % of the answers come from another (99 % confidence)" in statement(found, SETTINGS)


@given(st.lists(st.sampled_from([NEW, OLD, None]), max_size=200))
def test_it_is_over_only_after_that_many_in_a_row(revisions):
    found = progress(answers(*revisions), NEW, SETTINGS)
    text = "".join("n" if each == NEW else "." for each in revisions)
    assert found.over == ("n" * 44 in text)


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
    found = progress(probes, NEW, SETTINGS)
    assert not found.over
    assert said in statement(found, SETTINGS)


def test_an_answer_that_names_no_revision_is_no_match():
    assert not progress(answers(*[""] * 100), NEW, SETTINGS).over


def test_a_short_revision_matches_the_whole():
    assert progress(answers(*[NEW] * 44), NEW[:7].upper(), SETTINGS).over


def test_without_an_expected_revision_good_answers_count():
    found = progress(answers(*[OLD, NEW] * 22), None, SETTINGS)
    assert found.over
    assert "44 good answers in a row" in statement(found, SETTINGS)
