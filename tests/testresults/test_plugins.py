"""A format of somebody else's package: an entry point, found by its name and by its own sign."""

import sys

import pytest

MODULE = """
def read(path, file, tally):
    for line in file.read().splitlines()[1:]:
        tally.add("passed" if line == b"+" else "failed", "a")

read.sniff = lambda text: text.startswith("MYTESTS")
"""


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A distribution with an entry point, on the path."""
    (tmp_path / "mytests_plugin.py").write_text(MODULE)
    info = tmp_path / "mytests-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mytests\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[ci_reporter.testresults]\nmytests = mytests_plugin:read\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("mytests_plugin", None)


@pytest.mark.parametrize("name", ["mytests", None])
def test_a_format_of_another_package_is_read(plugin, results, name):
    result = results("MYTESTS\n+\n-\n", name)

    assert (result.format, result.tests.passed, result.tests.failed) == ("mytests", 1, 1)
