"""What is said of a sequence of runs: once when it begins, once when it is over; with lost state never too little."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.frozen import replace
from ci_reporter.notify.policies.conditions import parse
from ci_reporter.notify.policies.evidence import Sighting, correct
from ci_reporter.notify.policies.policy import Policy
from ci_reporter.notify.policies.state import Entry, Fate, Kind, Seen, entry_after, transition

RULE = Policy(name="red", condition=parse("result == failure"), text="result == failure", repeat_s=None)
HOUR_S = 3600.0


@dataclass
class Job:
    """Runs one after the other, an hour apart, that share a state; `+` is a run in which the condition holds."""

    policy: Policy = RULE
    entry: Entry = field(default_factory=Entry)
    at_s: float = 1_000_000.0
    last: Sighting | None = None

    def run(
        self,
        holds,
        *,
        series="unit",
        taken=("slack",),
        channels=("slack",),
        lost=False,
        killed=False,
        witness=False,
        **seen,
    ):
        """One run; gives what was said, if anything. Later runs do not see `lost` state; `killed` is after sending."""
        self.at_s += HOUR_S
        entry = self.entry
        if witness and self.last:
            entry = correct(self.policy, entry, series, replace(self.last, only=not entry.members), channels)
        found = Seen(series=series, holds=holds, at_s=self.at_s, channels=channels, **seen)
        entry, message = transition(self.policy, entry, found)
        if message and not killed:
            took = {name: None for name in message.channels if name in taken}
            entry = entry_after(entry, Fate(over=message.kind is Kind.RECOVERED, at_s=self.at_s, taken=took))
        if not lost:
            self.entry = entry
        self.last = Sighting(holds=holds, at_s=self.at_s)
        return message

    def kinds(self, runs, **how):
        """What was said of each run of `+--+`."""
        return ["".join(message.kind[0] if (message := self.run(each == "+", **how)) else ".") for each in runs]


def said(runs, policy=RULE, **how):
    return "".join(Job(policy=policy).kinds(runs, **how))


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ("+", "f"),
        ("-", "."),
        ("+++", "f.."),
        ("+-", "fr"),
        ("-+-+-", ".frfr"),
        ("++--++", "f.r.f."),
    ],
)
def test_a_failure_is_said_once_and_its_end_once(runs, expected):
    assert said(runs) == expected


@pytest.mark.parametrize(
    ("changes", "runs", "expected"),
    [
        ({"repeat_s": 3 * HOUR_S}, "+++++++-", "f..s..sr"),
        ({"repeat_s": 0.0}, "+++-+", "fssrf"),
        ({"recovery": False}, "++-+", "f..f"),
        ({"first": False}, "++-+-", "..r.r"),
        ({"for_runs": 3}, "++-++++-", ".....f.r"),
        ({"for_s": 2 * HOUR_S}, "+++-++-", "..fr..."),
        ({"every_s": 3 * HOUR_S}, "+-+-+-+-", "fr..fr.."),
        ({"every_s": 3 * HOUR_S}, "+-+++-", "fr.s.r"),
    ],
    ids=["repeat", "each run", "no recovery", "recovery alone", "for runs", "for time", "every", "every, goes on"],
)
def test_a_rule_says_when_and_how_often(changes, runs, expected):
    found = said(runs, replace(RULE, **changes))
    assert found.replace("s", "f") == expected.replace("s", "f")


def test_the_end_says_how_many_runs_and_how_long():
    job = Job()
    for each in "+++":
        job.run(each == "+")
    over = job.run(False)
    assert (over.episode.runs, job.at_s - over.episode.since_s) == (3, 3 * HOUR_S)


def test_a_channel_that_did_not_take_it_is_told_with_the_next_run():
    job, both = Job(), ("slack", "email")
    assert job.run(True, channels=both, taken=("email",)).channels == both
    assert job.run(True, channels=both).channels == ("slack",)
    assert job.run(True, channels=both) is None
    assert job.run(False, channels=both).channels == both


def test_who_never_heard_of_it_does_not_hear_that_it_is_over():
    job = Job()
    job.run(True, taken=())
    assert job.run(False) is None
    assert job.entry.ended is None


def test_a_run_that_was_killed_while_it_sent_may_have_told_everybody():
    job = Job()
    seen = Seen(series="unit", holds=True, at_s=job.at_s, channels=("slack",))
    job.entry, message = transition(RULE, Entry(), seen)
    assert message.kind is Kind.FIRST
    assert job.run(False).kind is Kind.RECOVERED


def test_an_end_that_was_not_taken_is_owed():
    job = Job()
    job.run(True)
    assert job.run(False, taken=()).kind is Kind.RECOVERED
    assert job.run(False).kind is Kind.RECOVERED
    assert job.run(False) is None


def test_what_waits_in_the_outbox_is_not_said_again():
    job = Job()
    job.run(True, taken=())
    assert job.run(True, waiting=("slack",)) is None
    assert job.run(False, waiting=("slack",), taken=()).kind is Kind.RECOVERED
    assert job.run(False, waiting_end=("slack",)) is None


def test_every_run_is_told_of_also_while_an_earlier_message_waits():
    job = Job(policy=replace(RULE, repeat_s=0.0))
    job.run(True, taken=())
    assert job.run(True, waiting=("slack",)).channels == ("slack",)


def test_a_group_is_over_when_all_its_members_are():
    job = Job()
    assert job.run(True, series="unit").kind is Kind.FIRST
    assert job.run(True, series="lint") is None
    assert job.run(False, series="unit") is None
    assert job.run(False, series="lint").kind is Kind.RECOVERED


def test_a_member_that_nobody_sees_any_more_holds_nothing_open():
    job = Job()
    job.run(True, series="removed")
    job.at_s += 61 * 24 * HOUR_S
    assert job.run(False, series="unit") is None or job.entry.episode is None


RUNS = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=25)


def expected_kinds(runs):
    """What a reporter that forgets nothing would say."""
    before = [False, *runs]
    return ["f" if now and not old else "r" if old and not now else "." for old, now in zip(before, runs, strict=False)]


@given(st.lists(st.booleans(), max_size=40))
def test_nothing_is_said_too_much_or_too_little_while_nothing_is_lost(runs):
    job = Job()
    found = [(message.kind[0] if (message := job.run(each)) else ".") for each in runs]
    assert found == expected_kinds(runs)


@given(RUNS)
def test_lost_state_costs_at_most_a_message_too_many_each(runs):
    """Whatever is lost: the last run's result is known from the journal or from the Pushgateway."""
    job = Job()
    found = [message.kind[0] if (message := job.run(now, lost=lost, witness=True)) else "." for now, lost in runs]
    expected = expected_kinds([now for now, _ in runs])
    missing = [at for at, kind in enumerate(expected) if kind != "." and found[at] == "."]
    more = [at for at, kind in enumerate(expected) if kind == "." and found[at] != "."]
    assert missing == []
    assert len(more) <= sum(lost for _, lost in runs)


@given(RUNS)
def test_a_kill_costs_at_most_a_message_too_many_each(runs):
    """Killed after the channel took the message, before that was written down."""
    job = Job()
    found = [message.kind[0] if (message := job.run(now, killed=killed)) else "." for now, killed in runs]
    expected = expected_kinds([now for now, _ in runs])
    assert [at for at, kind in enumerate(expected) if kind != "." and found[at] == "."] == []
    more = [at for at, kind in enumerate(expected) if kind == "." and found[at] != "."]
    assert len(more) <= sum(killed for _, killed in runs)


@given(RUNS, st.integers(min_value=1, max_value=6))
def test_lost_state_alone_is_made_good_for_at_the_next_repeat(runs, hours):
    """With nothing but a file that loses writes, whoever waits for `repeat` has heard of what goes on."""
    job = Job(policy=replace(RULE, repeat_s=hours * HOUR_S))
    held = silent = 0
    for now, lost in runs:
        message = job.run(now, lost=lost)
        held = held + 1 if now else 0
        silent = 0 if message or not now else silent + 1
        assert silent <= hours


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=40))
def test_jobs_side_by_side_in_one_group_are_one_message(runs):
    job, holding, found = Job(), set(), []
    for series, holds in runs:
        before = bool(holding)
        holding = holding | {series} if holds else holding - {series}
        expected = None if before == bool(holding) else Kind.FIRST if holding else Kind.RECOVERED
        message = job.run(holds, series=series)
        found.append((message.kind if message else None) == expected)
    assert all(found)


@pytest.mark.parametrize(
    ("runs", "expected"), [("+", "."), ("-", "r"), ("++-", "..r")], ids=["goes on", "is over", "goes on, is over"]
)
def test_a_job_that_starts_from_nothing_knows_the_last_result(runs, expected):
    """Nothing but the Pushgateway is known, and the last run failed: that was said then."""
    found = ""
    last = Sighting(holds=True, at_s=1_000_000.0, since_s=999_000.0)
    for each in runs:
        job = Job(last=last)
        message = job.run(each == "+", witness=True)
        found += message.kind[0] if message else "."
    assert found == expected


@pytest.mark.parametrize("policy", [replace(RULE, for_runs=2), replace(RULE, for_s=60.0)], ids=["runs", "time"])
def test_whether_a_lost_onset_was_told_is_unknown_so_its_end_is(policy):
    """The Pushgateway knows that the last run failed, and not how many did before it."""
    last = Sighting(holds=True, at_s=1_000_000.0, since_s=None)
    message = Job(policy=policy, last=last).run(False, witness=True)
    assert message.kind is Kind.RECOVERED
    assert message.episode.least


def test_a_job_that_starts_from_nothing_repeats_when_it_is_time():
    """It began at hour 0 and is repeated every 3 hours: the runs of hours 3 and 6 say it."""
    policy, found = replace(RULE, repeat_s=3 * HOUR_S), ""
    for hour in range(1, 8):
        last = Sighting(holds=True, at_s=hour * HOUR_S, since_s=0.0)
        message = Job(policy=policy, last=last, at_s=hour * HOUR_S).run(True, witness=True)
        found += message.kind[0] if message else "."
    assert found == ".s..s.."
