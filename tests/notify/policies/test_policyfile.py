"""`alerts:` of .ci-reporter.yml: what it may hold, and what each mistake is told."""

import pytest

from ci_reporter.config import yaml
from ci_reporter.errors import UsageError
from ci_reporter.notify.alert import Level
from ci_reporter.notify.policies.policyfile import policies


def read(text):
    return policies(yaml.mapping(yaml.parse(f"alerts:\n{text}\n".encode(), "c.yml")).get("alerts"))


WHOLE = """
- name: main is red
  on: [step, deploy-to-prod]
  branch: [main, "release/*"]
  if: result == failure and coverage < -1%
  then: [slack, notify]
  message: "{step} is {result} on {branch}"
  level: critical
  every: 1h
  for: 3 runs
  group: [repository, tags.team]
  repeat: 4h
"""


def test_every_key_is_read():
    (found,) = read(WHOLE)
    assert (found.name, found.on, found.branches) == (
        "main is red",
        ("step", "deploy-to-prod"),
        ("main", "release/*"),
    )
    assert (found.then, found.level, found.message) == (
        ("slack", "notify"),
        Level.CRITICAL,
        "{step} is {result} on {branch}",
    )
    assert (found.every_s, found.for_runs, found.for_s, found.repeat_s) == (3600.0, 3, 0.0, 14400.0)
    assert found.group == ("repository", "tags.team")
    assert found.line == 3


def test_a_condition_is_enough():
    (found,) = read("- if: tests.failed > 0")
    assert (found.name, found.on, found.then) == ("tests.failed > 0", ("step",), ("notify",))
    assert (found.level, found.repeat_s, found.for_runs, found.every_s) == (Level.ERROR, 86400.0, 1, 0.0)


@pytest.mark.parametrize("text", ["", " []", "# nothing"])
def test_no_rules_are_none(text):
    assert read(text) == ()


def test_all_steps_of_a_pipeline_are_one_series():
    (found,) = read("- {if: result == failure, on: pipeline}")
    assert found.group == ("repository", "pipeline", "branch", "change")


def test_it_may_be_said_once_or_with_every_run():
    once, always = read("- {if: exit_code > 0, repeat: never}\n- {if: exit_code > 1, repeat: always}")
    assert (once.repeat_s, always.repeat_s) == (None, 0.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- name: x", "c.yml line 2: an alert rule has no if: (write - if:"),
        ("- {if: result == failure, when: x}", "c.yml line 2: unknown key 'when'"),
        ("- {if: result == failed}", "c.yml line 2: if: 'result == failed' holds 'result == failed'"),
        ("- if: |\n    result == failure", "c.yml line 2: if: expected a condition on one line"),
        ("- {if: exit_code > 0, on: steps}", "c.yml line 2: on: 'steps' is not known (perhaps you meant 'step')"),
        ("- {if: exit_code > 0, on: deploy-to-}", "'deploy-to-' is not known"),
        ("- {if: exit_code > 0, then: slak}", "then: no channel named 'slak' (perhaps you meant 'slack')"),
        ("- {if: exit_code > 0, branch: 'x['}", "branch: 'x[' has a '[' without its ']'"),
        ("- {if: exit_code > 0, level: bad}", "level: 'bad' is not known (known: critical, error, info, warning)"),
        ("- {if: exit_code > 0, level: [error]}", "expected one of critical, error, info, warning, got a list"),
        ("- {if: exit_code > 0, every: 10}", "every: '10' has no unit (write 10s, 10m, 10h or 10d)"),
        ("- {if: exit_code > 0, for: 0 runs}", "for: '0 runs' is not above zero (write 3 runs, or 30m)"),
        ("- {if: exit_code > 0, for: x}", "or 3 runs"),
        ("- {if: exit_code > 0, group: duration}", "group: no label named 'duration'"),
        ("- {if: exit_code > 0, group: tags.}", "group: no label named 'tags.' (perhaps you meant 'tag')"),
        ('- {if: exit_code > 0, message: "{stepp}"}', "a field {stepp} that does not exist (perhaps you meant 'step')"),
        ('- {if: exit_code > 0, message: "a {step"}', "has a '{' without its pair (write {{ for the sign itself)"),
        ("- {if: exit_code > 0, name: a}\n- {if: exit_code > 1, name: a}", "'a' is also on line 2; name it otherwise"),
        ("  x: y", "c.yml line 1: alerts: expected a list (begin each with '- '), got a mapping"),
        ("- result == failure", "expected 'key: value' lines"),
    ],
)
def test_a_mistake_names_line_key_value_and_way_out(text, said):
    with pytest.raises(UsageError) as error:
        read(text)
    assert said in str(error.value)
