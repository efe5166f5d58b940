"""What holds for every kind of archive: the stamp comes back, and nothing else changes."""

from __future__ import annotations

import io
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import KINDS, inspect, kind_of, stamp

TEXT = st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=300)
TIMES = st.none() | st.datetimes().map(lambda moment: f"{moment.isoformat(timespec='milliseconds')}Z")
INFOS = st.builds(
    BuildInfo,
    version=st.text("0123456789.v-", min_size=1),
    revision=TEXT,
    branch=TEXT,
    dirty=st.none() | st.booleans(),
    build_time=TIMES,
    builder=TEXT,
    ci_run_id=TEXT,
    run_url=TEXT,
    repository_url=TEXT,
)
NAMES = st.text("abcdeé ", min_size=1, max_size=150).map(lambda name: f"files/{name}")
FILES = st.dictionaries(NAMES, st.binary(max_size=2000), max_size=8)
RECORD = {"s-1.dist-info/WHEEL": b"Wheel-Version: 1.0\n", "s-1.dist-info/RECORD": b"s-1.dist-info/RECORD,,\n"}
FIRST = {
    "zip": ("a.zip", {}),
    "wheel": ("s-1-py3-none-any.whl", RECORD),
    "jar": ("a.jar", {"META-INF/MANIFEST.MF": b"Manifest-Version: 1.0\n\n"}),
    "npm": ("a.tgz", {"package/package.json": b"{}"}),
    "tar": ("a.tar.gz", {"files/first": b"1"}),
}
OURS = {
    "build-info.json",
    "s-1.dist-info/build-info.json",
    "s-1.dist-info/RECORD",
    "META-INF/MANIFEST.MF",
    "META-INF/build-info.properties",
    "git.properties",
    "package/build-info.json",
    "files/build-info.json",
}


def contents(path: Path) -> dict[str, bytes]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            return {name: archive.read(name) for name in archive.namelist()}
    with tarfile.open(path) as archive:
        return {each.name: archive.extractfile(each).read() for each in archive}


@pytest.mark.parametrize("kind", FIRST)
@given(files=FILES, info=INFOS, other=INFOS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_the_stamp_comes_back_and_nothing_else_changes(make_zip, make_tar, kind, files, info, other):
    name, first = FIRST[kind]
    if kind == "npm":
        files = {f"package/{each}": data for each, data in files.items()}
    path = (make_tar if kind in ("npm", "tar") else make_zip)({**first, **files}, name)
    before = contents(path)

    assert stamp(str(path), info).changed
    once = path.read_bytes()
    assert inspect(str(path)) == (kind, info)
    assert not stamp(str(path), info).changed
    assert path.read_bytes() == once
    stamp(str(path), other)
    assert inspect(str(path)) == (kind, other)
    assert {each: data for each, data in contents(path).items() if each not in OURS} == {
        each: data for each, data in before.items() if each not in OURS
    }


@given(noise=st.binary(max_size=3000), start=st.sampled_from([b"", b"PK\3\4", b"\x1f\x8b\x08\0", b"#!", b"\xfd7zXZ\0"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_noise_is_some_kind_or_refused(tmp_path, noise, start):
    path = tmp_path / "noise"
    path.write_bytes(start + noise)
    try:
        assert kind_of(str(path)).name in KINDS
    except StampError as exc:
        assert str(exc).startswith(str(path))


def test_reading_a_tar_takes_no_memory_for_what_it_holds(tmp_path, info):
    entry = tarfile.TarInfo("big")
    entry.size = 100_000_000
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz", compresslevel=1) as archive:
        archive.addfile(entry, io.BytesIO(bytes(entry.size)))
    tracemalloc.start()
    try:
        stamp(str(tmp_path / "a.tar.gz"), info)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
