"""Zip files: stamped without repacking, refused where they are hostile."""

from __future__ import annotations

import os
import resource
import struct
import subprocess
import sys
import zipfile
import zlib
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ci_reporter import buildinfo
from ci_reporter.errors import CIReporterError, StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import inspect, stamp
from ci_reporter.stamp.zip import reader
from ci_reporter.stamp.zip.writer import relocate

BOMB = b'{"version": "' + b"1" * 10_000_000 + b'"}'


def raw_entries(path):
    """Each entry's header and packed bytes, as they stand."""
    archive = reader.load(str(path))
    content = path.read_bytes()
    return {entry.name: content[entry.at : end] for entry, end in archive.extents()}


def test_a_stamped_zip_is_read_back(make_zip, info):
    path = make_zip()
    done = stamp(str(path), info)
    assert (done.kind, done.changed, done.where) == ("zip", True, "build-info.json")
    assert inspect(str(path)) == ("zip", info)


def test_any_unzip_reads_the_stamp(make_zip, info):
    path = make_zip()
    stamp(str(path), info)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist()[-1] == "build-info.json"
        assert buildinfo.decode(archive.read("build-info.json"), "") == info


def test_every_other_entry_is_copied_as_it_is_packed(make_zip, info):
    path = make_zip()
    before = raw_entries(path)
    stamp(str(path), info)
    after = raw_entries(path)
    del after["build-info.json"]
    assert after == before


def test_stamping_twice_touches_nothing(make_zip, info):
    path = make_zip()
    stamp(str(path), info)
    before, status = path.read_bytes(), path.stat()
    assert not stamp(str(path), info).changed
    assert path.read_bytes() == before
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (status.st_ino, status.st_mtime_ns)


def test_a_new_stamp_replaces_the_old_one(make_zip, info):
    path = make_zip()
    stamp(str(path), info)
    once = path.read_bytes()
    stamp(str(path), BuildInfo(version="2.0"))
    assert inspect(str(path)) == ("zip", BuildInfo(version="2.0"))
    stamp(str(path), info)
    assert path.read_bytes() == once


def test_mode_and_times_are_kept(make_zip, info):
    path = make_zip()
    path.chmod(0o640)
    os.utime(path, ns=(1_500_000_000_000_000_001, 1_600_000_000_000_000_002))
    stamp(str(path), info)
    status = path.stat()
    assert (status.st_mode & 0o777, status.st_mtime_ns) == (0o640, 1_600_000_000_000_000_002)


def test_a_link_to_the_artifact_stays_a_link(make_zip, info, tmp_path):
    path = make_zip()
    link = tmp_path / "latest.zip"
    link.symlink_to(path.name)
    stamp(str(link), info)
    assert link.is_symlink()
    assert inspect(str(path)) == ("zip", info)


def test_the_archives_comment_stays(make_zip, info):
    path = make_zip()
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"made by hand"
    stamp(str(path), info)
    with zipfile.ZipFile(path) as archive:
        assert archive.comment == b"made by hand"


def test_a_zipapp_still_runs(tmp_path, info):
    (tmp_path / "app").mkdir()
    (tmp_path / "app/__main__.py").write_text("import pkgutil; print(pkgutil.get_data('__main__', 'build-info.json'))")
    path = tmp_path / "app.pyz"
    subprocess.run([sys.executable, "-m", "zipapp", tmp_path / "app", "-p", sys.executable, "-o", path], check=True)
    stamp(str(path), info)
    ran = subprocess.run([path], capture_output=True, text=True)
    assert info.revision in ran.stdout, ran.stderr


@pytest.mark.slow
def test_an_archive_of_more_than_4_gib_is_read_by_others(tmp_path, info):
    path = tmp_path / "large.zip"
    size = 4 * 1024**3 + 4096
    with path.open("wb") as file:  # a file of zeros that is a hole on the disk
        file.write(struct.pack("<4s5H3I2H", b"PK\3\4", 45, 0, 0, 0, 0x21, 0, 0xFFFFFFFF, 0xFFFFFFFF, 5, 20))
        file.write(b"zeros" + struct.pack("<2H2Q", 1, 16, size, size))
        start = file.tell() + size
        file.truncate(start)
        file.seek(start)
        head = (b"PK\1\2", 3 << 8 | 45, 45, 0, 0, 0, 0x21, 0, 0xFFFFFFFF, 0xFFFFFFFF, 5, 20, 0, 0, 0, 0, 0)
        directory = struct.pack("<4s6H3I5H2I", *head) + b"zeros" + struct.pack("<2H2Q", 1, 16, size, size)
        file.write(directory)
        wide = (b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(directory), start)
        file.write(struct.pack("<4sQ2H2I4Q", *wide))
        file.write(struct.pack("<4sIQI", b"PK\6\7", 0, start + len(directory), 1))
        file.write(struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(directory), 0xFFFFFFFF, 0))
    stamp(str(path), info)
    with zipfile.ZipFile(path) as archive:
        assert archive.infolist()[1].header_offset > 4 * 1024**3
        assert buildinfo.decode(archive.read("build-info.json"), "") == info
        assert archive.infolist()[0].file_size == size


@given(offset=st.integers(0, 2**63), size=st.sampled_from([0, 5, 2**32, 2**40]))
def test_a_record_says_any_offset(offset, size):
    entry = zipfile.ZipInfo("name")
    wide = struct.pack("<2H2Q", 1, 16, size, size) if size >= 2**32 else b""
    shown = min(size, 0xFFFFFFFF)
    fixed = (b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, shown, shown, len(entry.filename), len(wide), 0, 0, 0, 0, 0)
    record = struct.pack("<4s6H3I5H2I", *fixed) + b"name" + wide
    found = reader._entry(relocate(record, offset), 0, 0)
    assert (found.name, found.at, found.size) == ("name", offset, size)


@pytest.mark.parametrize(
    "name",
    ["../out", "a/../../out", "/etc/passwd", "..\\out", "C:/out"],
    ids=["up", "deep", "absolute", "dos", "drive"],
)
def test_a_name_that_leads_out_is_refused(make_zip, info, name):
    path = make_zip({"a": b"", name: b""})
    before = path.read_bytes()
    with pytest.raises(StampError, match="leads out of it"):
        stamp(str(path), info)
    assert path.read_bytes() == before


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_stamps_are_refused(make_zip, info):
    path = make_zip([("build-info.json", b"{}"), ("build-info.json", b"{}")])
    with pytest.raises(StampError, match="more than once"):
        stamp(str(path), info)


def test_a_link_in_the_stamps_place_is_refused(tmp_path, info):
    entry = zipfile.ZipInfo("build-info.json")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(StampError, match="is a link"):
        stamp(str(tmp_path / "a.zip"), info)


def test_a_stamp_that_is_a_bomb_is_not_unpacked(make_zip):
    path = make_zip({"build-info.json": BOMB})
    with pytest.raises(StampError, match="at most"):
        inspect(str(path))


def test_a_bomb_that_lies_about_its_size_is_not_unpacked(make_zip):
    path = make_zip({"build-info.json": BOMB})
    lie = path.read_bytes().replace(struct.pack("<I", len(BOMB)), struct.pack("<I", 100))
    path.write_bytes(lie)
    with pytest.raises(StampError, match="does not match"):
        inspect(str(path))


def test_a_stamp_with_a_wrong_checksum_is_not_believed(make_zip):
    path = make_zip({"build-info.json": b"{}"})
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", zlib.crc32(b"{}")), b"1234"))
    with pytest.raises(StampError, match="checksum"):
        inspect(str(path))


def test_entries_that_share_bytes_are_refused(make_zip, info):
    path = make_zip({"a": b"1" * 100, "b": b"2" * 100})
    archive = reader.load(str(path))
    first, second = (entry.record for entry in archive.entries)
    path.write_bytes(path.read_bytes().replace(second, second[:42] + first[42:46] + second[46:]))
    with pytest.raises(StampError, match="reaches into"):
        stamp(str(path), info)


@pytest.mark.parametrize("more", [b"x", b"PK\5\6" + b"\0" * 30], ids=["a byte", "half an end"])
def test_bytes_behind_the_end_are_refused(make_zip, info, more):
    path = make_zip()
    path.write_bytes(path.read_bytes() + more)
    with pytest.raises(StampError, match="something behind it"):
        stamp(str(path), info)


@given(cut=st.integers(4, 400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_an_archive_that_is_cut_off_is_refused(make_zip, info, cut):
    path = make_zip()
    content = path.read_bytes()
    path.write_bytes(content[: max(4, len(content) - cut)])
    with pytest.raises(StampError):
        stamp(str(path), info)


@given(at=st.integers(0, 2000), value=st.binary(min_size=1, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
def test_damage_is_refused_or_harmless(make_zip, info, at, value):
    path = make_zip({"a": b"1", "b/c": b"2" * 300})
    content = bytearray(path.read_bytes())
    content[at % len(content) : at % len(content) + len(value)] = value
    path.write_bytes(content)
    try:
        stamp(str(path), info)
    except CIReporterError:
        assert path.read_bytes() == content
    else:
        assert inspect(str(path))[1] == info


def sign_for_android(path):
    archive = reader.load(str(path))
    content, block = path.read_bytes(), b"\0" * 16 + b"APK Sig Block 42"
    moved_end = struct.pack("<I", archive.directory_at + len(block))
    end = content[archive.directory_at :]
    path.write_bytes(content[: archive.directory_at] + block + end[:-6] + moved_end + end[-2:])


def test_an_android_package_that_is_signed_is_refused(make_zip, info):
    path = make_zip()
    sign_for_android(path)
    with pytest.raises(StampError, match=r"is signed \(APK Signing Block\)"):
        stamp(str(path), info)


def test_an_android_package_that_was_signed_after_its_stamp_is_read_and_left_alone(make_zip, info):
    path = make_zip()
    stamp(str(path), info)
    sign_for_android(path)
    assert inspect(str(path)) == ("zip", info)
    assert not stamp(str(path), info).changed


def test_a_zip_that_was_signed_after_its_stamp_is_left_alone(make_zip, info):
    path = make_zip()
    stamp(str(path), info)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(".signature.p7s", "x")
    assert not stamp(str(path), info).changed
    with pytest.raises(StampError, match="is signed"):
        stamp(str(path), BuildInfo(version="2"))


def test_a_document_that_is_a_zip_inside_gets_its_stamp_beside_it(make_zip, info):
    path = make_zip({"[Content_Types].xml": b"<Types/>"}, "report.docx")
    assert stamp(str(path), info).kind == "sidecar"


@contextmanager
def largest_file(size):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_cannot_be_written_leaves_the_artifact_as_it_was(tmp_path, make_zip, info):
    path = make_zip({"a": os.urandom(50_000)})
    before = path.read_bytes()
    with largest_file(20_000), pytest.raises(StampError, match="cannot be written: File too large"):
        stamp(str(path), info)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
