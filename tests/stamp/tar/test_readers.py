"""Stamped tar files as other languages read them: many stop where the first stream ends."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest

from ci_reporter.stamp import stamp

HERE = Path(__file__).parent
FOUND = "shop-1.0/build-info.json shop-1.0/a.txt shop-1.0/sub/b.bin"
PACKINGS = ["a.tar.gz", "a.tar.bz2", "a.tar.xz", "a.tar.zst"]


@pytest.fixture
def stamped(make_tar, info):
    """Make stamped tar files of these names."""

    def make(names):
        paths = [str(make_tar(name=name)) for name in names]
        for path in paths:
            stamp(path, info)
        return paths

    return make


def lines(*command, **how):
    done = subprocess.run(command, capture_output=True, text=True, **how)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_java_finds_every_entry(stamped):
    """commons-compress reads one stream of a file unless it is told to read all (`decompressConcatenated`)."""
    jars = ":".join(f"/usr/share/java/{name}.jar" for name in ("commons-compress", "xz"))
    paths = stamped(PACKINGS[:3])
    assert lines("java", "-cp", jars, HERE / "Entries.java", *paths) == [FOUND] * 3


def test_go_finds_every_entry(stamped, go_env):
    """With the packages that Debian has of the usual libraries, so that nothing is fetched."""
    env = go_env | {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode"}
    assert lines("go", "run", HERE / "entries.go", *stamped(PACKINGS), env=env) == [FOUND] * 4


@pytest.mark.parametrize("program", ["tar", "bsdtar"])
@pytest.mark.parametrize("name", PACKINGS)
def test_tar_finds_every_entry(stamped, program, name):
    assert lines(program, "-tf", *stamped([name])) == FOUND.split()


@pytest.mark.parametrize("name", PACKINGS[:3])
def test_python_finds_every_entry_in_a_stream_it_cannot_seek_in(stamped, name):
    with open(*stamped([name]), "rb") as file, tarfile.open(fileobj=file, mode="r|*") as archive:
        assert archive.getnames() == FOUND.split()
