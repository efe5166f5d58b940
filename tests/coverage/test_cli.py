"""`ci-reporter coverage show` and `merge`, as a person and a program call them."""

import json
import shutil
import subprocess

import pytest

from ci_reporter import coverage


@pytest.fixture
def call(run_program, data):
    """Call `coverage`, with the real files at hand as `data`."""
    (run_program.folder / "data").symlink_to(data)

    def run(*arguments, **env):
        return run_program("coverage", *arguments, env=env)

    return run


def test_show_json_is_one_flat_object_with_the_reports_keys(call):
    found = json.loads(call("show", "data/coverage.py/branch.xml", "--json").stdout)

    keys = ["unit", "covered", "total", "branches_covered", "branches_total", "declared_mismatch", "coverage_pct"]
    assert [found[key] for key in keys] == ["line", 8, 11, 4, 6, False, 100 * 8 / 11]
    assert found["format"] == "cobertura"
    assert found["declared"] == found["computed"]
    assert "files" not in found


def test_show_json_has_the_files_when_asked(call):
    found = json.loads(call("show", "data/nyc/lcov.info", "--json", "--files").stdout)

    assert found["files"][0] == {
        "path": "src/main.js",
        "covered": 2,
        "total": 3,
        "branches_covered": 1,
        "branches_total": 2,
        "uncovered": [[4, 4]],
    }


def test_unknown_is_null_in_json(call, run_program):
    (run_program.folder / "x.info").write_text("SF:a\nend_of_record\n")
    found = json.loads(call("show", "x.info", "--json").stdout)

    assert (found["coverage_pct"], found["covered"], found["declared"]) == (None, None, None)


def test_show_tells_a_person_both_totals(call):
    ended = call("show", "data/gcovr/cobertura.xml", "--files")

    assert "gcovr/cobertura.xml: cobertura, 65.00 %" in ended.stdout
    assert ended.stdout.count("13 of 20 lines, 8 of 14 branches") == 2
    assert "src/main.c" in ended.stdout.splitlines()[3]


def test_show_says_a_mismatch_once(call):
    ended = call("show", "data/coverage.py/two_roots.xml")

    assert ended.stderr.count("its records add up to 2 of 3") == 1


def test_show_unites_several_files(call):
    found = json.loads(call("show", "data/simplecov/*.resultset.json", "data/go/*.out", "--json").stdout)

    assert found["format"] == "gocover+simplecov"
    assert len(found["reports"]) == 3


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["show"], 2, "Missing argument"),
        (["show", "nowhere.xml"], 1, "no file matches 'nowhere.xml'"),
        (["show", "data"], 1, "passed over: a folder"),
        (["show", "data/README.md"], 1, "expected a coverage report"),
        (["show", "data/nyc/lcov.info", "--format", "nope"], 2, "no coverage format named 'nope'"),
        (["show", "data/nyc/lcov.info", "--format", "cobertura"], 1, "line 1: expected well-formed XML"),
        (["merge", "data/nyc/lcov.info"], 2, "Missing option '--out'"),
        (["merge", "data/nyc/lcov.info", "--out", "x.bin"], 2, "cannot tell what to write"),
        (["merge", "data/nyc/lcov.info", "--out", "no/where.xml"], 2, "cannot be written: No such file"),
        (["merge", "data/gcovr/jacoco.xml", "--out", "x.xml"], 2, "only counts are known"),
        (["nope"], 2, "no command named"),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_a_code(call, arguments, code, says):
    ended = call(*arguments)

    assert (ended.returncode, ended.stdout) == (code, "")
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(("name", "format_"), [("m.xml", "cobertura"), ("m.info", "lcov"), ("m.json", "istanbul")])
def test_merge_writes_what_reads_back(call, run_program, name, format_):
    ended = call("merge", "data/coverage.py/branch.xml", "data/nyc/lcov.info", "--out", name)
    merged = coverage.read(str(run_program.folder / name))

    assert ended.returncode == 0
    assert merged.format == format_
    assert (merged.totals.covered, merged.totals.total) == (8 + 8, 11 + 10)
    assert (merged.totals.branches_covered, merged.totals.branches_total) == (4 + 3, 6 + 6)
    assert sorted(run_program.folder.iterdir()) == [run_program.folder / "data", run_program.folder / name]


def test_merge_may_write_over_what_it_read(call, run_program, data):
    shutil.copy(data / "nyc/lcov.info", run_program.folder / "lcov.info")

    assert call("merge", "lcov.info", "--out", "lcov.info").returncode == 0
    assert coverage.read(str(run_program.folder / "lcov.info")).totals.total == 10


@pytest.mark.skipif(not shutil.which("lcov"), reason="needs Debian's lcov")
def test_lcov_reads_what_merge_wrote(call, run_program, data):
    call("merge", "data/gcovr/cobertura.xml", "data/lcov/lcov.info", "--out", "m.info")
    ended = subprocess.run(
        ["lcov", "--summary", "m.info", "--rc", "lcov_branch_coverage=1"],
        cwd=run_program.folder,
        capture_output=True,
        text=True,
    )

    assert "lines......: 65.0%" in ended.stdout + ended.stderr
    assert "branches...: 57.1% (8 of 14 branches)" in ended.stdout + ended.stderr


def test_help_of_the_group_imports_no_format(call):
    assert "diff" in call("--help").stdout


CLOVER = (
    '<coverage generated="1"><project><file path="a.php"><line num="1" type="stmt" count="1"/>'
    '<line num="2" type="stmt" count="0"/></file><metrics statements="4" coveredstatements="3"/></project></coverage>'
)
EMPTY = '<coverage lines-valid="0" lines-covered="0" branches-valid="0" branches-covered="0"/>'


def test_merge_names_what_it_read_and_what_it_wrote(call, run_program):
    (run_program.folder / "clover.xml").write_text(CLOVER)
    ended = call("merge", "clover.xml", "--out", "x.xml")

    assert "75.00 % of 4 statements; written as lines: 50.00 % of 2 lines" in ended.stderr
    assert coverage.read(str(run_program.folder / "x.xml")).pct == 50


def test_merge_names_one_figure_where_lines_were_read(call):
    assert "source files, 80.00 % of 10 lines\n" in call("merge", "data/nyc/lcov.info", "--out", "x.xml").stderr


def test_what_is_0_of_0_is_unknown(call, run_program):
    (run_program.folder / "c.xml").write_text(EMPTY)

    assert "declared  nothing to cover\n" in call("show", "c.xml").stdout
    assert json.loads(call("show", "c.xml", "--json").stdout)["declared"]["branches_total"] is None


def test_branches_that_a_file_does_not_measure_are_not_shown(call):
    assert call("show", "data/coverage.py/line.xml").stdout.endswith(
        "declared  8 of 11 lines\n  computed  8 of 11 lines\n"
    )
