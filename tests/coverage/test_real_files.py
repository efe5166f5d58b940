"""Files of real tools say what their tools say; the same run in several formats is the same coverage."""

import pytest

from ci_reporter import coverage

RUNS = {
    "coverage.py/line": (8, 11, None, None),
    "coverage.py/branch": (8, 11, 4, 6),
    "gcovr/": (13, 20, 8, 14),
    "lcov/": (13, 20, 8, 14),
    "llvm-cov/": (16, 25, 9, 16),
    "nyc/": (8, 10, 3, 6),
    "c8/": (16, 21, 4, 7),
    "jest/": (6, 7, 2, 4),
    "vitest/": (13, 21, 2, 5),
    "go/cover.out": (6, 10, None, None),
    "go/coverpkg.out": (8, 10, None, None),
    "simplecov/one": (8, 9, 2, 4),
    "simplecov/coverage.json": (8, 9, 2, 4),
    "simplecov/resultset": (9, 9, 3, 4),
    "phpunit/": (5, 7, None, None),
    "jacoco/": (10, 12, 5, 8),
    "kover/": (4, 5, 3, 4),
    "openclover/": (5, 6, 3, 4),
    "opencover/": (5, 7, 3, 4),
    "coverlet/": (3, 4, 1, 2),
    "sonarqube/": (6, 9, 1, 4),
}
WITHOUT_BRANCHES = {"gcovr/": ["clover.xml"]}
FORMATS = {
    "cobertura": [
        "coverage.py/line.xml",
        "gcovr/cobertura.xml",
        "nyc/cobertura-coverage.xml",
        "coverlet/cobertura.xml",
    ],
    "coveragepy_json": ["coverage.py/line.json", "coverage.py/branch.json"],
    "lcov": ["coverage.py/line.info", "gcovr/lcov.info", "lcov/lcov.info", "llvm-cov/lcov.info", "jest/lcov.info"],
    "jacoco": ["jacoco/jacoco.xml", "kover/report.xml", "gcovr/jacoco.xml"],
    "clover": ["openclover/clover.xml", "phpunit/clover.xml", "gcovr/clover.xml", "vitest/clover.xml"],
    "gocover": ["go/cover.out", "go/coverpkg.out"],
    "simplecov": ["simplecov/resultset.json", "simplecov/coverage.json"],
    "istanbul": ["nyc/coverage-final.json", "nyc/coverage-summary.json", "c8/coverage-final.json"],
    "opencover": ["opencover/opencover.xml"],
    "llvm_cov": ["llvm-cov/export.json", "llvm-cov/summary.json"],
    "gcovr": ["gcovr/gcovr.json", "gcovr/summary.json"],
    "sonarqube": ["sonarqube/gcovr.xml"],
}
CASES = [
    pytest.param(run, path, id=str(path.relative_to(path.parents[1])))
    for run in RUNS
    for path in sorted((__import__("pathlib").Path(__file__).with_name("data")).glob(f"{run}*"))
    for path in (sorted(path.glob("*")) if path.is_dir() else [path])
]


def test_every_file_has_its_expectation(data):
    assert {case.values[1] for case in CASES} | {data / "coverage.py/two_roots.xml"} == set(data.glob("*/*"))


@pytest.mark.parametrize(("run", "path"), CASES)
def test_totals_are_those_of_the_tool(run, path):
    totals = coverage.read(str(path)).totals

    branches = RUNS[run][2:] if path.name not in WITHOUT_BRANCHES.get(run, ()) else (None, None)
    assert (totals.covered, totals.total) == RUNS[run][:2]
    assert (totals.branches_covered, totals.branches_total) == branches


@pytest.mark.parametrize(("run", "path"), CASES)
def test_declared_and_computed_agree(run, path):
    report = coverage.read(str(path))

    assert not report.mismatch
    assert report.computed.covered is not None


@pytest.mark.parametrize(("run", "path"), CASES)
def test_detail_changes_no_total(run, path):
    plain, detailed = coverage.read(str(path)), coverage.read(str(path), detail=True)

    assert plain.computed == detailed.computed
    assert not plain.files
    assert sum(found.total for found in detailed.files) == detailed.computed.total


@pytest.mark.parametrize(("name", "file"), [(name, file) for name, files in FORMATS.items() for file in files])
def test_format_is_told_by_content_not_by_name(tmp_path, data, name, file):
    (tmp_path / "x.bin").write_bytes((data / file).read_bytes())

    assert coverage.read(str(tmp_path / "x.bin")).format == name


def lines(path):
    return {
        found.path.removeprefix("/app/").partition("/")[2].removeprefix("src/"): dict(found.lines.items())
        for found in coverage.read(str(path), detail=True).files
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("gcovr/cobertura.xml", "gcovr/lcov.info"),
        ("gcovr/cobertura.xml", "gcovr/gcovr.json"),
        ("gcovr/cobertura.xml", "lcov/lcov.info"),
        ("nyc/cobertura-coverage.xml", "nyc/coverage-final.json"),
        ("c8/lcov.info", "c8/coverage-final.json"),
        ("llvm-cov/export.json", "llvm-cov/lcov.info"),
        ("coverage.py/branch.xml", "coverage.py/branch.json"),
        ("coverage.py/branch.info", "coverage.py/branch.json"),
    ],
)
def test_same_run_has_the_same_lines_and_hits(data, one, other):
    assert sorted(map(str, lines(data / one).values())) == sorted(map(str, lines(data / other).values()))


def test_units_are_named(data):
    units = {file: coverage.read(str(data / files[0])).unit for file, files in FORMATS.items()}

    assert units == dict.fromkeys(FORMATS, "line") | {
        "clover": "statement",
        "gocover": "statement",
        "opencover": "sequence_point",
    }


def test_two_roots_with_files_of_one_name_differ_and_the_declared_totals_win(data):
    report = coverage.read(str(data / "coverage.py/two_roots.xml"))

    assert report.mismatch
    assert (report.totals.covered, report.totals.total) == (6, 8)
    assert (
        "declares 6 of 8 lines covered, its records add up to 2 of 3; the declared totals are used" in report.sentence
    )
    assert report.roots == ("/app/two/a", "/app/two/b")


def test_simplecov_commands_are_united_branch_by_branch(data):
    """`.last_run.json` of that run says 100 % of lines and 75 % of branches."""
    report = coverage.read(str(data / "simplecov/resultset.json"))

    assert report.pct == 100
    assert report.totals.branches_covered / report.totals.branches_total == 0.75


def test_go_blocks_repeated_by_coverpkg_are_one_block(data):
    """`go tool cover -func` says 80.0 % of statements."""
    assert coverage.read(str(data / "go/coverpkg.out")).pct == 80


def test_python_json_is_lines_as_in_its_xml(data):
    """Its own percent_covered, 70.59, counts branches."""
    pcts = {coverage.read(str(data / f"coverage.py/branch.{kind}")).pct for kind in ("json", "xml", "info")}

    assert pcts == {100 * 8 / 11}


def test_jacoco_counts_lines_not_instructions(data):
    assert coverage.read(str(data / "jacoco/jacoco.xml")).unit == "line"


def test_tests_own_files_are_no_coverage_in_clover(data):
    report = coverage.read(str(data / "openclover/clover.xml"), detail=True)

    assert [found.path for found in report.files] == ["/app/java/src/shop/Price.java"]


@pytest.mark.parametrize("name", coverage.FORMATS)
def test_every_format_has_its_line_in_the_reference(data, name):
    assert f"\n| `{name}` |" in (data.parents[2] / "docs/reference/coverage.md").read_text()
