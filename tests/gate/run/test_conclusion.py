"""The last lines: what failed, by how much, since when, how sure, what was done and what to do."""

import signal

import pytest

from ci_reporter.gate.recording import Recording
from ci_reporter.gate.rules.ruleset import Action
from ci_reporter.gate.run.actions import ActionResult
from ci_reporter.gate.run.conclusion import conclusion
from ci_reporter.gate.run.outcome import Deploy, Outcome, Rollback
from ci_reporter.gate.run.phases import Watch
from ci_reporter.gate.verdict import FAIL, INCONCLUSIVE, PASS, Finding, RuleVerdict, Verdict

EMPTY = Recording(phase="watch", signals={})
SLOWER = {"baseline": 120.0, "watch": 2250.0, "decided_at_s": 75.0, "since_s": 41.0, "p": 0.0001, "needed": 0.0005}


def judged(word=FAIL, name="slow", **finding):
    known = {"reason": "slower", "statistic": "batches"} | (finding or SLOWER)
    rule = RuleVerdict(
        name=name,
        text="http_latency_p95 > +10%",
        mode="enforce",
        policy="fail",
        finding=Finding(verdict=word, **known),
    )
    verdict = Verdict(verdict=word, decided_at_s=75.0, rules=(rule,))
    return Watch(verdict=verdict, recording=EMPTY, warmup=EMPTY)


def lines(outcome, **more):
    return {line[:10].strip(): line[10:] for line in conclusion(outcome, **more)}


def test_a_failure_says_what_by_how_much_since_when_and_how_sure():
    said = lines(Outcome(watch=judged()), evidence=".ci-reporter/gate/1")
    assert said == {
        "what": "slow (http_latency_p95 > +10%): 120 ms before, 2250 ms now (+1775%)",
        "since": "41 s into the watch; decided 75 s into the watch",
        "how sure": "p = 0.0001, where 0.0005 is enough (batches)",
        "done": "nothing: no action was to be run",
        "to do": "roll back or mend it: the new revision still serves",
        "evidence": ".ci-reporter/gate/1",
    }


def test_an_outage_of_one_service_names_it():
    said = lines(Outcome(watch=judged(reason="down for 2s (web.health)", unit="failures", watch=54.0, since_s=3.0)))
    assert said["what"].endswith(": 54 failures in a row (web.health)")
    assert said["since"] == "3 s into the watch"


def test_a_value_is_measured_and_not_estimated():
    said = lines(Outcome(watch=judged(reason="queue > 100 for 3s", statistic="value", watch=500.0)))
    assert (said["what"].endswith("the value reached 500"), said["how sure"]) == (True, "measured, not estimated")


def test_why_it_is_inconclusive_is_said_once():
    assert "how sure" not in lines(Outcome(watch=judged(INCONCLUSIVE, reason="no samples", no_data=True)))


def test_a_pass_needs_no_last_lines():
    assert conclusion(Outcome(watch=judged(PASS))) == []


def test_what_was_done_is_said_with_what_became_of_it():
    action = ActionResult(action=Action(name="rollback", run="./rollback.sh"), ran=True, exit_code=0, seconds=12.34)
    back = Rollback(worked=True, verified=True, statement="after the rollback: revision 01dbeef answered 51 times")
    said = lines(Outcome(watch=judged(), actions=(action,), rollback=back))
    assert said["done"] == "rollback ran for 12.3 s; after the rollback: revision 01dbeef answered 51 times"
    assert said["to do"].startswith("the last good revision serves again")


def test_a_signal_while_a_rollback_ran_does_not_undo_what_was_decided():
    unseen = Rollback(worked=True, statement="a signal came before anybody could look")
    said = lines(Outcome(watch=judged(), rollback=unseen, signal=signal.SIGTERM))
    assert said["to do"] == "look at the service now: nobody can say that the last good revision is back"


@pytest.mark.parametrize(
    ("outcome", "to_do"),
    [
        (Outcome(signal=signal.SIGTERM), "run the gate again"),
        (Outcome(error="the prober has ended by itself"), "run the gate again"),
        (Outcome(deploy=Deploy(exit_code=5)), "look at the output of the deploy command"),
        (Outcome(statement="not converged"), "look at the rollout"),
        (Outcome(watch=judged(INCONCLUSIVE)), "watch longer"),
        (Outcome(watch=judged(INCONCLUSIVE, reason="no samples", no_data=True)), "find out why data is missing"),
        (Outcome(watch=judged(), rollback=Rollback(worked=False, statement="exit code 3")), "look at the service now"),
    ],
    ids=["signal", "error", "deploy", "converge", "inconclusive", "no data", "rollback"],
)
def test_what_to_do_depends_on_what_happened(outcome, to_do):
    assert lines(outcome)["to do"].startswith(to_do)


def test_failures_in_a_row_are_counted_not_estimated():
    said = lines(Outcome(watch=judged(watch=35.0, unit="failures", decided_at_s=6.5)))
    assert said["what"].endswith(": 35 failures in a row")
    assert said["how sure"] == "counted, not estimated"
