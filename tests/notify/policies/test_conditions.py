"""The grammar of `if:`, and what its conditions make of a report and those before it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.notify.policies.conditions import comparisons, parse
from ci_reporter.notify.policies.evaluate import Answer, View, evaluate


@pytest.fixture
def holds(make_report):
    """Whether a condition holds for a report with these keys, after reports with those."""

    def call(text, *before, stuck_s=0.0, **about):
        earlier = [make_report(report_id=f"r{at}", **each) for at, each in enumerate(before)]
        return evaluate(parse(text), View(report=make_report(**about), before=earlier, stuck_s=stuck_s)).holds

    return call


TESTS = {"total": 10, "passed": 8, "failed": 2, "errors": 0, "skipped": 0, "flaky": 1}


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("result == failure", {"result": "failure"}),
        ("result in (failure, timeout)", {"result": "timeout"}),
        ("result not in (failure, timeout)", {"result": "success"}),
        ("result != success", {"result": "error"}),
        ("duration > 10m", {"duration_ms": 600_001}),
        ("duration >= 10m", {"duration_ms": 600_000}),
        ("coverage < 80%", {"coverage_pct": 79.9}),
        ("coverage < 80", {"coverage_pct": 79.9}),
        ("tests.failed > 0", {"tests": TESTS}),
        ("tests.failed>0", {"tests": TESTS}),
        ("tests.flaky == 1", {"tests": TESTS}),
        ("exit_code == 137", {"exit_code": 137, "result": "error"}),
        ("memory > 1G", {"max_rss_bytes": 1024**3 + 1}),
        ("branch == main", {"branch": "main"}),
        ("branch == release/*", {"branch": "release/2.0"}),
        ("branch in (main, release/*)", {"branch": "release/2.0"}),
        ('branch == "a and b"', {"branch": "a and b"}),
        ("branch == release/and-more", {"branch": "release/and-more"}),
        ("job == 'unit (3.12)'", {}),
        ("measures.bundle_bytes > 4e4", {"measures": {"bundle_bytes": 48123}}),
        ("tags.team == web", {"tags": {"team": "web"}}),
        ("gate.verdict == fail", {"gate": {"verdict": "fail"}}),
        ("gate.error_rate > 1%", {"gate": {"verdict": "fail", "error_ratio": 0.02}}),
        ("gate.p95 > 200ms", {"gate": {"verdict": "fail", "p95_ms": 300.0}}),
        ("(result == success or coverage < 1%) and branch == main", {}),
    ],
)
def test_it_holds(holds, text, about):
    assert holds(text, **about) is True


@pytest.mark.parametrize(
    ("text", "before", "about", "expected"),
    [
        ("duration > +40%", [{"duration_ms": 1000}] * 3, {"duration_ms": 1401}, True),
        ("duration > +40%", [{"duration_ms": 1000}] * 3, {"duration_ms": 1400}, False),
        ("duration > +40%", [{"duration_ms": ms} for ms in (900, 1000, 90_000)], {"duration_ms": 1401}, True),
        (
            "duration > +40%",
            [{"duration_ms": 1000}, {"duration_ms": 9, "result": "failure"}],
            {"duration_ms": 1300},
            False,
        ),
        ("duration < -50%", [{"duration_ms": 1000}], {"duration_ms": 499}, True),
        ("coverage < -1%", [{"coverage_pct": 90.0}], {"coverage_pct": 88.9}, True),
        ("coverage < -1%", [{"coverage_pct": 90.0}], {"coverage_pct": 89.0}, False),
        ("coverage < -1%", [{"coverage_pct": 90.0}, {"result": "failure"}], {"coverage_pct": 80.0}, True),
        ("measures.b > +5%", [{"measures": {"b": 100.0}}], {"measures": {"b": 106.0}}, True),
        ("tests.total < -10%", [{"tests": TESTS}], {"tests": TESTS | {"total": 8}}, True),
    ],
)
def test_a_sign_compares_with_earlier_runs(holds, text, before, about, expected):
    assert holds(text, *before, **about) is expected


def test_how_long_a_step_has_been_running_is_compared(holds):
    assert (holds("stuck > 30m", stuck_s=1801), holds("stuck > 30m", stuck_s=1800)) == (True, False)


def test_a_step_that_has_ended_is_not_stuck(holds):
    assert holds("stuck > 30m") is False


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("coverage < 80%", "coverage is unknown"),
        ("coverage != 80%", "coverage is unknown"),
        ("duration > +40%", "no earlier run is known to compare duration with"),
        ("tags.team != web", "tags.team is unknown"),
        ("coverage < 80% and result == success", "coverage is unknown"),
        ("coverage < 80% or result == failure", "coverage is unknown"),
    ],
)
def test_what_is_unknown_is_not_true_and_is_said(make_report, text, why):
    assert evaluate(parse(text), View(report=make_report())) == Answer(holds=None, unknown=(why,))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("coverage < 80% and result == failure", False), ("coverage < 80% or result == success", True)],
)
def test_an_unknown_part_that_decides_nothing_does_not_matter(holds, text, expected):
    assert holds(text) is expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty (write result == failure"),
        ("result = failure", "which compares by '=' (write result == failure)"),
        ("result == failed", "result is never 'failed' (perhaps you meant 'failure')"),
        ("durration > 3m", "has no fact named 'durration' (perhaps you meant 'duration')"),
        ("measure.x > 3", "perhaps you meant 'measures.NAME'"),
        ("duration > 3", "'3' has no unit (write 3s, 3m, 3h or 3d)"),
        ("duration > +3m", "'+3m' is not a duration"),
        ("coverage < +1%", "which any run is (write coverage > +1%)"),
        ("coverage < 120%", "is not a percentage from 0 to 100"),
        ("tests.failed > +1", "a sign means a change against before (write +1%)"),
        ("exit_code > +10%", "exit_code is not compared with earlier runs (leave out the '+')"),
        ("branch > main", "branch is a text (write branch == main)"),
        ("exit_code in (1, 2)", "exit_code is a number (write exit_code == 1)"),
        ("result in ()", "whose list is empty"),
        ("result == failure && branch == main", "holds '&&' or '||' (write and, or)"),
        ("result == failure branch == main", "'and' or 'or' is missing"),
        ("branch == 'main", "with a quote that does not end"),
        ("stuck < 3m", "write stuck > 30m"),
        ("failure", "which is not a comparison"),
        ("exit_code > 1e999", "'1e999' is larger than any number here"),
        ("branch == [abc", "'[abc' has a '[' without its ']', and no branch has one in its name"),
        ("(result == failure", "has a '(' without its ')'"),
        ("(" * 5000 + "exit_code > 0" + ")" * 5000, "has more than 50 brackets within each other"),
    ],
)
def test_a_mistake_is_told_with_the_way_out(text, said):
    with pytest.raises(ValueError) as error:
        parse(text)
    assert said in str(error.value)


@given(st.text(alphabet="result=<>!()in and or'\"+-%0159.m ,failure", max_size=60))
def test_any_text_is_a_condition_or_a_mistake(text):
    try:
        found = list(comparisons(parse(text)))
    except ValueError:
        return
    assert found
