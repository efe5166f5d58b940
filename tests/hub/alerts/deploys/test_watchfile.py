"""`deployments:` of the configuration file: what it says, and what is wrong with it."""

import pytest

from ci_reporter.config import yaml
from ci_reporter.errors import UsageError
from ci_reporter.hub.alerts.deploys.watchfile import Way, filled, watches

WHOLE = """
- name: shop
  environment: production
  repository: acme/shop
  url: https://shop.example/health
  every: 5s
  watch: 10m
  before: 5m
  then: [slack, rollback]
  log: https://logs.example/?revision={revision}
  rollback:
    github: acme/shop
    workflow: rollback.yml
    ref: main
    inputs: { revision: "{to_revision}" }
    token_env: ROLLBACK_TOKEN
    within: 20m
"""


def read(text):
    return watches(yaml.parse(text.encode(), "hub.yml"), {})


def test_a_watch_is_read():
    (watch,) = read(WHOLE)
    assert (watch.name, watch.every_s, watch.watch_s, watch.before_s) == ("shop", 5.0, 600.0, 300.0)
    assert [each.text for each in watch.rules] == ["consecutive failures >= 3 every 5s within 5m", "error_rate > +200%"]
    assert (watch.rollback.way, watch.rollback.workflow, watch.rollback.within_s) == (
        Way.GITHUB,
        "rollback.yml",
        1200.0,
    )
    assert watch.rollback.token.env == "ROLLBACK_TOKEN"


def test_counts_of_prometheus_are_enough():
    (watch,) = read("- { name: a, environment: b, errors: { bad: 'sum(x)', total: 'sum(y)' } }")
    assert [each.text for each in watch.rules] == ["errors_error_rate > +200%"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{ name: a }", "has no environment:"),
        ("{ name: a, environment: b }", "there is nothing to look at"),
        ("{ name: a, environment: b, url: x }", "url"),
        ("{ name: a, environment: b, url: 'http://x', every: 10ms }", "is below 1s"),
        ("{ name: a, environment: b, url: 'http://x', if: 'nonsense' }", "is not a condition"),
        ("{ name: a, environment: b, url: 'http://x', if: 'queue > 5' }", "is about 'queue', which is not watched"),
        ("{ name: a, environment: b, url: 'http://x', then: [slak] }", "slack"),
        ("{ name: a, environment: b, url: 'http://x', then: [rollback] }", "there is no rollback:"),
        (
            "{ name: a, environment: b, url: 'http://x', rollback: { gitlab: g/p, token_env: T } }",
            "rollback: is not in then:",
        ),
        (
            "{ name: a, environment: b, url: 'http://x', then: [rollback], rollback: { gitlab: g/p } }",
            "needs token_env: or token_file:",
        ),
        (
            "{ name: a, environment: b, url: 'http://x', then: [rollback], rollback: { github: g/p, token_env: T } }",
            "which workflow",
        ),
        (
            "{ name: a, environment: b, url: 'http://x', then: [rollback],"
            " rollback: { gitlab: g/p, token_env: T, inputs: { x: '{nope}' } } }",
            "has a field that is not known",
        ),
    ],
    ids=lambda value: value[:12] if value.startswith("{") else value[:24],
)
def test_a_mistake_is_said_where_it_stands(text, reason):
    with pytest.raises(UsageError, match=f"hub.yml line 1.*{reason}"):
        read(f"- {text}")


def test_two_watches_of_a_name_are_refused():
    with pytest.raises(UsageError, match="two watches are called 'shop'"):
        read(WHOLE + WHOLE)


def test_inputs_are_filled_with_what_is_known():
    given = {"to": "{to_revision}", "why": "{environment} of {repository}", "fixed": "1"}
    known = {"to_revision": "c0ffee", "environment": "production"}
    assert filled(given, known) == {"to": "c0ffee", "why": "production of ", "fixed": "1"}


def test_a_watch_without_a_rollback_has_no_rule_about_rollbacks():
    (watch,) = read("- { name: a, environment: b, url: 'http://x' }")
    assert [each.name for each in watch.policies] == ["a"]
