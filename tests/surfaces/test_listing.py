"""Tables of what a hub tells: every kind has its columns, and nothing in an item harms the terminal."""

from __future__ import annotations

import pytest

from ci_reporter.surfaces.listing import COLUMNS, table


@pytest.mark.parametrize("kind", COLUMNS)
def test_an_item_that_knows_nothing_is_a_row_of_dashes(kind):
    head, row = table(kind, [{}]).splitlines()
    assert head.split()
    assert set(row.split()) <= {"-"}


@pytest.mark.parametrize("value", ["x", 5, 1.5, True, [], [5], ["x"], {}, {"verdict": 5}, None], ids=repr)
@pytest.mark.parametrize("kind", COLUMNS)
def test_a_value_of_another_type_harms_nothing(kind, value):
    keys = {"finished_at", "duration_ms", "coverage_pct", "gate", "last", "last_runs", "success_ratio", "outcomes"}
    assert len(table(kind, [dict.fromkeys(keys | {"base", "value", "duration_change_ms"}, value)]).splitlines()) == 2


def test_a_name_from_elsewhere_stays_on_its_line():
    assert table("runs", [{"ci_run_id": "a\nb\x1b[2Jc"}]).splitlines()[1].split() == [*"----", "a", "bc", *"---"]


def test_the_last_results_are_marks_oldest_first():
    item = {"last": [{"result": "failure"}, {"result": "success"}, {"result": "new"}]}
    assert table("series", [item]).splitlines()[1].endswith("?+x")


def test_results_are_coloured_where_colours_are_welcome():
    assert "\x1b[31mfailure\x1b[0m" in table("runs", [{"result": "failure"}], colour=True)
    assert "\x1b" not in table("runs", [{"result": "failure"}])


@pytest.mark.parametrize(
    ("value", "unit", "shown"), [(8280, "s", "2 h 18 min"), (0.0833, "ratio", "8.3 %"), (0.3667, "1/d", "0.367 a day")]
)
def test_a_figure_reads_as_people_say_it(value, unit, shown):
    assert shown in table("dora", [{"figure": "lead_time", "value": value, "unit": unit}])
