"""Tar files of every packing: stamped without packing again, read by tar, refused where they are hostile."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import tarfile
import tracemalloc
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ci_reporter import buildinfo
from ci_reporter.errors import CIReporterError, StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import inspect, stamp

PLACE = "shop-1.0/build-info.json"
PACKINGS = ["a.tar", "a.tar.gz", "a.tar.xz", "a.tar.bz2", "a.tar.zst"]


def unpack(path, folder):
    folder.mkdir()
    done = subprocess.run(["tar", "xf", path, "-C", folder], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


@pytest.mark.parametrize("name", PACKINGS)
def test_a_stamped_tar_is_read_back(make_tar, info, name):
    path = make_tar(name=name)
    done = stamp(str(path), info)
    assert (done.kind, done.changed, done.where) == ("tar", True, PLACE)
    assert inspect(str(path)) == ("tar", info)


@pytest.mark.parametrize("name", PACKINGS)
def test_tar_unpacks_the_stamp_and_all_else_as_it_was(make_tar, info, name, tmp_path):
    path = make_tar(name=name)
    before = unpack(path, tmp_path / "before")
    stamp(str(path), info)
    after = unpack(path, tmp_path / "after")
    assert buildinfo.decode(after.pop(PLACE), "") == info
    assert after == before


@pytest.mark.parametrize("name", PACKINGS)
def test_stamping_twice_touches_nothing(make_tar, info, name):
    path = make_tar(name=name)
    stamp(str(path), info)
    before, status = path.read_bytes(), path.stat()
    assert not stamp(str(path), info).changed
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, status.st_mtime_ns)


@pytest.mark.parametrize("name", PACKINGS)
def test_a_new_stamp_replaces_the_old_one(make_tar, info, name):
    path = make_tar(name=name)
    stamp(str(path), info)
    once = path.read_bytes()
    stamp(str(path), BuildInfo(version="2.0"))
    assert inspect(str(path)) == ("tar", BuildInfo(version="2.0"))
    stamp(str(path), info)
    assert path.read_bytes() == once


def test_a_gzip_file_stays_one_stream_and_its_deflated_bytes_as_they_are(make_tar, info):
    """Many readers take the first stream of a gzip file for all of it."""
    path = make_tar()
    before = path.read_bytes()
    stamp(str(path), info)
    after = path.read_bytes()
    inflate = zlib.decompressobj(31)
    inflate.decompress(after)
    assert (inflate.eof, inflate.unused_data) == (True, b"")
    assert before[60:-8] in after


def test_a_gzip_file_of_several_streams_is_stamped(make_tar, info, tmp_path):
    plain = make_tar(name="a.tar").read_bytes()
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(plain[:700]) + gzip.compress(plain[700:]))
    stamp(str(path), info)
    assert PLACE in unpack(path, tmp_path / "out")
    assert inspect(str(path)) == ("tar", info)


def test_a_gzip_header_with_every_field_is_kept(make_tar, info, tmp_path):
    packed = gzip.compress(make_tar(name="a.tar").read_bytes())
    fields = b"\x03\0abc" + b"name\0" + b"comment\0"
    head = packed[:3] + bytes([4 | 8 | 16 | 2]) + packed[4:10] + fields
    path = tmp_path / "a.tar.gz"
    path.write_bytes(head + (zlib.crc32(head) & 0xFFFF).to_bytes(2, "little") + packed[10:])
    stamp(str(path), info)
    assert path.read_bytes().startswith(head)
    assert PLACE in unpack(path, tmp_path / "out")


@pytest.mark.parametrize("name", PACKINGS)
def test_a_stamp_that_was_packed_with_the_rest_is_replaced(make_tar, info, name, tmp_path):
    path = make_tar({"shop/a": b"1", "shop/build-info.json": b'{"version": "0"}', "shop/b": b"2"}, name)
    assert inspect(str(path)) == ("tar", BuildInfo(version="0"))
    stamp(str(path), info)
    assert inspect(str(path)) == ("tar", info)
    assert sorted(unpack(path, tmp_path / "out")) == ["shop/a", "shop/b", "shop/build-info.json"]


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({"a": b"1", "b": b"2"}, "build-info.json"),
        ({"a": b"1"}, "build-info.json"),
        ({"./a": b"1", "./b": b"2"}, "./build-info.json"),
        ({"./shop/a": b"1"}, "./shop/build-info.json"),
        ({"shop/a": b"1", "other/b": b"2"}, "build-info.json"),
    ],
    ids=["files", "one file", "dotted", "dotted folder", "two folders"],
)
def test_where_the_stamp_stands(make_tar, info, files, place):
    path = make_tar(files)
    assert stamp(str(path), info).where == place
    assert inspect(str(path)) == ("tar", info)


@pytest.mark.parametrize("style", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_are_read_in_every_format(make_tar, info, style):
    path = make_tar({f"shop/{'d' * 90}/{'f' * 90}": b"1", "shop/b": b"2"}, style=style)
    assert stamp(str(path), info).where == "shop/build-info.json"
    assert inspect(str(path)) == ("tar", info)


def test_gnu_tars_sparse_files_are_passed_over(tmp_path, info):
    (tmp_path / "shop").mkdir()
    with (tmp_path / "shop/holes").open("wb") as file:
        for number in range(60):
            file.seek(number * 1_000_000)
            file.write(b"x")
    done = ["tar", "--format=gnu", "-Scf", tmp_path / "a.tar", "-C", tmp_path, "shop"]
    subprocess.run(done, check=True)
    stamp(str(tmp_path / "a.tar"), info)
    assert len(unpack(tmp_path / "a.tar", tmp_path / "out")["shop/holes"]) == 59_000_001


def test_an_sdist_is_still_installed(sdist, info, tmp_path):
    assert stamp(str(sdist), info).where == PLACE
    command = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--no-build-isolation", "--quiet"]
    subprocess.run([*command, "--target", tmp_path / "site", sdist], check=True)
    assert (tmp_path / "site/shop/__init__.py").exists()
    assert inspect(str(sdist)) == ("tar", info)


@pytest.mark.parametrize("name", ["../out", "/etc/passwd", "shop/../../out"], ids=["up", "absolute", "deep"])
def test_a_name_that_leads_out_is_refused(make_tar, info, name):
    path = make_tar({"shop/a": b"", name: b""})
    with pytest.raises(StampError, match="leads out of it"):
        stamp(str(path), info)


@pytest.mark.parametrize(
    "files", [{"shop": "/etc"}, {"shop/a": b"", "shop": "/etc"}, {"build-info.json": "/etc/passwd", "b": b""}]
)
def test_nothing_is_written_through_a_link(make_tar, info, files):
    path = make_tar(files)
    try:
        stamp(str(path), info)
    except StampError as exc:
        assert "is a link" in str(exc)
    else:
        assert inspect(str(path)) == ("tar", info)
        with tarfile.open(path) as archive:
            assert archive.getnames()[0] == "build-info.json"


def test_two_stamps_are_refused(make_tar, info):
    path = make_tar([("shop/build-info.json", b"{}"), ("shop/./build-info.json", b"{}")])
    with pytest.raises(StampError, match="more than once"):
        stamp(str(path), info)


def test_a_small_file_that_never_ends_is_refused(tmp_path, info):
    """Of frames that hold zeros, half a megabyte says 4 GiB."""
    entry = tarfile.TarInfo("shop/zeros")
    entry.size = 6 * 1024**3
    path = tmp_path / "bomb.tar.zst"
    path.write_bytes(zstd(entry.tobuf()) + zstd(bytes(64 * 1024**2)) * 66)
    with pytest.raises(StampError, match="holds more than 1000 times its own size"):
        stamp(str(path), info)


def zstd(content):
    return subprocess.run(["zstd", "-qc"], input=content, stdout=subprocess.PIPE, check=True).stdout


def test_an_extension_without_end_is_not_read_into_memory(tmp_path, info):
    entry = tarfile.TarInfo("long")
    entry.type, entry.size = tarfile.XHDTYPE, 2**40
    path = tmp_path / "a.tar"
    path.write_bytes(entry.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    with pytest.raises(StampError, match="at most 1048576 are read"):
        stamp(str(path), info)


@pytest.mark.parametrize("name", PACKINGS)
@given(share=st.floats(0.3, 0.99))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10, deadline=None)
def test_an_archive_that_is_cut_off_is_refused(make_tar, info, name, share):
    path = make_tar({"shop/a": os.urandom(30_000), "shop/b": os.urandom(30_000)}, name)
    content = path.read_bytes().rstrip(b"\0")
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(StampError, match=r"cut off|no header|read"):
        stamp(str(path), info)


@given(at=st.integers(0, 40_000), value=st.binary(min_size=1, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz"])
def test_damage_is_refused_or_harmless(make_tar, info, name, at, value):
    path = make_tar({"shop/a": b"1", "shop/b" * 30: b"2" * 300}, name)
    content = bytearray(path.read_bytes())
    content[at % len(content) : at % len(content) + len(value)] = value
    path.write_bytes(content)
    try:
        stamp(str(path), info)
    except CIReporterError:
        assert path.read_bytes() == content
    else:
        assert inspect(str(path))[1] == info


def test_without_anything_that_unpacks_zstandard_the_reason_is_said(make_tar, tmp_path):
    path = make_tar(name="a.tar.zst")
    code = "import sys; from ci_reporter.stamp import inspect; inspect(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", code, path], env={"PATH": str(tmp_path)}, capture_output=True, text=True
    )
    lacking = "takes Python 3.14 or the program zstd"
    assert sys.version_info >= (3, 14) or lacking in done.stderr


def test_what_is_packed_but_no_tar_gets_its_stamp_beside_it(tmp_path, info):
    path = tmp_path / "dump.sql.gz"
    path.write_bytes(gzip.compress(b"select 1;\n" * 100))
    assert stamp(str(path), info).kind == "sidecar"


def test_a_tar_of_git_is_stamped(tmp_path, info):
    git = ["git", "-C", tmp_path, "-c", "user.name=a", "-c", "user.email=a@b"]
    (tmp_path / "a").write_text("1")
    for command in (["init", "-q"], ["add", "a"], ["commit", "-qm", "a"]):
        subprocess.run([*git, *command], check=True)
    packed = subprocess.run([*git, "archive", "--prefix=shop/", "HEAD"], stdout=subprocess.PIPE, check=True).stdout
    (tmp_path / "shop.tar").write_bytes(packed)
    assert stamp(str(tmp_path / "shop.tar"), info).where == "shop/build-info.json"
    with tarfile.open(fileobj=io.BytesIO((tmp_path / "shop.tar").read_bytes())) as archive:
        assert archive.getnames() == ["shop/build-info.json", "shop", "shop/a"]


@pytest.mark.parametrize("packing", ["", "gzip", "xz", "bzip2", "zstd"])
def test_a_tar_of_git_still_tells_its_commit(tmp_path, info, packing):
    git = ["git", "-C", tmp_path, "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["commit", "-qm", "a", "--allow-empty"]):
        subprocess.run([*git, *command], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True).stdout
    packed = subprocess.run([*git, "archive", "--prefix=shop/", "HEAD"], stdout=subprocess.PIPE, check=True).stdout
    path = tmp_path / "shop.tar"
    path.write_bytes(subprocess.run([packing, "-c"], input=packed, capture_output=True).stdout if packing else packed)
    for each in (info, BuildInfo(version="2"), info):
        stamp(str(path), each)
        assert inspect(str(path)) == ("tar", each)
        plain = subprocess.run([packing, "-dc", path], capture_output=True).stdout if packing else path.read_bytes()
        asked = subprocess.run(["git", "get-tar-commit-id"], input=plain, capture_output=True)
        assert asked.stdout.decode() == commit


def test_a_commit_id_outlasts_a_stamp_that_was_packed_with_the_rest(tmp_path, info):
    git = ["git", "-C", tmp_path, "-c", "user.name=a", "-c", "user.email=a@b"]
    (tmp_path / "build-info.json").write_text("{}")
    for command in (["init", "-q"], ["add", "build-info.json"], ["commit", "-qm", "a"]):
        subprocess.run([*git, *command], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True).stdout
    subprocess.run([*git, "archive", "-o", "shop.tar.gz", "HEAD"], check=True)
    stamp(str(tmp_path / "shop.tar.gz"), info)
    plain = gzip.decompress((tmp_path / "shop.tar.gz").read_bytes())
    asked = subprocess.run(["git", "get-tar-commit-id"], input=plain, capture_output=True)
    assert (asked.stdout.decode(), inspect(str(tmp_path / "shop.tar.gz"))) == (commit, ("tar", info))


def test_a_volume_label_stays_first(tmp_path, info):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/a").write_text("1")
    subprocess.run(["tar", "-cf", tmp_path / "a.tar", "-V", "backup", "-C", tmp_path, "shop"], check=True)
    assert stamp(str(tmp_path / "a.tar"), info).where == "shop/build-info.json"
    label = subprocess.run(["tar", "--test-label", "-f", tmp_path / "a.tar"], capture_output=True, text=True)
    assert label.stdout == "backup\n"


def test_an_archive_of_many_stamps_takes_no_memory_for_them(make_tar, info):
    content = b'{"version": "' + b"1" * 60_000 + b'"}'
    path = make_tar({f"{number}/build-info.json": content for number in range(500)})
    tracemalloc.start()
    try:
        assert stamp(str(path), info).where == "build-info.json"
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
