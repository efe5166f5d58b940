"""`services:` in a rules file: what is read, what becomes of the rules, what is refused."""

import pytest

from ci_reporter.errors import UsageError
from ci_reporter.gate.probing import targets
from ci_reporter.gate.rules import rulefile
from ci_reporter.gate.rules.conditions import leaves

TWO = """services:
  api: { url: "https://api.example/health" }
  web: { url: "https://web.example/health", revision: none }
"""
SLOW = "rules:\n  - name: slow\n    if: http_latency_p95 > 500ms\n"


def read(text):
    return rulefile.parse(text.encode(), "gate.yml")


def test_a_rule_on_a_built_in_signal_holds_for_each_service():
    found = read(TWO + SLOW).rules
    assert [(each.name, next(leaves(each.condition)).signal) for each in found] == [
        ("slow (api)", "api.http_latency"),
        ("slow (web)", "web.http_latency"),
    ]


def test_the_copies_share_the_weight_of_their_rule():
    assert sum(each.weight for each in read(TWO + SLOW).rules) == 1


def test_a_rule_may_name_one_service():
    (rule,) = read(TWO + "rules:\n  - name: slow\n    if: api.http_latency_p95 > 500ms\n").rules
    assert (rule.name, next(leaves(rule.condition)).signal) == ("slow", "api.http_latency")


def test_a_rule_on_no_signal_is_not_copied():
    (rule,) = read(TWO + "rules:\n  - name: outage\n    if: down for 15s\n").rules
    assert rule.name == "outage"


def test_each_service_is_probed_and_tells_its_revision():
    rules = read(TWO + SLOW)
    watched = {each.signal: each.url for each in targets.of_watch(rules, {})}
    assert watched == {
        "api.http_latency": "https://api.example/health",
        "web.http_latency": "https://web.example/health",
    }
    assert targets.revision_signals(rules.plan, {"api": "c0ffee1", "web": None}) == {"api.http_latency": "c0ffee1"}


def test_converging_asks_each_service():
    found = targets.of_converge(read(TWO + SLOW).plan, {})
    assert [each.signal for each in found] == ["api.health", "web.health"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gate: { url: https://x.example }\n" + TWO + SLOW, "services: and url: of gate: exclude each other"),
        ("services: { a.b: { url: https://x.example } }\n" + SLOW, "'a.b' is not a name of a service"),
        ("services: { api: {} }\n" + SLOW, "has no url:"),
        (
            "services: { a-b: { url: https://x.example }, A_b: { url: https://y.example } }\n" + SLOW,
            "'A_b' and 'a-b' are the same name in a variable",
        ),
        ("services: { api: { url: https://x.example, revision: c0 } }\n" + SLOW, "at least 7 hex digits"),
        (TWO + "signals: { ping: { probe: GET /ping } }\n" + SLOW, "'ping' probes a path"),
        (TWO + "signals: { health: { probe: 'https://x.example/' } }\n" + SLOW, "is the url: of each service"),
        (TWO + "rules: [ { name: r, if: 'wbe.http_latency_p95 > 1s' } ]\n", "no signal named 'wbe.http_latency'"),
    ],
)
def test_what_cannot_be_meant_is_refused(text, said):
    with pytest.raises(UsageError) as told:
        read(text)
    assert said in str(told.value)
