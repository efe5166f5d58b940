"""A report that was made before the change contradicts the files, one way or another."""

import os

import pytest

from ci_reporter import coverage
from ci_reporter.coverage.changed import Repository
from ci_reporter.coverage.outdated import Sources, contradictions

ENV = {"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": "/nowhere", "GIT_CONFIG_NOSYSTEM": "1"}
SOURCE = "one\n\nthree\n\nfive\n\nseven\n\n"  # 8 lines, of which 4 are blank


@pytest.fixture
def doubts(tmp_path):
    """What is said of an LCOV report of `a.py` with these lines, when `a.py` has this text."""

    def of(lines, source=SOURCE, changed_at=None):
        (tmp_path / "a.py").write_text(source)
        (tmp_path / "lcov.info").write_text("SF:a.py\n" + "".join(f"DA:{n},1\n" for n in lines) + "end_of_record\n")
        report = coverage.read(str(tmp_path / "lcov.info"), detail=True)
        sources = Sources(root=str(tmp_path), changed_at={} if changed_at is None else {"a.py": changed_at})
        return [each.partition("a.py")[2] for each in contradictions([report], {"a.py": [1]}, sources)]

    return of


@pytest.mark.parametrize("lines", [[1, 3, 5, 7], [1], [1, 9], range(1, 9)], ids=["fits", "one", "last", "every line"])
def test_a_report_that_fits_is_not_doubted(doubts, lines):
    assert doubts(lines) == []


def test_lines_past_the_end_are_told(doubts):
    assert doubts([1, 3, 40]) == [": it covers line 40, and the file has 8 lines"]


def test_lines_that_are_blank_now_are_told(doubts):
    assert doubts([1, 4, 5]) == [": it covers line 4, which is blank"]


def test_a_report_written_before_the_change_is_told(doubts):
    assert "was changed later" in doubts([1, 3], changed_at=4_000_000_000)[0]


def test_a_report_written_after_the_change_is_not_doubted(doubts):
    assert doubts([1, 3], changed_at=1_000_000_000) == []


def test_a_source_that_is_gone_is_not_doubted(tmp_path):
    (tmp_path / "gone.info").write_text("SF:gone.py\nDA:40,1\nend_of_record\n")
    report = coverage.read(str(tmp_path / "gone.info"), detail=True)

    assert contradictions([report], {"gone.py": [1]}, Sources(root=str(tmp_path), changed_at={})) == ()


@pytest.fixture
def times(checkout):
    """When the files of a change got their content."""
    checkout.commit(a_py="1\n", b_py="1\n")
    checkout.git("checkout", "-q", "-b", "topic")
    checkout.commit(a_py="1\n2\n", b_py="1\n2\n")
    repository = Repository(folder=str(checkout.folder), env=ENV)
    return lambda: repository.changed_at(repository.change("main"))


def test_what_was_checked_out_counts_from_its_commit(checkout, times):
    os.utime(checkout.folder / "a.py", (4_000_000_000, 4_000_000_000))

    assert times()["a.py"] < 3_000_000_000


def test_what_was_committed_later_counts_from_its_edit(checkout, times):
    os.utime(checkout.folder / "a.py", (1_000_000_000, 1_000_000_000))

    assert times()["a.py"] == 1_000_000_000


def test_what_is_not_committed_counts_from_its_edit(checkout, times):
    checkout.write("a.py", "1\n2\n3\n")
    os.utime(checkout.folder / "a.py", (4_000_000_000, 4_000_000_000))

    assert times()["a.py"] == 4_000_000_000
