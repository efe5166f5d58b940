"""Two sightings → what is true, in any order, twice."""

from __future__ import annotations

from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_reporter.hub.runs.merge import merge, stamp
from ci_reporter.hub.runs.run import Job, Run, Status
from tests.sightings import make_job, make_run

_TIMES = st.one_of(st.none(), st.integers(0, 3))
_TEXTS = st.sampled_from([None, "a", "b"])


def _jobs(job_ids):
    return st.builds(
        Job,
        job_id=st.sampled_from(job_ids),
        name=st.sampled_from("ab"),
        status=st.sampled_from(Status),
        updated_ms=st.integers(0, 3),
        finished_ms=_TIMES,
        runner=_TEXTS,
    )


_RUNS = st.builds(
    Run,
    key=st.just(make_run().key),
    pipeline=st.sampled_from("ab"),
    status=st.sampled_from(Status),
    updated_ms=st.integers(0, 3),
    branch=_TEXTS,
    finished_ms=_TIMES,
    coverage_pct=st.one_of(st.none(), st.sampled_from([1.0, 2.0])),
    jobs=st.lists(_jobs("12"), max_size=3).map(tuple),
)


def _true(sightings):
    return reduce(merge, sightings, merge(sightings[0], sightings[0]))


@settings(max_examples=80, deadline=None)
@given(st.lists(_RUNS, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_any_order_and_repetition_of_sightings_ends_in_the_same_state(sightings, random):
    again = [*sightings, *random.sample(sightings, len(sightings) // 2)]
    random.shuffle(again)
    assert _true(again) == _true(sightings)


@settings(max_examples=60, deadline=None)
@given(_RUNS, _RUNS, _RUNS)
def test_it_makes_no_difference_which_are_merged_first(one, two, three):
    assert merge(merge(one, two), three) == merge(one, merge(two, three))


@pytest.mark.parametrize("order", list(permutations(("queued", "running", "success"))), ids=" ".join)
def test_what_has_ended_stays_so_when_its_beginning_is_told_late(order):
    assert _true([make_run(status, 1_000) for status in order]).status == "success"


def test_of_two_ends_the_later_one_counts():
    assert merge(make_run("failure", 1_000), make_run("success", 2_000)).status == "success"


def test_what_waits_for_an_approval_runs_again_after_it():
    assert merge(make_run("waiting", 2_000), make_run("running", 3_000)).status == "running"


def test_what_the_better_sighting_does_not_know_is_taken_from_the_other():
    found = merge(make_run("success", 3_000, branch=None), make_run("queued", 1_000, actor="ada"))
    assert (found.branch, found.actor) == ("main", "ada")


def test_a_field_of_an_old_sighting_is_no_better_than_that():
    queued, success = make_run("queued", 1_000, branch="dev"), make_run("success", 3_000, branch=None)
    running = make_run("running", 2_000, branch="main")
    assert merge(merge(queued, success), running).branch == "main"
    assert merge(queued, success).older["branch"] == stamp(queued)


def test_jobs_are_merged_one_by_one():
    before = make_run(jobs=(make_job("1", "success", 2_000), make_job("2", "queued")))
    after = merge(before, make_run(jobs=(make_job("1", "queued"), make_job("3"))))
    assert {job.job_id: job.status for job in after.jobs} == {"1": "success", "2": "queued", "3": "running"}
