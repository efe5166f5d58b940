"""npm packages: made and installed by npm, the stamp read by the program that uses them."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from ci_reporter.stamp import inspect, stamp

pytestmark = pytest.mark.node


@pytest.fixture
def package(tmp_path):
    """The file that `npm pack` makes of a small package."""
    folder = tmp_path / "lib"
    folder.mkdir()
    (folder / "package.json").write_text('{"name": "shop-lib", "version": "1.0.0", "main": "index.js"}')
    (folder / "index.js").write_text("module.exports = require('./build-info.json');\n")
    subprocess.run(["npm", "pack", "--silent"], cwd=folder, check=True, capture_output=True)
    return folder / "shop-lib-1.0.0.tgz"


def test_a_stamped_package_is_read_back(package, info):
    done = stamp(str(package), info)
    assert (done.kind, done.changed, done.where) == ("npm", True, "package/build-info.json")
    assert inspect(str(package)) == ("npm", info)


@pytest.mark.slow
def test_the_installed_package_tells_its_stamp(package, info, tmp_path):
    stamp(str(package), info)
    app = tmp_path / "app"
    app.mkdir()
    (app / "package.json").write_text('{"name": "app", "version": "1.0.0", "private": true}')
    install = ["npm", "install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", package]
    done = subprocess.run(install, cwd=app, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    asked = ["node", "-p", "JSON.stringify(require('shop-lib'))"]
    told = json.loads(subprocess.run(asked, cwd=app, stdout=subprocess.PIPE, check=True).stdout)
    assert (told["version"], told["branch"], told["dirty"]) == (info.version, info.branch, False)


def test_stamping_twice_touches_nothing(package, info):
    stamp(str(package), info)
    before, status = package.read_bytes(), package.stat()
    assert not stamp(str(package), info).changed
    assert (package.read_bytes(), package.stat().st_mtime_ns) == (before, status.st_mtime_ns)


def test_a_folder_called_package_is_no_npm_package(make_tar, info):
    path = make_tar({"package/readme": b"", "package/sub/package.json": b"{}"}, "a.tgz")
    assert stamp(str(path), info).kind == "tar"


def test_an_npm_package_by_another_name_is_known_by_its_content(package, info, tmp_path):
    other = shutil.copy(package, tmp_path / "artifact")
    assert stamp(str(other), info).kind == "npm"
