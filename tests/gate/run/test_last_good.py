"""Where a rollback leads to: known from before the deploy, and never the revision that is being deployed."""

import json

import pytest

from ci_reporter.gate.recording import Probe, Recording, Signal
from ci_reporter.gate.rules import rulefile
from ci_reporter.gate.rules.plan import Plan, Service
from ci_reporter.gate.rules.ruleset import RuleSet
from ci_reporter.gate.run.gate import announce_rollback
from ci_reporter.gate.run.last_good import last_good
from ci_reporter.gate.run.options import GatePlan
from ci_reporter.gate.run.progress import Silent
from ci_reporter.gate.run.reference import Reference
from ci_reporter.gate.run.world import World

NEW, OLD, OLDER = "c0ffee1234567", "01dbeef234567", "0ddba11345678"
URL = "https://shop.example/health"


def served(*revisions):
    """A baseline with an answer of each revision."""
    probes = tuple(
        Probe(t=float(at), ok=True, latency_ms=1.0, status=200, revision=each) for at, each in enumerate(revisions)
    )
    return Reference(recording=Recording(phase="baseline", signals={"http_latency": Signal(probes=probes)}))


def found(reference=None, expected=NEW, env=None, archive=None):
    plan = GatePlan(rules=RuleSet(rules=(), plan=Plan(url=URL)), expected=expected)
    world = World(env=env or {}, archive=archive and str(archive))
    return last_good(plan, reference or Reference(), world)


def store(folder, name, expected, verdict="pass"):
    (folder / name).mkdir()
    about = {"verdict": verdict, "url": URL, "environment": None, "converge": {"expected": expected}}
    (folder / name / "verdict.json").write_text(json.dumps(about))


def test_what_answered_most_before_the_deploy_is_the_last_good():
    assert found(served(OLD, OLDER, OLD)).revision == OLD


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        (served(NEW, NEW), "the baseline already serves c0ffee123456, which is being deployed"),
        (served(NEW[:7].upper()), "the baseline already serves C0FFEE1, which is being deployed"),
        (served(None), "the baseline names no revision"),
        (Reference(), "there is no baseline"),
    ],
    ids=["a re-run", "a short form", "unnamed", "none"],
)
def test_a_baseline_without_another_revision_is_no_last_good(reference, reason):
    unknown = found(reference)
    assert unknown.revision is None
    assert str(unknown).startswith(f"the last good revision is not known: {reason}")


def test_the_old_answers_of_a_baseline_count_where_the_new_revision_answers_too():
    assert found(served(NEW, NEW, OLD)).revision == OLD


def test_the_variable_comes_first():
    assert found(served(OLD), env={"CI_REPORTER_LAST_GOOD": OLDER}).revision == OLDER


def test_the_variable_may_not_name_the_deployed_revision():
    unknown = found(served(OLD), env={"CI_REPORTER_LAST_GOOD": NEW})
    assert (unknown.revision, unknown.reason) == (
        None,
        "CI_REPORTER_LAST_GOOD is c0ffee123456, the revision that is being deployed",
    )


def test_the_archive_tells_the_last_other_revision_that_passed(tmp_path):
    store(tmp_path, "1", OLDER)
    store(tmp_path, "2", OLD, verdict="fail")
    store(tmp_path, "3", NEW)
    assert found(served(NEW), archive=tmp_path).revision == OLDER


def test_without_an_expected_revision_any_that_answered_is_the_last_good():
    assert found(served(OLD), expected=None).revision == OLD


def of_services(env=None, archive=None, expected=NEW, **baseline):
    """The last good revisions of the services `api` and `web`; `baseline` has what answered of each before."""
    signals = {f"{name}.health": served(each).recording.signals["http_latency"] for name, each in baseline.items()}
    services = tuple(Service(name=name, url=f"https://{name}.example/health") for name in ("api", "web"))
    rules = RuleSet(rules=(), plan=Plan(services=services))
    plan = GatePlan(rules=rules, revisions={"api": expected, "web": expected})
    world = World(env=env or {}, archive=archive and str(archive))
    recording = Recording(phase="baseline", signals=signals)
    return last_good(plan, Reference(recording=recording), world)


class Log(Silent):
    """A progress that remembers what was said."""

    def __init__(self):
        self.sentences = []

    def say(self, sentence):
        self.sentences.append(sentence)


def test_a_rollback_that_cannot_tell_services_apart_is_said_before_the_watch():
    text = """
services: { api: { url: https://api.example }, web: { url: https://web.example } }
rules: [ { name: down, if: down for 15s, then: rollback } ]
actions: { rollback: { run: ./rollback "$CI_REPORTER_LAST_GOOD" } }
"""
    env, log = {"CI_REPORTER_LAST_GOOD_API": OLD, "CI_REPORTER_LAST_GOOD_WEB": OLDER}, Log()
    plan = GatePlan(rules=rulefile.parse(text.encode(), "gate.yml"), revisions={"api": NEW, "web": NEW})
    announce_rollback(plan, World(env=env, progress=log))
    assert log.sentences[1].startswith("action 'rollback' will not run: the services have different ones")


def test_each_service_has_a_last_good_revision_of_its_own():
    found = of_services(api=OLD, web=OLDER)
    assert (found.is_known, found.revision, found.revisions) == (True, None, {"api": OLD, "web": OLDER})
    assert found.variables == {
        "CI_REPORTER_LAST_GOOD": "",
        "CI_REPORTER_LAST_GOOD_API": OLD,
        "CI_REPORTER_LAST_GOOD_WEB": OLDER,
    }


def test_services_of_one_revision_have_it_in_common():
    assert of_services(api=OLD, web=OLD).variables["CI_REPORTER_LAST_GOOD"] == OLD


def test_one_service_without_a_last_good_revision_leaves_none_known():
    found = of_services(api=OLD, web=NEW)
    assert (found.is_known, found.revision) == (False, None)
    assert found.reason.startswith("web: the baseline already serves c0ffee123456")
    assert "(set CI_REPORTER_LAST_GOOD_WEB to it)" in found.reason


def test_the_variable_of_a_service_comes_before_the_one_for_all():
    env = {"CI_REPORTER_LAST_GOOD": OLD, "CI_REPORTER_LAST_GOOD_WEB": OLDER}
    assert of_services(env=env).revisions == {"api": OLD, "web": OLDER}


def test_the_archive_tells_what_passed_of_each_service(tmp_path):
    (tmp_path / "1").mkdir()
    about = {
        "verdict": "pass",
        "url": "https://api.example/health, https://web.example/health",
        "environment": None,
        "converge": {"expected": "0" * 13, "services": {"api": {"expected": OLD}, "web": {"expected": OLDER}}},
    }
    (tmp_path / "1/verdict.json").write_text(json.dumps(about))
    assert of_services(archive=tmp_path).revisions == {"api": OLD, "web": OLDER}


@pytest.mark.parametrize(
    ("command", "obstacle"),
    [
        ("./rollback $CI_REPORTER_LAST_GOOD", "the services have different ones"),
        ("./rollback ${CI_REPORTER_LAST_GOOD}", "the services have different ones"),
        ("./rollback $CI_REPORTER_LAST_GOOD_API $CI_REPORTER_LAST_GOOD_WEB", None),
        ("./rollback", None),
    ],
    ids=["one for all", "in braces", "one each", "not mentioned"],
)
def test_one_variable_cannot_stand_for_different_revisions(command, obstacle):
    found = of_services(api=OLD, web=OLDER).obstacle(command)
    assert found is None if obstacle is None else obstacle in found
