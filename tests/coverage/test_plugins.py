"""A format of somebody else's package: an entry point, found by its name and by its own sign."""

import sys

import pytest

from ci_reporter import coverage

MODULE = """
from ci_reporter.coverage.source import Declared

def read(source, tally):
    tally.lines("a", {1: 1, 2: 0}, {})
    return Declared(unit="line")

read.sniff = lambda text: text.startswith("MYCOV")
"""


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A distribution with an entry point, on the path."""
    (tmp_path / "mycov_plugin.py").write_text(MODULE)
    info = tmp_path / "mycov-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mycov\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[ci_reporter.coverage]\nmycov = mycov_plugin:read\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("mycov_plugin", None)


@pytest.mark.parametrize("name", ["mycov", None])
def test_a_format_of_another_package_is_read(plugin, tmp_path, name):
    (tmp_path / "x").write_text("MYCOV 1\n")
    report = coverage.read(str(tmp_path / "x"), name)

    assert (report.format, report.totals.covered, report.totals.total) == ("mycov", 1, 2)
