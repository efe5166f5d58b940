"""`ci-reporter tests show`: what people read and what programs get."""

import json
import os
from pathlib import Path

import pytest

DATA = Path(__file__).with_name("data")
SUREFIRE = str(DATA / "surefire" / "TEST-shop.CartTest.xml")


@pytest.fixture
def show(run_program, tmp_path):
    """Show files; `results=...` is written to the file `results` first."""

    def call(*arguments, results=None):
        if results is not None:
            (run_program.folder / "results").write_text(results)
        return run_program("tests", "show", *arguments)

    return call


def test_the_first_line_says_it_all(show):
    ended = show(SUREFIRE)

    assert ended.returncode == 0
    assert ended.stdout.splitlines()[0].endswith(
        "· junit · 8 tests: 4 passed, 1 failed, 1 error, 2 skipped, 1 flaky · 80 ms"
    )


def test_failed_flaky_and_slow_tests_are_named(show):
    text = show(SUREFIRE).stdout

    assert "✗ shop.CartTest › alwaysFails\n      │ sum ==> expected: <3> but was: <2>" in text
    assert "✗ shop.CartTest › breaks (error)\n      │ no cart" in text
    assert "● shop.CartTest › flaky" in text
    assert "  39 ms  shop.CartTest › alwaysFails\n  28 ms" in text


def test_a_difference_is_said_once(show):
    text = show(SUREFIRE).stdout

    assert text.count("declares 2 tests, 0 skipped; its records hold 8 tests, 2 skipped") == 1


def test_several_files_are_added_up(show):
    text = show(SUREFIRE, str(DATA / "node" / "node.tap")).stdout

    assert "2 files · 18 tests: 8 passed, 3 failed, 1 error, 6 skipped, 1 flaky · 114 ms" in text


def test_json_has_the_keys_of_the_report_and_the_detail(show):
    flat = json.loads(show(SUREFIRE, "--json").stdout)

    assert {key: flat[key] for key in ("total", "passed", "failed", "errors", "skipped", "flaky", "duration_ms")} == {
        "total": 8,
        "passed": 4,
        "failed": 1,
        "errors": 1,
        "skipped": 2,
        "flaky": 1,
        "duration_ms": 80,
    }
    assert flat["format"] == "junit"
    assert flat["declared"] == {"total": 2, "failed": 1, "errors": 1, "skipped": 0, "duration_ms": 8}
    assert flat["computed"] == {"total": 8, "failed": 1, "errors": 1, "skipped": 2}
    assert flat["mismatch"] is True
    assert [case["name"] for case in flat["failures"]] == ["alwaysFails", "breaks"]
    assert [case["name"] for case in flat["flaky_tests"]] == ["flaky"]
    assert flat["slowest"][0]["duration_ms"] == 39
    assert [file["path"] for file in flat["files"]] == [SUREFIRE]


def test_hostile_names_and_messages_cannot_act_on_the_terminal(show):
    tap = "1..1\nnot ok 1 - \x1b[2Jgone\x07\x9b31m \x00 \u202ereversed\n# ::add-mask::x\r\x1b]0;title\x07\n"
    ended = show("results", "--format", "tap", results=tap)

    assert ended.returncode == 0
    assert all(char.isprintable() for char in ended.stdout.replace("\n", ""))
    assert not any(line.lstrip().startswith("::") for line in ended.stdout.splitlines())


def test_long_messages_are_cut(show):
    message = "\n".join(f"line {number} " + "x" * 500 for number in range(50))
    text = show("results", results=f"<testsuite><testcase><failure>{message}</failure></testcase></testsuite>").stdout

    assert "line 1" in text
    assert "line 7" not in text
    assert max(map(len, text.splitlines())) <= 120


def test_failures_beyond_a_hundred_are_counted(show):
    text = show("results", results=f"<testsuite>{'<testcase><failure/></testcase>' * 130}</testsuite>").stdout

    assert "… and 30 more" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nope.xml"], "nope.xml: cannot be read: No such file or directory"),
        ([os.curdir], ".: is a folder; a report file was expected"),
        (["*.nope"], "no file matches '*.nope'"),
        ([str(DATA / "README.md")], "is in no format of test results that is known here"),
    ],
)
def test_what_cannot_be_read_is_one_sentence_and_exit_1(show, arguments, said):
    ended = show(*arguments)

    assert ended.returncode == 1
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stdout == ""


def test_what_can_be_read_is_shown_beside_what_cannot(show):
    ended = show("nope.xml", SUREFIRE)

    assert ended.returncode == 1
    assert "8 tests" in ended.stdout


@pytest.mark.parametrize("arguments", [[], ["--nope"], [SUREFIRE, "--format", "nope"]])
def test_wrong_usage_is_exit_2(show, arguments):
    assert show(*arguments).returncode == 2


def test_a_pattern_is_looked_up(show):
    assert "3 files" in show(f"{DATA}/vitest/vitest*.*[lp]").stdout


def test_no_tests_is_said(show):
    assert show(str(DATA / "perl" / "skip-all.tap")).stdout.splitlines()[0].endswith("· tap · 0 tests")


def test_the_reference_page_shows_what_is_shown(run_program):
    page = (DATA.parents[2] / "docs" / "reference" / "test-results.md").read_text()
    snippet = page.partition("```console\n")[2].partition("```")[0]
    (run_program.folder / "TEST-shop.CartTest.xml").write_bytes(Path(SUREFIRE).read_bytes())
    ended = run_program("tests", "show", "TEST-shop.CartTest.xml")

    assert snippet == f"$ ci-reporter tests show TEST-shop.CartTest.xml\n{ended.stdout}"
