"""Whatever is wrong with us or with a plug-in, the command runs and its code wins."""

import pytest

PLUG_IN = "def read(env, read_file):\n    raise ZeroDivisionError('the plug-in is broken')\n"


@pytest.fixture
def broken(wrapped):
    """An environment in which another package's provider is found, chosen, and raises."""
    (wrapped.folder / "broken_plugin.py").write_text(PLUG_IN)
    info = wrapped.folder / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ci_reporter.providers]\nbroken = broken_plugin:read\n")
    return {"PYTHONPATH": str(wrapped.folder), "CI_REPORTER_PROVIDER": "broken"}


def test_the_command_runs_without_us(wrapped, broken):
    done = wrapped("--", "sh", "-c", "echo it ran; exit 9", env=broken)
    assert (done.stdout, done.returncode) == (b"it ran\n", 9)


def test_the_mistake_is_one_line(wrapped, broken):
    done = wrapped("--", "true", env=broken)
    assert done.stderr.decode().strip().endswith("ZeroDivisionError: the plug-in is broken")
    assert done.stderr.count(b"\n") == 1
