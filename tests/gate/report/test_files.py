"""JUnit and Markdown of a verdict: what they say, and that no text breaks them."""

import json
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.gate.recording import Count, Probe, Recording, Signal
from ci_reporter.gate.report.junit import Missing, junit
from ci_reporter.gate.report.markdown import markdown
from ci_reporter.gate.verdict import Finding, RuleVerdict, Verdict
from ci_reporter.system.markdown import escape

MERMAID = r"```mermaid\n(.*?)```"
HOSTILE = 'x"><script>alert(1)</script>|`]]>&\x00\x1b[31m\n# head'


def make_rule(name="latency", verdict="fail", mode="enforce", policy="fail", **more):
    known = {"reason": "slower", "decided_at_s": 30.0, "p": 0.0001, "needed": 0.0005, "baseline": 100.0, "watch": 150.0}
    finding = Finding(verdict=verdict, **(known | more))
    return RuleVerdict(name=name, text="http_latency_p95 > +10%", mode=mode, policy=policy, finding=finding)


def make_verdict(*rules, verdict="fail"):
    return Verdict(verdict=verdict, decided_at_s=30.0, rules=rules)


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        (make_rule(), "failure"),
        (make_rule(verdict="pass"), "system-out"),
        (make_rule(verdict="inconclusive"), "error"),
        (make_rule(verdict="inconclusive", policy="warn"), "skipped"),
        (make_rule(mode="dry-run"), "skipped"),
    ],
    ids=["fail", "pass", "inconclusive", "only-warns", "dry-run"],
)
def test_each_verdict_has_its_element(rule, outcome):
    (case,) = ET.fromstring(junit(make_verdict(rule), name="gate", url="https://svc")).iter("testcase")
    assert [child.tag for child in case] == [outcome]


def test_a_rollout_that_never_ends_is_a_failure():
    said = "not converged after 9 probes"
    missing = Missing(case="converge", kind="failure", headline="not converged", statement=said)
    root = ET.fromstring(junit(None, name="gate", url="", missing=missing))
    assert root.find("testsuite").get("failures") == "1"
    assert root.find(".//failure").text == "not converged after 9 probes"


def test_the_counts_are_those_of_the_cases(run_program):
    rules = [make_rule(), make_rule("b", "pass"), make_rule("c", "inconclusive"), make_rule("d", mode="dry-run")]
    (run_program.folder / "gate.xml").write_text(junit(make_verdict(*rules), name="gate", url=""))
    ended = run_program("tests", "show", "gate.xml", "--json")
    counts = json.loads(ended.stdout)
    assert [counts[key] for key in ("total", "passed", "failed", "errors", "skipped")] == [4, 1, 1, 1, 1]


@given(st.text(), st.text())
def test_any_text_gives_whole_xml(name, reason):
    root = ET.fromstring(junit(make_verdict(make_rule(name, reason=reason)), name=name, url=reason).encode())
    assert len(list(root.iter("testcase"))) == 1


def test_the_page_says_verdict_rules_and_chart(make_recording):
    both = {"baseline": make_recording("baseline", seconds=60), "watch": make_recording(seconds=60, slower=1.5)}
    page = markdown(
        make_verdict(make_rule()),
        both,
        title="gate",
        url="https://svc",
        lines=["converged"],
    )
    assert page.startswith("### ❌ gate: fail after 30 s\n\n`https://svc`\n\nconverged\n")
    assert "| `latency` | ❌ fail | 100 ms | 150 ms | slower; p = 0.0001; fails at 0.0005 |" in page
    labels, top, (p95, p50) = chart(page)
    assert labels == [*(f"b{at}" for at in range(1, 13)), *(f"w{at}" for at in range(1, 13))]
    assert all(low < high < top for low, high in zip(p50, p95, strict=True))


def chart(page):
    """The chart on the page, held strictly to the part of Mermaid's grammar that we use: labels, top, lines."""
    kind, x_axis, y_axis, *lines = [line.strip() for line in re.search(MERMAID, page, re.DOTALL)[1].splitlines()]
    assert kind == "xychart-beta"
    labels = re.fullmatch(r"x-axis \[((?:[bw]\d+, )*[bw]\d+)\]", x_axis)[1].split(", ")
    top = float(re.fullmatch(r'y-axis "(?:ms|%)" 0 --> (\d+\.\d\d)', y_axis)[1])
    found = [re.fullmatch(r"line \[((?:\d+\.\d\d, )*\d+\.\d\d)\]", line)[1].split(", ") for line in lines]
    assert {len(line) for line in found} == {len(labels)}
    assert len(labels) <= 24
    return labels, top, [[float(value) for value in line] for line in found]


def test_a_long_watch_is_still_a_small_chart(make_recording):
    page = markdown(make_verdict(make_rule()), {"watch": make_recording(seconds=3600, rate=1)}, title="gate")
    labels, _, lines = chart(page)
    assert (labels[0], labels[-1], len(lines)) == ("w1", "w12", 2)


def probed(*seconds):
    """A watch: the latencies of each second's probes, None for one that failed."""
    probes = [
        Probe(t=float(t), ok=latency is not None, latency_ms=latency)
        for t, latencies in enumerate(seconds)
        for latency in latencies
    ]
    return Recording(phase="watch", signals={"x": Signal(probes=tuple(probes))})


def test_large_latencies_have_no_exponent():
    page = markdown(make_verdict(make_rule()), {"watch": probed(*[[123456.7]] * 20)}, title="gate")
    assert chart(page)[1:] == (135802.37, [[123456.7] * 4] * 2)


def test_blocks_that_failed_are_said_and_shown_as_errors():
    page = markdown(
        make_verdict(make_rule()), {"watch": probed(*[[100.0]] * 5, *[[None]] * 5, *[[80.0]] * 5)}, title="gate"
    )
    assert "a block in which too many failed repeats the one before" in page
    latency, errors = (chart(f"```mermaid{part}") for part in page.split("```mermaid")[1:])
    assert latency[2] == [[100.0, 100.0, 80.0]] * 2
    assert errors[1:] == (100.0, [[0.0, 100.0, 0.0]])


def test_without_latencies_the_chart_is_of_errors():
    counts = tuple(Count(t=15.0 * at, bad=float(at), total=100.0) for at in range(4))
    counted = Recording(phase="watch", signals={"checkout": Signal(counts=counts)})
    page = markdown(make_verdict(make_rule()), {"watch": counted}, title="gate")
    assert page.count("mermaid") == 1
    assert chart(page) == (["w1", "w2", "w3", "w4"], 4.5, [[0.0, 1.0, 2.0, 3.0]])


def test_of_a_watch_that_only_failed_there_is_no_latency():
    page = markdown(
        make_verdict(make_rule()), {"baseline": probed(*[[100.0]] * 10), "watch": probed(*[[None]] * 10)}, title="gate"
    )
    assert page.count("mermaid") == 1
    assert chart(page)[1:] == (100.0, [[0.0, 0.0, 100.0, 100.0]])


def test_a_long_latency_has_no_exponent_in_the_table():
    page = markdown(make_verdict(make_rule(baseline=99.96, watch=15000.2)), {}, title="gate")
    assert "| 99.96 ms | 15000 ms |" in page


def test_too_little_to_see_is_no_chart():
    assert "mermaid" not in markdown(make_verdict(make_rule()), {"watch": probed([1.0], [1.0])}, title="gate")


@given(st.lists(st.tuples(st.floats(0, 1e7), st.none() | st.floats(0, 1e9)), min_size=1))
def test_any_recording_gives_a_whole_chart(seen):
    probes = tuple(Probe(t=t, ok=latency is not None, latency_ms=latency) for t, latency in sorted(seen, key=first))
    watch = Recording(phase="watch", signals={"x": Signal(probes=probes)})
    page = markdown(make_verdict(make_rule()), {"baseline": watch, "watch": watch}, title="gate")
    for part in page.split("```mermaid")[1:]:
        chart(f"```mermaid{part}")


def first(pair):
    return pair[0]


def test_what_a_server_says_stays_text(make_recording):
    worst = ({"t": 1.0, "latency_ms": 2.0, "ok": False, "status": 500, "reason": HOSTILE, "response": HOSTILE},)
    page = markdown(
        make_verdict(make_rule(HOSTILE, reason=HOSTILE, worst=worst)),
        {"watch": make_recording(seconds=30)},
        title=HOSTILE,
    )
    outside = re.sub(r"`[^`\n]*`", "", page)
    assert "<script" not in outside
    assert "\x00" not in page
    assert "\x1b" not in page
    assert len([line for line in page.splitlines() if line.startswith("#")]) == 1
    row = next(line for line in page.splitlines() if line.startswith("| `x"))
    assert len(re.split(r"(?<!\\)\|", row)) == 7


@given(st.text())
def test_plain_text_has_no_markup(text):
    shown = escape(text)
    assert "\n" not in shown
    assert "<" not in shown
    assert not re.search(r"(?<!\\)[|`*_\[]", shown)
