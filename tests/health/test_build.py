"""Finding the stamp."""

import pytest

from ci_reporter import buildinfo
from ci_reporter.health import BuildInfo, Health, find

BUILD = BuildInfo(version="1.2.3", revision="c0ffee1" + "0" * 33)


@pytest.fixture
def stamp(tmp_path):
    path = tmp_path / "build-info.json"
    path.write_bytes(buildinfo.encode(BUILD))
    return path


def test_a_path_is_read(stamp):
    assert find(str(stamp)) == Health(str(stamp)).build == BUILD


def test_the_stamp_beside_a_module_is_found(stamp, tmp_path):
    assert find(beside=str(tmp_path / "service.py")) == BUILD


def test_what_is_named_first_is_taken_first(stamp, tmp_path):
    other = tmp_path / "other.json"
    other.write_bytes(buildinfo.encode(BuildInfo(version="9")))
    assert find(str(other), beside=str(tmp_path / "service.py")).version == "9"


def test_an_installed_distribution_tells_its_stamp(stamp, tmp_path, monkeypatch):
    folder = tmp_path / "shop_health_test-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: shop-health-test\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert find(distribution="shop-health-test") == BuildInfo(version="1.0")
    stamp.rename(folder / "build-info.json")
    assert find(distribution="shop-health-test") == BUILD


def test_no_stamp_is_unknown(tmp_path):
    assert find(str(tmp_path / "none.json"), beside=str(tmp_path / "x.py")) == BuildInfo()


@pytest.mark.parametrize("name", ["nobody-has-this-name", ""])
def test_a_distribution_that_is_not_there_is_unknown(name):
    assert find(distribution=name) == BuildInfo()


def test_a_broken_stamp_is_said_and_unknown(stamp, caplog):
    stamp.write_text("{")
    assert find(str(stamp)) == BuildInfo()
    assert "build-info.json: is not a build info" in caplog.text
