"""`ci-reporter report`: the page and the badges of a run, from the installed program."""

import pytest


@pytest.fixture
def recorded(run_program):
    """Two runs of a step, and what a report needs to know of the second."""
    for run in ("run-1", "run-2"):
        run_program("run", "-q", "--name", "unit", "--", "true", env={"CI_RUN_ID": run})
    return {"CI_RUN_ID": "run-2"}


def test_a_page_and_badges_are_written(run_program, recorded):
    line = ("--html", "out/report.html", "--badge", "duration=d.svg", "--badge", "coverage=c.svg")
    ended = run_program("report", *line, env=recorded)
    assert (ended.returncode, ended.stderr.count("wrote")) == (0, 3)
    page = (run_program.folder / "out" / "report.html").read_text()
    assert "1 step, all good" in page and "run-2" in page and "How the steps went before" in page
    assert "unit" in (run_program.folder / "d.svg").read_text()
    assert "unknown" in (run_program.folder / "c.svg").read_text()


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ((), 2, "nothing to write (give --html, --badge, --annotations or --dotenv)"),
        (("--badge", "cover=x.svg"), 2, "no badge named 'cover' (perhaps you meant 'coverage')"),
        (
            ("--annotations", "a.json", "--link", "x=javascript:1"),
            2,
            "is not TEXT=URL with an https:// or http:// address",
        ),
        (("--badge", "coverage"), 2, "names no file (write coverage=coverage.svg)"),
        (("--badge", "result=x.svg", "--step", "units"), 2, "no step named 'units' (perhaps you meant 'unit')"),
        (("--html", "x.html", "--run", "run-9"), 1, "no step of run run-9 is recorded"),
        (("--html", "/proc/nope/x.html"), 1, "cannot write /proc/nope/x.html"),
    ],
)
def test_a_mistake_is_one_line(run_program, recorded, line, code, said):
    ended = run_program("report", *line, env=recorded)
    assert (ended.returncode, ended.stderr.count("\n")) == (code, 1)
    assert said in ended.stderr
