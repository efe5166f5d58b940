"""What a browser loads: from us alone, for ever, and what others wrote as they have published it."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from ci_reporter.hub.page import assets

ROOT = Path(__file__).parents[3]
VENDOR = ROOT / "ci_reporter/hub/page/static/vendor"
LISTED = json.loads((VENDOR / "vendor.json").read_text())


def test_every_file_of_others_is_listed():
    assert {each.name for each in VENDOR.iterdir()} == {*LISTED, "vendor.json"}


@pytest.mark.parametrize("name", LISTED)
def test_a_file_of_others_has_its_hash(name):
    assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == LISTED[name]["sha256"]


@pytest.mark.node
@pytest.mark.parametrize("name", LISTED)
def test_a_file_of_others_is_the_one_that_npm_has(name):
    listed = LISTED[name]
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"][f"node_modules/{listed['package']}"]
    assert locked["version"] == listed["version"]
    assert (ROOT / "node_modules" / listed["package"] / listed["file"]).read_bytes() == (VENDOR / name).read_bytes()


def test_a_file_is_kept_for_ever_and_has_its_hash_in_its_name(shop):
    path = assets.path_of("hub.css")
    reply = shop.get(path)
    assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert hashlib.sha256(reply.body).hexdigest()[:12] == path.split(".")[1]


def test_a_file_is_sent_zipped_where_that_is_taken(shop):
    reply = shop.ask("GET", assets.path_of("hub.js"), {"Accept-Encoding": "gzip"})
    assert reply.headers["content-encoding"] == "gzip"
    assert gzip.decompress(reply.body) == shop.get(assets.path_of("hub.js")).body


@pytest.mark.parametrize("path", ["/static/hub.css", "/static/", "/static/../page.py", "/static/hub.000000000000.css"])
def test_nothing_else_is_there(shop, path):
    assert shop.get(path).status == 404
