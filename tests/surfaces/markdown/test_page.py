"""The page of a run as Markdown: what failed first, everything of others is text, never longer than it may be."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from ci_reporter.frozen import replace
from ci_reporter.model import Gate
from ci_reporter.surfaces.markdown.page import RunRecords, coverage, page

GITHUB = MarkdownIt("gfm-like", {"html": True, "linkify": False})
HOSTILE = "</td><script>alert(1)</script> @org #12 !34 [a](javascript:b) `x` | a\n# b **c**"


@pytest.fixture
def run(make_report):
    """A run of three steps: one with failed tests, a gate, and one that went well."""
    tests = {"total": 30, "passed": 16, "failed": 14, "errors": 0, "skipped": 0}
    failures = [{"name": "test_cart: adds", "message": "1 is not 2\nat all", "path": "test_cart.py", "line": 4}]
    unit = make_report(
        report_id="u", step="unit", exit_code=1, tests=tests, failures=failures, coverage_pct=93.1, branch="topic"
    )
    gate = make_report(report_id="g", step="gate", exit_code=1)
    return RunRecords(
        reports=(
            make_report(report_id="b", step="build"),
            unit,
            replace(gate, gate=Gate(verdict="fail", rules={"slow": "fail"}, p95_ms_before=46.0, p95_ms=363.0)),
        ),
        before={"u": make_report(coverage_pct=92.7)},
    )


def test_what_failed_stands_first(run):
    text = page(run).text.replace("\\", "")
    order = [
        "❌ acme/shop · CI: 2 of 3 steps failed",
        "#### Failed tests",
        "`test_cart: adds` (`test_cart.py:4`): 1 is not",
    ]
    order += ["unit: … 13 more failed", "| build | ✅ success |", "❌ gate: fail", "| p95 | 46 ms | 363 ms |", "gantt"]
    places = [text.find(each) for each in order]
    assert -1 not in places and places == sorted(places), dict(zip(order, places, strict=True))


@pytest.mark.parametrize(
    ("gate", "result", "unread", "shown"),
    [
        (None, "success", (), "✅ acme/shop · CI: 1 step, all good"),
        (Gate(verdict="inconclusive"), "success", (), "❔ acme/shop · CI: 1 step, gate inconclusive"),
        (None, "skip", (), "⏭️ acme/shop · CI: 1 step, skipped"),
        (None, "success", ("a/steps.ndjson: line 1 is not a record",), "❔ acme/shop · CI: 1 step, all good"),
    ],
    ids=["good", "gate", "skipped", "unread"],
)
def test_what_is_unknown_is_not_green(make_report, gate, result, unread, shown):
    text = page(RunRecords(reports=(replace(make_report(result=result), gate=gate),), unread=unread)).text
    assert text.replace("\\", "").startswith(f"### {shown}\n")
    assert ("Steps may be lacking" in text) is bool(unread)


def test_coverage_is_told_with_its_change(run):
    assert "| 93.1 % (+0.4 against `main`) |" in page(run).text


@pytest.mark.parametrize(
    ("now", "before", "shown"),
    [(93.1, 92.0, "93.1 % (+1.1)"), (93.1, 95.0, "93.1 % (\u22121.9)"), (93.1, 93.11, "93.1 % (±0.0)")],
)
def test_a_change_has_its_sign(make_report, now, before, shown):
    assert coverage(make_report(coverage_pct=now), make_report(coverage_pct=before)) == shown


def test_a_gates_own_page_takes_the_place_of_its_figures(run):
    text = page(replace(run, gates={"g": "### ❌ gate: fail after 12 s\n\n```mermaid\nxychart-beta\n```"})).text
    assert "\n#### ❌ gate: fail after 12 s\n" in text and "xychart-beta" in text
    assert "| p95 |" not in text


def test_a_gates_page_that_has_no_room_leaves_its_figures(run):
    assert "| p95 | 46 ms | 363 ms |" in page(replace(run, gates={"g": "x" * 2000}), most=4000).text


def test_a_run_that_went_well_is_short(make_report):
    text = page(RunRecords(reports=(make_report(),))).text
    assert text.replace("\\", "").startswith("### ✅ acme/shop · CI: 1 step, all good\n")
    assert "gantt" not in text and "Failed" not in text


def test_what_others_wrote_is_text(run):
    reports = []
    for each in run.reports:
        about = replace(each.run, branch=HOSTILE, repository=HOSTILE, job_name=HOSTILE, run_url="javascript:alert(1)")
        failures = tuple(replace(failure, name=HOSTILE, message=HOSTILE, path=HOSTILE) for failure in each.failures)
        named = replace(each.step, name=HOSTILE, reason=HOSTILE)
        reports.append(replace(each, run=about, step=named, failures=failures, flaky_tests=(HOSTILE,)))
    tokens = GITHUB.parse(page(RunRecords(reports=tuple(reports))).text)
    inner = [each for token in tokens for each in token.children or ()]
    assert {token.type for token in tokens + inner} & {"html_block", "html_inline", "link_open", "strong_open"} == set()
    text = "".join(each.content for each in inner if each.type == "text")
    assert not {"@org", "#12", "!34"} & set(text.split())
    assert {len(row) for row in rows(tokens)} == {5}


def rows(tokens):
    """The cells of each row of the tables of steps."""
    found = []
    for token in tokens:
        if token.type == "tr_open":
            found.append([])
        if token.type in ("td_open", "th_open"):
            found[-1].append(token)
    return [row for row in found if len(row) != 3]


@pytest.mark.parametrize("most", [2_000, 65_536])
def test_it_is_never_longer_than_it_may_be(run, make_report, most):
    long = tuple(
        replace(run.reports[1], report_id=str(at), failures=(), failed_tests=(f"測{at}" * 60,) * 10) for at in range(40)
    )
    steps = tuple(make_report(report_id=f"s{at}", step=f"測試 {at}" * 9, duration_ms=at) for at in range(400))
    found = page(RunRecords(reports=(*long, *steps)), most=most, rest=".ci-reporter/summary.md")
    assert found.cut
    assert most * 0.4 < len(found.text.encode()) <= most
    assert "more failed tests" in found.text and "more steps" in found.text
    assert found.text.endswith("The whole page is in `.ci-reporter/summary.md`.\n")


def test_the_whole_page_has_no_line_about_a_rest(run):
    assert "whole page" not in page(run, rest="summary.md").text
