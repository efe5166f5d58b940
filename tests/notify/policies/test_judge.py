"""What rules make of one report: which ones watch it, what it decides, and in which series."""

import pytest

from ci_reporter.config import yaml
from ci_reporter.errors import UsageError
from ci_reporter.notify.policies.builtin import notify_policy
from ci_reporter.notify.policies.evaluate import View
from ci_reporter.notify.policies.judge import Past, Scene, answer, judge
from ci_reporter.notify.policies.policy import channels, is_for, key_of
from ci_reporter.notify.policies.policyfile import policies
from ci_reporter.notify.policies.state import Kind


def rule(text):
    (found,) = policies(yaml.mapping(yaml.parse(f"alerts: [{text}]".encode(), "c.yml"))["alerts"])
    return found


@pytest.mark.parametrize(
    ("text", "about", "gate", "expected"),
    [
        ("{if: exit_code > 0}", {}, False, True),
        ("{if: exit_code > 0}", {}, True, False),
        ("{if: exit_code > 0, on: gate}", {}, True, True),
        ("{if: exit_code > 0, on: [step, gate]}", {}, True, True),
        ("{if: exit_code > 0, on: deploy-to-prod}", {"environment": "prod"}, False, True),
        ("{if: exit_code > 0, on: deploy-to-prod}", {"environment": "deploy-to-prod"}, True, True),
        ("{if: exit_code > 0, on: deploy-to-prod}", {"environment": "staging"}, True, False),
        ("{if: exit_code > 0, on: deploy-to-prod}", {}, False, False),
        ("{if: exit_code > 0, on: pipeline}", {}, False, True),
        ("{if: exit_code > 0, branch: 'release/*'}", {"branch": "release/2"}, False, True),
        ("{if: exit_code > 0, branch: [dev, 'release/*']}", {"branch": "main"}, False, False),
        ("{if: exit_code > 0, branch: main}", {"branch": None}, False, False),
    ],
)
def test_a_rule_watches_its_kind_and_its_branches(make_report, text, about, gate, expected):
    assert is_for(rule(text), make_report(**about), gate=gate) is expected


@pytest.mark.parametrize(
    ("text", "result", "expected"),
    [
        ("result == failure", "failure", True),
        ("result == failure", "success", False),
        ("result == failure", "timeout", None),
        ("result == failure", "cancellation", None),
        ("result == cancellation", "cancellation", True),
        ("exit_code > 5", "skip", None),
        ("exit_code > 5", "failure", False),
        ("result == success", "failure", False),
        ("result != success", "success", False),
        ("result == failure and duration > 1h", "failure", None),
    ],
)
def test_only_a_success_ends_what_is_said_of_a_result(make_report, text, result, expected):
    report = make_report(result=result, exit_code=1)
    assert answer(rule(f'{{if: "{text}"}}'), View(report=report)).holds is expected


def test_a_series_is_what_is_known_of_it(make_report):
    report = make_report(step="unit tests", job_name="a", branch="x%y", pipeline=None)
    assert key_of(report) == "repository=acme/shop job=a step=unit%20tests branch=x%25y"


@pytest.mark.parametrize("group", ["[repository, tags.team]", "tags.team"])
def test_a_group_may_be_of_tags(make_report, group):
    policy = rule(f"{{if: exit_code > 0, group: {group}}}")
    assert key_of(make_report(tags={"team": "web"}), policy.group).endswith("tags.team=web")


def test_notify_is_everyone_and_names_are_those_that_are_set_up():
    everyone, usable = ("slack", "email"), ("slack", "email", "log")
    assert channels(rule("{if: exit_code > 0}"), everyone, usable) == everyone
    assert channels(rule("{if: exit_code > 0, then: [log, dingtalk]}"), everyone, usable) == ("log",)
    assert channels(rule("{if: exit_code > 0, then: [log, notify]}"), everyone, usable) == ("log", "slack", "email")


def test_a_rule_on_the_pipeline_sees_the_duration_of_the_run(make_report):
    policy = rule("{if: duration > 30m, on: pipeline}")
    scene = Scene(report=make_report(), at_s=0.0, run_ms=31 * 60_000, everyone=("slack",), usable=("slack",))
    (found,) = judge([policy], scene, {})
    assert found.message.kind is Kind.FIRST


def test_earlier_runs_do_not_tell_how_long_the_whole_run_took(make_report):
    policy = rule("{if: duration > 1s, on: pipeline}")
    past = Past(reports=(make_report(duration_ms=5000),))
    scene = Scene(report=make_report(), at_s=2e9, run_ms=2000, past=past, everyone=("slack",), usable=("slack",))
    (found,) = judge([policy], scene, {})
    assert found.message.kind is Kind.FIRST


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{if: duration > +5%, on: pipeline}", "compares the duration of a whole run"),
        ("{if: exit_code > 0, on: [pipeline, gate]}", "on: pipeline stands alone"),
    ],
)
def test_what_a_pipeline_cannot_have_is_refused(text, said):
    with pytest.raises(UsageError, match=said):
        rule(text)


def test_notify_on_tells_the_named_channels_alone():
    assert notify_policy("failure", ("email",)).then == ("email",)
