"""What tests of test results share: real files, and files made on the spot."""

from pathlib import Path

import pytest

from ci_reporter import testresults

DATA = Path(__file__).with_name("data")


@pytest.fixture
def data():
    """Read a file of a real tool."""
    return lambda name: testresults.read(str(DATA / name))


@pytest.fixture
def results(tmp_path):
    """Read text or bytes as results of that format, or of whatever it is."""

    def read(content, format_name=None):
        path = tmp_path / "results"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return testresults.read(str(path), format_name)

    return read
