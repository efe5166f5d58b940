"""An alert survives the outbox whole, and a person reads what it says in their language."""

import json
from math import inf, nan

from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.frozen import replace
from ci_reporter.model import Result
from ci_reporter.notify.alert import Alert, Chart, Curve, Field, Level, Link, State, from_json, to_json
from ci_reporter.notify.content import content
from ci_reporter.notify.language import Language
from tests.notify.makers import CHARTS, RUN, hostile_alert, make_alert

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(title=TEXT, text=TEXT, level=st.sampled_from(Level), state=st.sampled_from(State), name=TEXT, url=TEXT)
def test_an_alert_is_the_same_after_the_outbox(title, text, level, state, name, url):
    alert = make_alert(
        title=title,
        text=text,
        level=level,
        state=state,
        fields=(Field(name=name, value=url),),
        links=(Link(text=name, url=url),),
    )
    assert from_json(json.loads(json.dumps(to_json(alert)))) == alert


def test_the_smallest_alert_is_the_same_after_the_outbox():
    assert from_json(to_json(Alert(title="x"))) == Alert(title="x")


def test_charts_are_the_same_after_the_outbox():
    alert = make_alert(charts=CHARTS)
    assert from_json(json.loads(json.dumps(to_json(alert)))).charts == CHARTS


def test_what_is_no_number_in_json_is_a_gap():
    alert = Alert(title="x", charts=(Chart(title="t", curves=(Curve(name="c", values=(nan, inf, 1.0)),)),))
    assert to_json(alert)["charts"][0]["curves"][0]["values"] == [None, None, 1.0]


def test_what_was_measured_comes_before_where_it_happened():
    names = [each.name for each in content(make_alert()).facts]
    assert names == [
        *("Result", "Duration", "Coverage", "Service", "Environment", "Repository"),
        *("Pipeline", "Job", "Branch", "Started by"),
    ]


def test_a_chinese_reader_gets_chinese_words_and_the_users_own():
    shown = content(make_alert(state=State.RESOLVED), Language.ZH)
    assert shown.headline == "✅ 已恢复: unit failed"
    assert [(each.name, each.value) for each in shown.facts[:3]] == [
        ("结果", "失败"),
        ("耗时", "2 min 3 s"),
        ("覆盖率", "93.1 % (-1.2)"),
    ]


def test_the_run_and_its_log_are_linked_before_the_alerts_own_links():
    assert [each.text for each in content(make_alert()).links] == ["Run", "Log", "Dashboard"]


def test_only_web_addresses_are_linked():
    assert [each.url for each in content(hostile_alert()).links] == [
        RUN.job_url,
        "https://ok.example/?a=1&b=<2>",
    ]


def test_nothing_that_is_shown_has_a_control_character_or_turns_its_direction():
    shown = content(hostile_alert())
    texts = [shown.title, shown.commit, *shown.stat, *shown.failed_tests, *(each.value for each in shown.facts)]
    assert [text for text in texts if not text.isprintable()] == []
    assert [line for line in shown.text.split("\n") if not line.isprintable()] == []


def test_green_is_for_what_is_over_and_for_a_success():
    colours = {
        content(make_alert(state=State.RESOLVED)).colour,
        content(replace(make_alert(level=Level.INFO), result=Result.SUCCESS)).colour,
    }
    assert colours == {"#1a7f37"}


def test_an_empty_line_stays_and_a_second_one_does_not():
    assert content(Alert(title="x", text="\n\na\n\n\n\nb\n")).text == "a\n\nb"
