"""What coverage tests share: real files, files made on the spot, a git repository."""

import subprocess
from pathlib import Path

import pytest

from ci_reporter import coverage

DATA = Path(__file__).with_name("data")


@pytest.fixture
def data():
    """The folder with files of real tools."""
    return DATA


@pytest.fixture
def report(tmp_path):
    """Read text or bytes as a report of that format, or of whatever it is."""

    def read(content, kind=None, **how):
        file = tmp_path / "report"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return coverage.read(str(file), kind, **{"detail": True} | how)

    return read


class Checkout:
    """A git repository that a test commits to."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments):
        who = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "protocol.file.allow=always")
        return subprocess.run(
            ["git", *who, *arguments], cwd=self.folder, check=True, capture_output=True, text=True
        ).stdout

    def commit(self, **files):
        """Write files, by name with `__` for a slash, and commit them."""
        for name, text in files.items():
            self.write(name.replace("__", "/").replace("_py", ".py"), text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "x")

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def checkout(tmp_path):
    """An empty repository."""
    return Checkout(tmp_path / "repository")
