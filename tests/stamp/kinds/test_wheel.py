"""Wheels: stamped, installed and read back from the installed package."""

from __future__ import annotations

import base64
import csv
import hashlib
import subprocess
import sys
import zipfile

import pytest

from ci_reporter import buildinfo
from ci_reporter.errors import StampError
from ci_reporter.stamp import inspect, stamp
from ci_reporter.stamp.kinds.wheel import record_with

PLACE = "shop-1.0.dist-info/build-info.json"
READ = "from importlib.metadata import distribution as d; print(d('shop').read_text('build-info.json'))"


def install(wheel, folder):
    pip = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--quiet", "--target", folder, wheel]
    subprocess.run(pip, check=True)


def test_a_stamped_wheel_is_read_back(wheel, info):
    done = stamp(str(wheel), info)
    assert (done.kind, done.changed, done.where) == ("wheel", True, PLACE)
    assert inspect(str(wheel)) == ("wheel", info)


def test_the_installed_package_tells_its_stamp(wheel, info, tmp_path):
    stamp(str(wheel), info)
    install(wheel, tmp_path / "site")
    asked = [sys.executable, "-c", READ]
    told = subprocess.run(asked, env={"PYTHONPATH": str(tmp_path / "site")}, stdout=subprocess.PIPE, check=True).stdout
    assert buildinfo.decode(told, "") == info


def test_every_file_of_the_wheel_matches_its_line_in_record(wheel, info):
    stamp(str(wheel), info)
    with zipfile.ZipFile(wheel) as archive:
        rows = list(csv.reader(archive.read("shop-1.0.dist-info/RECORD").decode().splitlines()))
        assert sorted(row[0] for row in rows) == sorted(archive.namelist())
        for name, digest, size in rows:
            content = archive.read(name)
            wanted = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
            assert name.endswith("/RECORD") or (digest, size) == (f"sha256={wanted}", str(len(content)))


def test_twine_finds_nothing_wrong_with_it(wheel, sdist, info):
    for path in (wheel, sdist):
        stamp(str(path), info)
    checked = subprocess.run([sys.executable, "-m", "twine", "check", "--strict", wheel, sdist], capture_output=True)
    assert checked.returncode == 0, checked.stdout.decode()


def test_stamping_twice_touches_nothing(wheel, info):
    stamp(str(wheel), info)
    before, status = wheel.read_bytes(), wheel.stat()
    assert not stamp(str(wheel), info).changed
    assert (wheel.read_bytes(), wheel.stat().st_mtime_ns) == (before, status.st_mtime_ns)


def test_files_of_the_package_are_copied_as_they_are_packed(wheel, info):
    with zipfile.ZipFile(wheel) as archive:
        before = {each.filename: (each.CRC, each.compress_size, each.date_time) for each in archive.infolist()}
    stamp(str(wheel), info)
    with zipfile.ZipFile(wheel) as archive:
        after = {each.filename: (each.CRC, each.compress_size, each.date_time) for each in archive.infolist()}
    changed = {"shop-1.0.dist-info/RECORD", PLACE}
    assert {name: after[name] for name in after if name not in changed} == {
        name: before[name] for name in before if name not in changed
    }


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "dos"])
def test_other_lines_of_record_stay_as_they_are(end):
    record = f'"a,b.py",sha256=x,1{end}s.dist-info/RECORD,,{end}'.encode()
    first, ours, own = record_with(record, "s.dist-info/build-info.json", b"{}", "").decode().split(end)[:3]
    assert (first, own) == ('"a,b.py",sha256=x,1', "s.dist-info/RECORD,,")
    assert ours.startswith("s.dist-info/build-info.json,sha256=") and ours.endswith(",2")


@pytest.mark.parametrize("signature", ["RECORD.jws", "RECORD.p7s"])
def test_a_signed_wheel_is_refused(wheel, info, signature):
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr(f"shop-1.0.dist-info/{signature}", "x")
    before = wheel.read_bytes()
    with pytest.raises(StampError, match="is signed"):
        stamp(str(wheel), info)
    assert wheel.read_bytes() == before


@pytest.mark.parametrize("signature", ["RECORD.jws", "RECORD.p7s"])
def test_a_wheel_that_was_signed_after_its_stamp_is_left_alone(wheel, info, signature):
    stamp(str(wheel), info)
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr(f"shop-1.0.dist-info/{signature}", "x")
    assert not stamp(str(wheel), info).changed


def test_a_wheel_without_record_is_refused(make_zip, info):
    path = make_zip({"x-1.dist-info/WHEEL": b""}, "x-1-py3-none-any.whl")
    with pytest.raises(StampError, match=r"has no x-1\.dist-info/RECORD"):
        stamp(str(path), info)


def test_a_wheel_of_two_packages_is_refused(make_zip, info):
    path = make_zip({"x-1.dist-info/WHEEL": b"", "y-1.dist-info/WHEEL": b""})
    with pytest.raises(StampError, match=r"has 2 \.dist-info folders"):
        stamp(str(path), info)
