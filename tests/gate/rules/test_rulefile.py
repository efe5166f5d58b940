"""gate.yml: what is read, and what each mistake is told."""

import pytest

from ci_reporter.errors import UsageError
from ci_reporter.gate.rules import rulefile
from ci_reporter.gate.rules.lint import warnings
from ci_reporter.gate.rules.ruleset import Action

FULL = """
version: 1
gate: { url: https://svc/health, expect: { status: 200 }, warmup: 60s, watch: 5m, rate: 10/s, alpha: 1% }
signals:
  http_latency: { probe: "GET /api/ping" }
  checkout:
    promql:
      bad: sum(increase(http_requests_total{job="checkout",code=~"5.."}[$interval]))
      total: sum(increase(http_requests_total{job="checkout"}[$interval]))
rules:
  - name: p95-slo
    on: deploy-to-prod
    if: http_latency_p95 > 1500ms
    then: rollback
  - name: error-regression
    on: [deploy-to-prod, deploy-to-staging]
    if: checkout_error_rate > +200%
    min: { probes: 200, errors: 3 }
    then: [notify, rollback]
  - name: availability
    if: consecutive failures >= 3 within 5m
    no_data: fail
    mode: dry-run
actions:
  rollback: { run: ./rollback.sh, timeout: 5m, max: 1, verify: true }
"""


def read(text):
    return rulefile.parse(text.encode(), "gate.yml")


def rule(condition, more=""):
    return f"rules:\n  - name: r\n    if: {condition}\n{more}"


def asserting(path, wanted):
    return f"gate: {{ expect: {{ json: {{ '{path}': '{wanted}' }} }} }}\n{rule('error_rate > 1%')}"


def test_a_whole_file_is_read():
    rules = read(FULL)
    assert [each.name for each in rules.rules] == ["p95-slo", "error-regression", "availability"]
    assert (rules.settings.watch_s, rules.settings.alpha, rules.rules[1].min_errors) == (300.0, 0.01, 3)


@pytest.mark.parametrize(
    ("environment", "count"), [("deploy-to-prod", 3), ("deploy-to-staging", 2), ("x", 1), (None, 3)]
)
def test_on_is_a_key_and_chooses_rules(environment, count):
    assert len(read(FULL).on(environment).rules) == count


@pytest.mark.parametrize(
    ("text", "line", "fix"),
    [
        (rule("> 1500ms"), 3, 'write it whole, in quotes: if: "http_latency_p95 > 1500ms"'),
        (rule("'> 1500ms'"), 3, 'write if: "http_latency_p95 > 1500ms"'),
        (rule("|\n      http_latency_p95 > 1500ms"), 3, "in quotes"),
        (rule("http_latency_p95 > 1500"), 3, "write 1500ms or 1500s"),
        (rule("http_latency_p95 > 20%"), 3, "write +20%"),
        (rule("http_latency_p95 > +20ms"), 3, "write +20%, or drop the sign"),
        (rule("http_latency_p95 < 1500ms"), 3, "write '>'"),
        (rule("availability > 99%"), 3, "write '<'"),
        (rule("error_rate > 1%", "gate:\n  ca: nope.pem\n"), 5, "'nope.pem' cannot be read: No such file or directory"),
        (rule("error_rate > 0.01"), 3, "write 1% or 0.01%"),
        (rule("availability < 99.9"), 3, "which is in percent (write 99.9%)"),
        (rule("consecutive failures >= 3 every 5 within 5m"), 3, "write 5s, 5m, 5h or 5d"),
        (asserting("queue", "=> 5"), 1, "is not a comparison by '=>' (write >= 5)"),
        (asserting("queue", "= 5"), 1, "is not a comparison by '=' (write == 5)"),
        (
            asserting("$.queues[*].depth", "< 5"),
            1,
            "does not lead to one value (write $.queue.depth or $.queues[0].depth)",
        ),
        (
            rule("depth > 5", "signals:\n  depth: { probe: GET /stats, value: $..depth }\n"),
            5,
            "does not lead to one value",
        ),
        (rule("error_rate > 200%"), 3, "write +200%"),
        (rule("error_rate > -5%"), 3, "write +5%"),
        (rule("error_rate > 0%"), 3, "write 0.1%"),
        (rule("http_latency_p95 > 1s && error_rate > 1%"), 3, "write and, or"),
        (rule("consecutive failures >= 3 within 5"), 3, "write 5s, 5m, 5h or 5d"),
        (rule("http_latency_avg > 1s"), 3, "known: p50 to p99.9, error_rate, availability"),
        (rule("http_latncy_p95 > 1s"), 3, "perhaps you meant 'http_latency'"),
        (rule("(error_rate > 1%"), 3, "without its ')'"),
        (rule("error_rate > 1%\n    if: error_rate > 2%"), 4, "keep one of them"),
        (
            rule("error_rate > 1%\n    then: rolback", "actions:\n  rollback: { run: x }\n"),
            4,
            "perhaps you meant 'rollback'",
        ),
        (rule("error_rate > 1%", "actions:\n  undo: { run: x, max: 0 }\n"), 5, "take it out of then:"),
        (rule("error_rate > 1%", "actions:\n  undo: { timeout: 1m }\n"), 5, "write run: ./rollback.sh"),
        (rule("error_rate > 1%", "actions:\n  undo: { run: x, to: slack }\n"), 5, "make it two actions"),
        (rule("error_rate > 1%", "actions:\n  undo: { run: x, verify: maybe }\n"), 5, "write true or false"),
        (rule("error_rate > 1%", "actions:\n  ../undo: { run: x }\n"), 5, "write letters, digits, _ and -"),
        (rule("error_rate > 1%\n    no_data: no"), 4, "known: fail, inconclusive, pass"),
        (rule("error_rate > 1%\n    min: { probes: 08.5 }"), 4, "is not a whole number"),
        (rule("error_rate > 1%\n    wen: x"), 4, "unknown key 'wen'"),
        ("gate: { watch: 1:30 }\n" + rule("error_rate > 1%"), 1, "write 90s"),
        ("gate: { watch: 25h }\n" + rule("error_rate > 1%"), 1, "is longer than 24h"),
        ("gate: { alpha: 0.01 }\n" + rule("error_rate > 1%"), 1, "or 1% if a share is meant"),
        ("gate: { history: 50 }\n" + rule("error_rate > 1%"), 1, "is more than 20 (write 5"),
        ("gate: { rate: 10 }\n" + rule("error_rate > 1%"), 1, "write 10/s"),
        ("gate:\n\twatch: 5m\n", 2, "indent with spaces"),
        ("version: 2\n" + rule("error_rate > 1%"), 1, "write version: 1"),
        ("rules: []\n", 1, "no rule is never a pass"),
        ("gate: {}\n", None, "write rules:"),
        ("rules:\n  - name: r\n", 2, "write if:"),
        ("rules: &x [*x]\n", 1, "write the value out"),
    ],
)
def test_each_trap_has_its_line_and_the_way_out(text, line, fix):
    with pytest.raises(UsageError) as told:
        read(text)
    assert str(told.value).startswith(f"gate.yml line {line}:" if line else "gate.yml: ")
    assert fix in str(told.value)
    assert len(str(told.value).splitlines()) == 1


def test_an_action_is_read_whole():
    undo = "undo: { run: ./undo.sh, timeout: 90s, max: 2, verify: true }"
    notify, found = read(rule("error_rate > 1%\n    then: undo", f"actions:\n  {undo}\n")).actions
    assert notify == Action(name="notify")
    assert found == Action(name="undo", run="./undo.sh", timeout_s=90.0, most=2, verify=True)


def test_failures_in_a_row_count_ticks_of_the_length_that_is_written():
    found = read(rule("consecutive failures >= 4 every 2s within 1m")).rules[0].condition
    assert (found.count, found.every_s, found.within_s) == (4, 2.0, 60.0)


def test_failures_in_a_row_count_ticks_of_five_seconds_where_nothing_is_written():
    found = read(rule("consecutive failures >= 3")).rules[0].condition
    assert (found.every_s, found.within_s) == (5.0, 300.0)


@pytest.mark.parametrize("written", ["p(95)", "p95", "http_latency_p95", "http_latency p(95)", "http_latency_p(95)"])
def test_p95_and_p_of_95_are_the_same(written):
    condition = read(rule(f"{written} > +20%")).rules[0].condition
    assert (condition.signal, condition.quantile, condition.margin) == ("http_latency", 0.95, 0.2)


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (rule("error_rate > 95%"), "passes with 95% errors"),
        (rule("http_latency_p95 > 1500s"), "write 1500ms if milliseconds are meant"),
        (rule("http_latency_p95 > 0.5ms"), "write 0.5s if seconds are meant"),
        (rule("error_rate > 1%\n    no_data: pass"), "write no_data: fail"),
        (rule("error_rate > 1%\n    mode: dry-run"), "every rule is a dry run"),
        ("gate: { watch: 5s }\n" + rule("http_latency_p95 > +20%\n    mode: dry-run"), "can never fail"),
        (FULL.replace("$interval", "15s"), "fewer than two scrapes"),
        ("gate: { watch: 1m, min_watch: 2m }\n" + rule("error_rate > 1%"), "longer than the watch, and counts as 60 s"),
    ],
)
def test_the_linter_warns(text, warning):
    assert any(warning in each for each in warnings(read(text)))


def test_the_linter_does_not_advise_what_is_written():
    assert not [each for each in warnings(read(rule("error_rate > 50%"))) if "passes with" in each]


def test_a_sound_file_has_no_warnings():
    assert warnings(read(FULL)) == []
