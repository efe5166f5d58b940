"""After the verdict: what is set in motion, what it is told, and when a rollback counts as verified."""

import signal
import sys
from dataclasses import replace

import pytest

from ci_reporter.gate.recording import Recording
from ci_reporter.gate.rules import rulefile
from ci_reporter.gate.run.act import act
from ci_reporter.gate.run.options import GatePlan
from ci_reporter.gate.run.outcome import Deploy, Outcome
from ci_reporter.gate.run.phases import Watch
from ci_reporter.gate.run.progress import Silent
from ci_reporter.gate.run.reference import Reference
from ci_reporter.gate.run.world import World
from ci_reporter.gate.verdict import Finding, RuleVerdict, Verdict

pytestmark = pytest.mark.slow

NEW, OLD = "c0ffee1234567", "01dbeef234567"
RULES = """
gate:
  url: {url}
  timeout: 1s
  converge: {{ timeout: 5s, old_share: 40%, confidence: 90%, rate: 20/s }}
  {gate}
rules: [ {{ name: slow, if: "http_latency_p95 > 1s", then: [notify, rollback] }} ]
actions:
  rollback: {{ run: "{run}", {more} }}
"""


class Log(Silent):
    """A progress that remembers what was said."""

    def __init__(self):
        self.sentences = []

    def say(self, sentence):
        self.sentences.append(sentence)


def failed(then=("notify", "rollback")):
    """A gate whose one rule has failed."""
    finding = Finding(verdict="fail", reason="slower", decided_at_s=30.0)
    rule = RuleVerdict(
        name="slow", text="http_latency_p95 > 1s", mode="enforce", policy="fail", finding=finding, then=then
    )
    verdict = Verdict(verdict="fail", decided_at_s=30.0, rules=(rule,))
    empty = Recording(phase="watch", signals={})
    return Outcome(watch=Watch(verdict=verdict, recording=empty, warmup=empty))


@pytest.fixture
def service(backend):
    """A service that serves NEW, and OLD again once /mend has been asked for."""
    found = backend(NEW)

    def act(handler):
        if handler.path == "/mend":
            found.revision = OLD
        found.answer(handler)

    found.act = act
    return found


@pytest.fixture
def acted(service, tmp_path):
    """Act upon an outcome, with a rollback that runs this line; MEND is one that brings OLD back."""
    mend = tmp_path / "mend.py"
    mend.write_text(f"import urllib.request\nurllib.request.urlopen('http://127.0.0.1:{service.port}/mend')\n")

    def run(
        command="MEND",
        outcome=None,
        *,
        more="verify: true",
        gate="",
        env=None,
        expected=NEW,
        signals=lambda: (),
        tell=lambda action, outcome: (),
        **how,
    ):
        line = command.replace("MEND", f"{sys.executable} {mend}")
        rules = rulefile.parse(RULES.format(url=service.url, run=line, more=more, gate=gate).encode(), "gate.yml")
        log = Log()
        environment = {"PATH": "/usr/bin:/bin", "CI_REPORTER_LAST_GOOD": OLD} if env is None else env
        world = World(env=environment, archive=str(tmp_path / "gate"), progress=log, signals=signals, tell=tell)
        plan = GatePlan(rules=rules, expected=expected)
        return act(plan, outcome or failed(), world, "run-1", **how), log.sentences

    return run


def test_a_rollback_after_which_the_old_revision_answers_everywhere_is_verified(acted):
    outcome, said = acted("MEND")
    assert (outcome.exit_code, outcome.rollback.verified) == (5, True)
    assert "after the rollback: revision 01dbeef23456 answered" in outcome.rollback.statement
    assert said[-1].startswith("notify: the gate says fail: slow: slower")


@pytest.mark.parametrize(
    ("command", "how", "statement"),
    [
        ("true", {}, "after the rollback: not converged"),
        ("exit 3", {}, "action 'rollback' ended with exit code 3"),
        ("MEND", {"more": "verify: false"}, "nobody looked whether the old revision is back (verify: true looks)"),
        ("MEND", {"env": {"PATH": "/usr/bin"}}, "it cannot be verified: the last good revision is not known"),
        ("MEND", {"env": {"PATH": "/usr/bin", "CI_REPORTER_LAST_GOOD": NEW}}, "the revision that is being deployed"),
        (
            "MEND",
            {"env": {"PATH": "/usr/bin", "CI_REPORTER_LAST_GOOD": "v1.4.0"}},
            "'v1.4.0' is not a commit (at least 7",
        ),
        ("sleep 100", {"more": "verify: true, timeout: 500ms"}, "was ended after its timeout of 0.5 s"),
    ],
    ids=["does nothing", "fails", "not looked at", "unknown", "the same", "a tag", "hangs"],
)
def test_any_other_rollback_is_not(acted, command, how, statement):
    outcome, _ = acted(command, **how)
    assert (outcome.exit_code, outcome.rollback.verified) == (6, False)
    assert statement in outcome.rollback.statement


def test_a_service_that_names_no_revision_cannot_be_verified(acted, service):
    service.revision = ""
    outcome, _ = acted("MEND", env={"PATH": "/usr/bin"}, expected=None)
    assert outcome.exit_code == 6


@pytest.mark.parametrize("more", ["verify: true, needs: last_good", "verify: true"], ids=["needs", "mentioned"])
def test_a_rollback_that_needs_the_last_good_does_not_run_without_it(acted, tmp_path, more):
    mention = "" if "needs" in more else ": $CI_REPORTER_LAST_GOOD; "
    outcome, _ = acted(f"{mention}touch {tmp_path}/ran", more=more, env={"PATH": "/usr/bin"})
    assert (outcome.exit_code, (tmp_path / "ran").exists(), outcome.actions[0].ran) == (6, False, False)
    assert "was not run, as it needs the last good revision: there is no baseline" in outcome.rollback.statement


def test_one_that_mentions_it_may_say_that_it_needs_nothing(acted, tmp_path):
    line = f": $CI_REPORTER_LAST_GOOD; touch {tmp_path}/ran"
    acted(line, more="verify: true, needs: nothing", env={"PATH": "/usr/bin"})
    assert (tmp_path / "ran").exists()


def test_people_are_told_last_and_hear_of_the_rollback(acted):
    told = []
    acted("MEND", tell=lambda action, outcome: told.append((action.name, outcome.rollback.verified)) or ())
    assert told == [("notify", True)]


def test_a_channel_that_does_not_take_it_changes_no_exit_code(acted):
    outcome, _ = acted("MEND", tell=lambda action, outcome: ["slack did not take it: no_service"])
    assert outcome.exit_code == 5
    assert outcome.actions[-1].problem == "slack did not take it: no_service"


def test_a_dry_run_tells_nobody(acted):
    told = []
    acted("MEND", tell=lambda action, outcome: told.append(action) or (), dry_run=True)
    assert told == []


def test_a_command_is_told_verdict_rule_and_revision(acted, tmp_path):
    acted(f"echo $CI_REPORTER_LAST_GOOD $CI_REPORTER_VERDICT $CI_REPORTER_RULE > {tmp_path}/said")
    assert (tmp_path / "said").read_text() == f"{OLD} fail slow\n"


def test_a_dry_run_runs_nothing(acted, tmp_path):
    outcome, _ = acted(f"touch {tmp_path}/ran", dry_run=True)
    assert (outcome.exit_code, outcome.rollback, (tmp_path / "ran").exists()) == (1, None, False)


def test_the_same_ci_run_rolls_back_once(acted):
    acted("exit 3")
    outcome, _ = acted("exit 3")
    assert outcome.exit_code == 1
    assert outcome.actions[0].problem == "action 'rollback' has run in this run already"


def test_a_failed_deploy_has_its_own_actions(acted):
    deployed = Outcome(deploy=Deploy(exit_code=5))
    outcome, _ = acted("MEND", deployed, gate="on_deploy_failure: rollback")
    assert (outcome.exit_code, [each.action.name for each in outcome.actions]) == (5, ["rollback"])


def test_a_failed_deploy_without_actions_is_left_alone(acted):
    outcome, _ = acted("MEND", Outcome(deploy=Deploy(exit_code=5)))
    assert (outcome.exit_code, outcome.actions) == (7, ())


def test_an_interrupted_gate_sets_nothing_in_motion(acted):
    outcome, _ = acted("MEND", replace(Outcome(), signal=signal.SIGTERM))
    assert (outcome.exit_code, outcome.actions) == (143, ())


def test_a_signal_while_it_verifies_ends_it_unverified(acted, service):
    before = service.asked
    outcome, _ = acted("true", signals=lambda: (signal.SIGTERM,) if service.asked > before + 3 else ())
    assert (outcome.exit_code, outcome.rollback.verified) == (143, False)
    assert "a signal came before it was seen whether 01dbeef23456 is back" in outcome.rollback.statement


def test_a_failing_rule_that_is_a_re_run_of_a_bad_deploy_is_never_verified(acted, make_recording):
    baseline = make_recording("baseline", seconds=10)
    signals = {
        name: replace(each, probes=tuple(replace(probe, revision=NEW) for probe in each.probes))
        for name, each in baseline.signals.items()
    }
    outcome = replace(failed(), reference=Reference(recording=replace(baseline, signals=signals)))
    outcome, _ = acted("true", outcome, env={"PATH": "/usr/bin"})
    assert outcome.exit_code == 6
    assert "the baseline already serves c0ffee123456, which is being deployed" in outcome.rollback.statement


@pytest.fixture
def services(backend):
    """Two services that serve NEW; each serves OLD again once its /mend has been asked for."""

    def mendable():
        found = backend(NEW)

        def act(handler):
            if handler.path == "/mend":
                found.revision = OLD
            found.answer(handler)

        found.act = act
        return found

    return {"api": mendable(), "web": mendable()}


@pytest.fixture
def acted_on_services(services, tmp_path):
    """Act upon a failed gate of two services by mending those that are named."""

    def run(*mended):
        mend = tmp_path / "mend.py"
        addresses = [f"http://127.0.0.1:{services[name].port}/mend" for name in mended]
        mend.write_text(f"import urllib.request\nfor each in {addresses}: urllib.request.urlopen(each)\n")
        named = ", ".join(f"{name}: {{ url: '{each.url}' }}" for name, each in services.items())
        text = RULES.format(url="", run=f"{sys.executable} {mend}", more="verify: true", gate="")
        text = text.replace("  url: \n", "") + f"services: {{ {named} }}\n"
        world = World(env={"PATH": "/usr/bin:/bin", "CI_REPORTER_LAST_GOOD": OLD}, archive=str(tmp_path / "gate"))
        plan = GatePlan(rules=rulefile.parse(text.encode(), "gate.yml"), revisions=dict.fromkeys(services, NEW))
        return act(plan, failed(), world, "run-1")

    return run


def test_a_rollback_of_several_services_is_verified_when_all_are_back(acted_on_services):
    outcome = acted_on_services("api", "web")
    assert (outcome.exit_code, outcome.rollback.verified) == (5, True)
    assert "web: revision 01dbeef23456 answered" in outcome.rollback.statement


def test_a_rollback_of_several_services_is_not_verified_while_one_is_not_back(acted_on_services):
    outcome = acted_on_services("api")
    assert (outcome.exit_code, outcome.rollback.verified) == (6, False)
    assert "after the rollback: web: not converged" in outcome.rollback.statement
