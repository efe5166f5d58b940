"""Several files are one: by file and line, hits added; what only has counts adds up by file."""

import os

import pytest

from ci_reporter import coverage


@pytest.fixture
def shard(tmp_path):
    """Write a file; give its path."""

    def write(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return str(path)

    return write


def lcov(**lines):
    return "".join(
        f"SF:{name}.py\n{''.join(f'DA:{number},{hits}{chr(10)}' for number, hits in found.items())}end_of_record\n"
        for name, found in lines.items()
    )


def combined(*paths, root="."):
    return coverage.combine([coverage.read(path, detail=True) for path in paths], root)


def test_hits_of_shards_are_added(shard):
    whole = combined(shard("1", lcov(a={1: 1, 2: 0})), shard("2", lcov(a={1: 2, 3: 1}, b={1: 0})))

    assert {found.path: dict(found.lines.items()) for found in whole.files} == {
        "a.py": {1: 3, 2: 0, 3: 1},
        "b.py": {1: 0},
    }
    assert (whole.totals.covered, whole.totals.total) == (2, 4)


def test_one_report_stays_as_it_declares(shard):
    only = coverage.read(shard("1", "SF:a\nDA:1,1\nLF:10\nLH:9\nend_of_record\n"), detail=True)

    assert coverage.combine([only]).pct == 90


def test_a_mismatch_in_one_of_them_is_kept(shard):
    whole = combined(shard("1", "SF:a\nDA:1,1\nLF:10\nLH:9\nend_of_record\n"), shard("2", lcov(b={1: 1})))

    assert whole.mismatch
    assert whole.to_model().declared_mismatch
    assert "some declare other totals" in whole.sentence


def test_the_same_run_in_several_formats_is_not_counted_twice(data):
    files = sorted((data / "nyc").glob("c*-*"))
    whole = combined(*map(str, files), str(data / "nyc/lcov.info"), root="/app/js")

    assert (whole.totals.covered, whole.totals.total) == (8, 10)


def test_simplecov_shards_are_united_branch_by_branch(shard):
    sides = '{"[:if, 0, 1, 1, 1, 9]":{"[:then, 1, 1, 1, 1, 2]":%d,"[:else, 2, 1, 1, 1, 2]":%d}}'
    branches = '{"a":{"coverage":{"/a.rb":{"lines":[1],"branches":' + sides + "}}}}"
    whole = combined(shard("1", branches % (1, 0)), shard("2", branches % (0, 1)))

    assert (whole.totals.branches_covered, whole.totals.branches_total) == (2, 2)


def test_go_profiles_are_united_by_block(shard):
    rows = "mode: set\na.go:1.1,3.2 5 {}\na.go:4.1,5.2 2 {}\n"
    whole = combined(shard("1", rows.format(1, 0)), shard("2", rows.format(0, 0)))

    assert whole.unit == "statement"
    assert (whole.totals.covered, whole.totals.total) == (5, 7)


def test_counts_without_lines_add_up_by_file(shard):
    summary = '{"gcovr/summary_format_version":"1","files":[{"filename":"%s","line_total":10,"line_covered":%d}]}'
    whole = combined(*(shard(str(n), summary % (name, n)) for n, name in ((3, "a"), (5, "b"), (7, "a"))))

    assert (whole.totals.covered, whole.totals.total) == (12, 20)


def test_different_units_are_counted_in_lines_where_all_have_lines(data):
    whole = combined(str(data / "go/cover.out"), str(data / "coverage.py/line.xml"))

    assert whole.unit == "line"
    assert whole.totals.total == 11 + 14


def collect(*patterns, root, **how):
    return coverage.collect(patterns, str(root), how.get("format"))


def test_collect_reads_what_patterns_name(shard, tmp_path):
    shard("one/lcov.info", lcov(a={1: 1}))
    shard("two/lcov.info", lcov(b={1: 0}))

    found = collect("*/lcov.info", root=tmp_path)

    assert (found.coverage.covered, found.coverage.total, found.pct) == (1, 2, 50)
    assert [os.path.relpath(path, tmp_path) for path in found.files] == ["one/lcov.info", "two/lcov.info"]
    assert not found.problems


def test_collect_says_what_matched_nothing(tmp_path):
    found = collect("**/coverage.xml", root=tmp_path)

    assert (found.coverage, found.pct, found.files) == (None, None, ())
    assert found.problems == ("no file matches '**/coverage.xml'",)


def test_collect_delivers_the_rest_when_a_file_is_bad(shard, tmp_path):
    shard("good.info", lcov(a={1: 1}))
    shard("bad.info", "SF:a\nDA:1,")
    os.mkfifo(tmp_path / "pipe.info")

    found = collect("*.info", root=tmp_path)

    assert found.coverage.covered == 1
    assert len(found.problems) == 2
    assert all("\n" not in problem for problem in found.problems)


def test_collect_says_that_there_is_nothing_to_cover(shard, tmp_path):
    shard("x", "SF:a\nend_of_record\n")

    found = collect("x", root=tmp_path)

    assert (found.coverage, found.pct) == (None, None)
    assert "nothing to cover" in found.notes[0]


def test_collect_says_a_mismatch_once(shard, tmp_path):
    shard("x", "SF:a\nDA:1,1\nLF:10\nLH:9\nend_of_record\n")

    found = collect("x", root=tmp_path)

    assert found.coverage.declared_mismatch
    assert len(found.notes) == 1


def test_collect_says_which_unit_was_left_out(shard, tmp_path, data):
    shard("a.json", '{"gcovr/summary_format_version":"1","files":[{"filename":"a","line_total":10,"line_covered":5}]}')
    shard("b.out", (data / "go/cover.out").read_text())

    found = collect("a.json", "b.out", root=tmp_path)

    assert (found.coverage.unit, found.coverage.total) == ("line", 10 + 14)


@pytest.mark.parametrize("name", ["nope", "cobertura"])
def test_collect_never_raises_for_a_wrong_format(shard, tmp_path, name):
    shard("x", lcov(a={1: 1}))

    found = collect("x", root=tmp_path, format=name)

    assert found.coverage is None
    assert len(found.problems) == 1
