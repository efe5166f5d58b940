"""What people are told of a gate: enough to act upon without opening anything."""

import pytest

from ci_reporter.gate.probing.converge import Convergence
from ci_reporter.gate.recording import Recording
from ci_reporter.gate.rules import rulefile
from ci_reporter.gate.run.actions import ActionResult
from ci_reporter.gate.run.alert import gate_alert
from ci_reporter.gate.run.options import GatePlan
from ci_reporter.gate.run.outcome import Deploy, Outcome, Rollback
from ci_reporter.gate.run.phases import Watch
from ci_reporter.gate.run.reference import Reference
from ci_reporter.gate.verdict import Finding, RuleVerdict, Verdict
from ci_reporter.model import Run
from ci_reporter.notify.alert import Level
from tests.gate.conftest import make_recording

RULES = b"""
gate: { url: "https://shop.example:8443/health" }
rules: [ { name: slow, if: "http_latency_p95 > +10%", then: [notify, rollback] } ]
actions: { rollback: { run: ./rollback.sh } }
"""
RUN = Run(ci_run_id="gitlab-1", repository="acme/shop", branch="main")
WORST = {"t": 31.2, "latency_ms": 1204.4, "reason": "status 503", "status": 503}


def verdict(word="fail", **finding):
    known = {"reason": "slower", "decided_at_s": 30.0, "since_s": 12.0, "baseline": 46.0, "watch": 363.0, "unit": "ms"}
    found = Finding(verdict=word, worst=(WORST,) if word == "fail" else (), **known | finding)
    rule = RuleVerdict(name="slow", text="http_latency_p95 > +10%", mode="enforce", policy="fail", finding=found)
    return Verdict(verdict=word, decided_at_s=30.0, rules=(rule,))


def outcome(word="fail", **more):
    empty = Recording(phase="watch", signals={})
    return Outcome(watch=Watch(verdict=verdict(word), recording=empty, warmup=empty), **more)


def alert(of, environment="production"):
    plan = GatePlan(rules=rulefile.parse(RULES, "gate.yml"), environment=environment)
    return gate_alert(plan, of, RUN)


@pytest.mark.parametrize(
    ("of", "title", "level"),
    [
        (outcome("pass"), "gate: pass", Level.INFO),
        (outcome("fail"), "gate: fail", Level.ERROR),
        (outcome("inconclusive"), "gate: inconclusive", Level.WARNING),
        (outcome(rollback=Rollback(worked=True, verified=True)), "gate: fail, rolled back", Level.ERROR),
        (outcome(rollback=Rollback(worked=False)), "gate: fail, NOT rolled back", Level.CRITICAL),
        (Outcome(deploy=Deploy(exit_code=3)), "gate: the deploy failed", Level.ERROR),
        (Outcome(statement="not converged"), "gate: fail", Level.ERROR),
    ],
    ids=["pass", "fail", "inconclusive", "rolled back", "not rolled back", "deploy", "not converged"],
)
def test_the_first_line_says_what_and_where(of, title, level):
    found = alert(of)
    assert (found.title, found.level) == (f"{title}, shop.example in production", level)


def test_the_text_says_how_much_since_when_the_worst_answers_and_what_to_do():
    text = alert(outcome()).text
    assert "what: slow (http_latency_p95 > +10%): 46 ms before, 363 ms now (+689%)" in text
    assert "since: 12 s into the watch" in text
    assert "to do: roll back or mend it" in text
    assert "at 31.2 s: 1204 ms, status 503" in text


def test_one_message_says_what_became_of_the_rollback():
    plan = rulefile.parse(RULES, "gate.yml")
    ran = ActionResult(action=plan.actions[-1], ran=True, exit_code=0, seconds=2.5)
    done = Rollback(worked=True, verified=True, statement="after the rollback: the old one answers")
    text = alert(outcome(actions=(ran,), rollback=done)).text
    assert "done: rollback ran for 2.5 s; after the rollback: the old one answers" in text


def test_the_figures_are_facts():
    before = make_recording("baseline", seconds=60)
    after = make_recording(seconds=60, slower=3.0)
    watch = Watch(verdict=verdict(), recording=after, warmup=after)
    rollout = Convergence(expected="c0ffee1234567890", needed=6, run=6, probes=6, served=(), reached_at_s=1.0)
    of = Outcome(watch=watch, reference=Reference(recording=before), convergence=rollout)
    facts = {each.name: each.value for each in alert(of).fields}
    assert (facts["Verdict"], facts["Revision"]) == ("fail", "c0ffee123456")
    assert facts["p95"].endswith("now (+200%)")
    assert set(facts["p95 over the watch"]) <= set("▁▂▃▄▅▆▇█")


def test_before_and_after_are_a_chart():
    before, after = make_recording("baseline", seconds=60), make_recording(seconds=60, slower=3.0)
    of = Outcome(watch=Watch(verdict=verdict(), recording=after, warmup=after), reference=Reference(recording=before))
    (latency,) = alert(of).charts
    p95, p50 = latency.curves
    assert (p95.name, p50.name, latency.split) == ("p95", "p50", len(p95.values) // 2)
    assert max(p95.values[: latency.split]) < min(p95.values[latency.split :])


def test_errors_are_a_chart_of_their_own_where_there_are_any():
    after = make_recording(seconds=60, errors=0.3)
    of = Outcome(watch=Watch(verdict=verdict(), recording=after, warmup=after))
    assert "errors, %" in [each.title for each in alert(of).charts]


def test_a_gate_that_saw_nothing_has_no_chart():
    assert alert(outcome()).charts == ()


def test_the_alert_that_it_is_over_has_the_same_key():
    assert alert(outcome()).dedup_key == alert(outcome("pass")).dedup_key == "gate shop.example production"


def test_run_and_service_are_told():
    found = alert(outcome())
    assert (found.service, found.environment, found.run) == ("shop.example", "production", RUN)
