"""A chart that Mermaid draws, whatever steps are called."""

import json
import re
import string
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.surfaces.markdown.mermaid import entity, gantt
from tests.conftest import needs

ROOT = Path(__file__).parents[3]
LIBRARY = ROOT / "node_modules/@mermaid-js/tiny/dist/mermaid.tiny.js"
NAMES = (
    *(f"{char}a{char}" for char in string.printable if not char.isspace()),
    *(
        "section x",
        "title y",
        "click z href",
        "end",
        "excludes weekends",
        "accTitle: x",
        "accDescr {",
        "gantt",
        "vert x",
    ),
    *("%%c", "%%{init: {}}%%", "dateFormat x", "a:b,c;d#e", "x :crit, 1, 2", "#35;", "&lt;b&gt;", 'href "x"', "after"),
    *(
        "---",
        "call f()",
        "tickInterval 1d",
        "1",
        "0ms",
        "done",
        "crit, x",
        "weekday monday",
        "測試",
        "😀",
        "a\nb",
        "todayMarker",
    ),
)


@pytest.mark.node
def test_mermaid_reads_every_name_and_time(make_report):
    """Fifty names share a chart: one that breaks out of its place breaks all of it."""
    if not LIBRARY.exists():
        needs("mermaid", "npm ci")
    chunks = [NAMES[at : at + 50] for at in range(0, len(NAMES), 50)]
    jobs = [
        [make_report(step=name, job_name=name, result="failure", exit_code=1) for name in names] for names in chunks
    ]
    charts = [gantt(reports).removeprefix("```mermaid\n").removesuffix("```") for reports in jobs]
    line = [needs("node", "apt-get install nodejs"), Path(__file__).with_name("gantt.mjs"), LIBRARY]
    done = subprocess.run(line, input=json.dumps(charts), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-1000:]
    start = 1769860800000
    for names, tasks in zip(chunks, map(json.loads, done.stdout.splitlines()), strict=True):
        shown = [name.replace("\n", " ") for name in names]
        known = {"from": start, "to": start + 12345, "failed": True}
        assert tasks == [{"name": name, "section": name, **known} for name in shown]


def test_a_step_is_a_task_from_its_start_on(make_report):
    assert gantt([make_report(step="unit", result="failure", exit_code=1)]).splitlines() == [
        "```mermaid",
        "gantt",
        "    dateFormat x",
        "    axisFormat %H:%M:%S",
        "    todayMarker off",
        "    unit :crit, 1769860800000, 12345ms",
        "```",
    ]


def test_several_jobs_are_sections(make_report):
    chart = gantt([make_report(job_name="unit (3.12)"), make_report(job_name="e2e: all")])
    assert re.findall("section (.*)", chart) == ["unit (3.12)", "e2e#58; all"]


def test_of_many_steps_the_longest_are_shown(make_report):
    chart = gantt([make_report(step=f"s{at}", duration_ms=at) for at in range(70)])
    assert chart.count("ms\n") == 50
    assert " s69 :" in chart and " s19 :" not in chart
    assert chart.endswith("… 20 more steps, each shorter than these")


@pytest.mark.parametrize("started_at", [None, "yesterday", "0001-01-01T00:00:00Z"])
def test_a_step_without_a_time_that_can_be_drawn_is_left_out(make_report, started_at):
    assert gantt([make_report(started_at=started_at)]) == ""


def test_a_length_is_never_beyond_what_can_be_drawn(make_report):
    chart = gantt([make_report(duration_ms=2**62), make_report(duration_ms=-5)])
    assert re.findall(r"(\d+)ms", chart) == ["31622400000", "1"]


@pytest.mark.parametrize("name", ["section a", "title x", "click a href b", "dateFormat x", "end", "Section"])
def test_a_word_of_the_grammar_is_a_name(name):
    assert entity(name) == f"#{ord(name[0])};{name[1:]}"


@given(st.text(min_size=1))
def test_a_name_ends_neither_its_task_nor_its_line(name):
    assert re.fullmatch(r"(?:[\w ./()=+-]|#\d+;)+", entity(name))
    assert "".join(re.sub(r"#(\d+);", lambda found: chr(int(found[1])), entity(name))) == name
