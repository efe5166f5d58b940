"""What people read of a step: title, text, facts, in both languages."""

import pytest

from ci_reporter.notify.alert import Level, State
from ci_reporter.notify.from_report import Subject, alert
from ci_reporter.notify.language import Language
from ci_reporter.notify.policies.builtin import notify_policy
from ci_reporter.notify.policies.conditions import parse
from ci_reporter.notify.policies.evaluate import View
from ci_reporter.notify.policies.policy import Policy
from ci_reporter.notify.policies.state import Episode, Kind, Message

TESTS = {"total": 200, "passed": 196, "failed": 2, "errors": 1, "skipped": 1, "flaky": 1}


@pytest.fixture
def told(make_report):
    """The alert of a step with these keys, as a rule tells it after so many runs."""

    def call(
        policy=None, *, kind=Kind.FIRST, runs=1, before=(), stuck_s=0.0, language=Language.EN, least=False, **about
    ):
        text = "result == failure"
        episode = Episode(since_s=1000.0, runs=runs, least=least)
        view = View(
            report=make_report(**{"result": "failure", "exit_code": 1} | about),
            before=[make_report(**each) for each in before],
            stuck_s=stuck_s,
        )
        rule = policy or Policy(name="red", condition=parse(text), text=text)
        message = Message(kind=kind, channels=("slack",), episode=episode)
        return alert(Subject(policy=rule, group="g", message=message, view=view, at_s=8200.0), language)

    return call


def facts(found):
    return {each.name: each.value for each in found.fields}


def test_a_first_failure(told):
    found = told(reason="2 tests failed", failed_tests=["test_total"])
    assert (found.title, found.text, found.level, found.state) == (
        "red (pytest)",
        "2 tests failed",
        Level.ERROR,
        State.FIRING,
    )
    assert found.failed_tests == ("test_total",)
    assert found.dedup_key == "red: g"


def test_duration_and_coverage_stand_beside_what_was_before(told):
    before = [{"duration_ms": 1000, "coverage_pct": 90.0}]
    found = facts(told(before=before, duration_ms=1400, coverage_pct=88.5, tests=TESTS))
    assert found == {
        "Rule": "result == failure",
        "Duration": "1.4 s (+40 %)",
        "Coverage": "88.5 % (-1.5)",
        "Tests": "3 of 200 failed, 1 flaky",
        "Exit code": "1",
    }


@pytest.mark.parametrize(
    ("language", "least", "text"),
    [
        (Language.EN, False, "recovered after 3 runs, 2 h"),
        (Language.EN, True, "recovered after at least 3 runs, 2 h"),
        (Language.ZH, False, "经过 3 次运行, 2 小时 后恢复"),
    ],
)
def test_the_end_says_how_long_it_lasted(told, language, least, text):
    found = told(kind=Kind.RECOVERED, runs=3, least=least, language=language, result="success", exit_code=0)
    assert (found.text, found.state) == (text, State.RESOLVED)


def test_what_goes_on_says_since_when(told):
    assert told(kind=Kind.STILL, runs=5).text == "for 5 runs, 2 h"


def test_notify_on_names_step_and_result(told):
    change = notify_policy("change")
    assert told(change).title == "pytest: failure"
    assert told(change, language=Language.ZH).title == "pytest: 失败"
    assert told(change, kind=Kind.RECOVERED, result="success").title == "pytest"


def test_notify_on_always_is_no_error_where_all_is_well(told):
    found = told(notify_policy("always"), result="success", exit_code=0)
    assert (found.title, found.level, found.text) == ("pytest: success", Level.INFO, "")


def test_a_step_that_runs_has_no_result_yet(told):
    found = told(stuck_s=1860.0, result="cancellation", duration_ms=None, exit_code=None)
    assert found.result is None
    assert facts(found)["Duration"] == "31 min so far"


def test_a_template_has_title_and_text(told):
    text = "coverage < 80%"
    policy = Policy(
        name="c",
        condition=parse(text),
        text=text,
        message="{step}: {coverage} ({coverage_change})\nrun {ci_run_id}, memory {memory}, {tags.x}, {{{runs}}}",
    )
    found = told(policy, coverage_pct=70.0, before=[{"coverage_pct": 71.25}], max_rss_bytes=3 * 1024**2)
    assert found.title == "pytest: 70.0 % (-1.2)"
    assert found.text == "run github-17012345678-1, memory 3 MiB, unknown, {1}"
