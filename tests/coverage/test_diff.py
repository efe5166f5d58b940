"""Coverage of changed lines: what is counted, and how it is shown."""

import json
import os
import subprocess
import sys

import pytest

from ci_reporter.coverage.diff import ChangeCoverage, ChangedFile, change_coverage, markdown, ranges
from ci_reporter.coverage.report import CoverageReport, Totals
from ci_reporter.coverage.tally import of_lines


def report(**files):
    found = tuple(of_lines(name.replace("__", "/").replace("_py", ".py"), lines, {}) for name, lines in files.items())
    return CoverageReport(path="x", format="lcov", unit="line", declared=Totals(), computed=Totals(), files=found)


def test_only_changed_lines_that_can_run_count():
    found = change_coverage({"a.py": [1, 2, 3, 9]}, report(a_py={1: 1, 3: 0, 5: 0}), "/repo")

    assert (found.covered, found.total, found.pct) == (1, 2, 50)
    assert found.files[0].uncovered == ((3, 3),)


def test_a_change_with_nothing_to_run_is_unknown():
    assert change_coverage({"a.py": [9]}, report(a_py={1: 1}), "/repo").pct is None


def test_files_of_a_covered_kind_in_no_report_are_named():
    found = change_coverage({"new.py": [1], "README.md": [1]}, report(a_py={1: 1}), "/repo")

    assert found.unknown == ("new.py",)


def test_paths_are_matched_by_their_ends():
    found = change_coverage({"backend/shop/cart.py": [1]}, report(shop__cart_py={1: 1}), "/repo")

    assert found.files[0].path == "backend/shop/cart.py"


def test_one_report_file_is_not_two_repository_files():
    found = change_coverage({"shop/cart.py": [1], "old/shop/cart.py": [1]}, report(shop__cart_py={1: 1}), "/repo")

    assert [each.path for each in found.files] == ["shop/cart.py"]
    assert found.unknown == ("old/shop/cart.py",)


@pytest.mark.parametrize(
    ("missed", "touched", "spans"),
    [
        ([], [1, 2], []),
        ([1, 2, 3], [1, 2, 3], [(1, 3)]),
        ([1, 3], [1, 3], [(1, 3)]),
        ([1, 3], [1, 2, 3], [(1, 1), (3, 3)]),
        ([5], [1, 5], [(5, 5)]),
    ],
)
def test_ranges_go_over_lines_that_cannot_run(missed, touched, spans):
    assert list(ranges(missed, touched)) == spans


def test_cells_are_escaped():
    hostile = "a|b`c`<img src=x>_d_*e*[f](g)@h#1\n\u202e.py"
    found = ChangeCoverage(files=(ChangedFile(path=hostile, covered=0, total=1, uncovered=((1, 1),)),), unknown=())

    row = markdown(found, "origin/main").splitlines()[4]

    assert row.count("|") == 5
    assert not set("`*[]@\u202e") & set(row)
    assert "<img" not in row


@pytest.fixture
def diff(checkout, tmp_path):
    """Call the program in a checkout of a change with three uncovered lines of four."""
    checkout.commit(src__a_py="1\n")
    checkout.git("checkout", "-q", "-b", "topic")
    checkout.commit(src__a_py="1\n2\n3\n4\n5\n6\n7\n", src__new_py="x\n", docs_md="x\n")
    checkout.write("lcov.info", "SF:src/a.py\nDA:1,1\nDA:2,1\nDA:3,0\nDA:4,0\nDA:6,0\nend_of_record\n")

    def call(*arguments, base="main", **env):
        program = os.path.join(os.path.dirname(sys.executable), "ci-reporter")
        return subprocess.run(
            [program, "coverage", "diff", "--base", base, *arguments],
            cwd=checkout.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)} | env,
            capture_output=True,
            text=True,
        )

    return call


def test_json_is_flat_with_the_reports_keys(diff):
    ended = diff("lcov.info", "--json")
    found = json.loads(ended.stdout)

    assert ended.returncode == 0
    assert (found["unit"], found["covered"], found["total"], found["coverage_pct"]) == ("line", 1, 4, 25)
    assert found["files"] == [{"path": "src/a.py", "covered": 1, "total": 4, "uncovered": [[3, 6]]}]
    assert found["unknown_files"] == ["src/new.py"]


def test_without_files_the_usual_places_are_looked_at(diff):
    assert "25.00 % of the 4 changed lines since main ran" in diff().stdout


def test_uncovered_lines_are_annotations_on_github_alone(diff):
    on_github = diff(GITHUB_ACTIONS="true")

    assert "::warning file=src/a.py,line=3,endLine=6,title=Not covered::Lines 3-6 are changed and" in on_github.stderr
    assert "::warning" not in diff().stderr


def test_the_table_goes_to_the_steps_summary(diff, tmp_path):
    diff(GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"))

    assert "| <code>src/a.py</code> | 1 of 4 | 25.0 % | 3-6 |" in (tmp_path / "summary.md").read_text()


def test_markdown_is_printed_when_asked(diff):
    assert diff("--markdown").stdout.startswith("**Coverage of changed lines: 25.0 %** (1 of 4 lines")


def test_at_most_ten_annotations_and_no_name_begins_another(diff, checkout):
    name = "a,b:c%\n::error::x.py"
    checkout.write(name, "".join(f"{n}\n" for n in range(60)))
    checkout.git("add", "-A")
    checkout.write(
        "json.json",
        json.dumps(
            {
                "gcovr/format_version": "1",
                "files": [
                    {"file": name, "lines": [{"line_number": n, "count": n % 2, "branches": []} for n in range(1, 60)]}
                ],
            }
        ),
    )

    lines = diff("json.json", GITHUB_ACTIONS="true").stderr.splitlines()

    assert len(lines) == 10
    assert all(line.startswith("::warning file=a%2Cb%3Ac%25%0A%3A%3Aerror%3A%3Ax.py,line=") for line in lines)


def test_a_base_that_is_missing_is_a_usage_error(diff):
    ended = diff(base="origin/main")

    assert ended.returncode == 2
    assert "has no commit 'origin/main'; fetch it: git fetch origin main" in ended.stderr


def test_a_report_that_cannot_be_read_is_exit_1(diff, checkout):
    checkout.write("bad.info", "SF:a\nDA:1")
    ended = diff("bad.info")

    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert not ended.stdout


def test_the_base_is_the_branch_the_change_goes_to(diff, checkout):
    checkout.git("update-ref", "refs/remotes/origin/main", "main")

    ended = diff(base="", GITHUB_ACTIONS="true", GITHUB_BASE_REF="main", GITHUB_REF="refs/pull/7/merge")

    assert "since origin/main ran" in ended.stdout


@pytest.mark.parametrize(("least", "code"), [("25", 0), ("25.1", 1), ("80", 1), ("0", 0)])
def test_min_fails_below_the_limit(diff, least, code):
    ended = diff("lcov.info", "--min", least)

    assert ended.returncode == code
    assert ("1 of 4 changed lines ran, 25.00 %; --min is" in ended.stderr) is bool(code)


def test_min_prints_the_figures_all_the_same(diff):
    assert json.loads(diff("lcov.info", "--json", "--min", "80").stdout)["coverage_pct"] == 25


def test_min_passes_a_change_with_nothing_to_run(diff, checkout):
    checkout.git("checkout", "-q", "main")
    checkout.git("checkout", "-q", "-b", "docs")
    checkout.commit(docs_md="y\n")

    assert diff("lcov.info", "--min", "80").returncode == 0


def test_min_fails_where_the_changed_code_is_in_no_report(diff, checkout):
    checkout.git("checkout", "-q", "main")
    checkout.git("checkout", "-q", "-b", "code")
    checkout.commit(src__other_py="x\n")
    ended = diff("lcov.info", "--min", "80")

    assert (ended.returncode, "coverage of the changed lines is unknown" in ended.stderr) == (1, True)


def test_a_report_that_is_older_than_the_change_is_told(diff, checkout):
    os.utime(checkout.folder / "lcov.info", (1_000_000_000, 1_000_000_000))
    ended = diff("lcov.info", "--json")

    assert "lcov.info was written at 2001-09-09" in ended.stderr
    assert "run the tests again" in ended.stderr
    assert len(json.loads(ended.stdout)["doubts"]) == 1


def test_a_report_that_fits_the_change_is_not_doubted(diff):
    ended = diff("lcov.info", "--json")

    assert (ended.stderr, json.loads(ended.stdout)["doubts"]) == ("", [])


def test_a_doubt_stands_in_the_steps_summary(diff, checkout, tmp_path):
    os.utime(checkout.folder / "lcov.info", (1_000_000_000, 1_000_000_000))
    diff(GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"))

    assert "**The report may be older than the change:**" in (tmp_path / "summary.md").read_text()
