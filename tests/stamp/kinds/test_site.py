"""A site has the stamp in a file and in its page, whose other bytes stay."""

import json
import os
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import inspect, stamp
from ci_reporter.stamp.kinds.site import with_meta

INFO = BuildInfo(version="1.4.0", revision="c0ffee" + "0" * 34, branch="</head>\"'><script>é", dirty=False)
PAGE = "<!doctype html>\n<html>\n<head><meta charset=utf-8>\n<title>Shop</title></head>\n<body>é</body></html>\n"


class Metas(HTMLParser):
    """Every `<meta>` by name, and whether a script came with it."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.scripts = 0
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.scripts += tag == "script"
        if tag == "meta" and dict(attrs).get("name") == "ci-reporter":
            self.found.append(json.loads(dict(attrs)["content"]))


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site"
    (folder / "css").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "css/a.css").write_text("p {}")
    return folder


def test_a_stamped_site_is_read_back(site):
    assert stamp(str(site), INFO).changed
    assert inspect(str(site)) == ("site", INFO)


def test_a_browser_reads_the_stamp_from_the_page(site):
    stamp(str(site), INFO)
    metas = Metas((site / "index.html").read_text())
    assert (metas.found, metas.scripts) == (
        [{"version": "1.4.0", "revision": INFO.revision, "branch": INFO.branch, "dirty": False}],
        0,
    )


def test_stamping_twice_changes_nothing(site):
    stamp(str(site), INFO)
    before = {each: (each.stat().st_mtime_ns, each.stat().st_ino) for each in site.rglob("*")}
    assert not stamp(str(site), INFO).changed
    assert {each: (each.stat().st_mtime_ns, each.stat().st_ino) for each in site.rglob("*")} == before


def test_the_page_keeps_its_mode_and_time(site):
    page = site / "index.html"
    page.chmod(0o604)
    os.utime(page, (1_700_000_000, 1_700_000_000))
    stamp(str(site), INFO)
    assert (page.stat().st_mode & 0o777, page.stat().st_mtime) == (0o604, 1_700_000_000)


def test_a_new_stamp_replaces_the_old_one(site):
    stamp(str(site), INFO)
    stamp(str(site), BuildInfo(version="2"))
    assert Metas((site / "index.html").read_text()).found == [{"version": "2"}]


META = '<meta name="ci-reporter" content="{&quot;version&quot;:&quot;1&quot;}">'


@pytest.mark.parametrize(
    ("page", "at"),
    [
        ("<head><title></head></title></head><body>", "</head><body>"),
        ("<head><!-- </head> --><script>'</head>'</script></head>", "</head>"),
        ("<HEAD lang='</head>'><STYLE></head></STYLE ></HEAD>", "</HEAD>"),
        ("<html><head><meta charset=utf-8><body class=a>", "<body class=a>"),
        ("<head>1 < 2 <!doctype html></head >", "</head >"),
        ("<header></header><head></head>", "</head>"),
    ],
    ids=["title", "comment and script", "upper case", "no end tag", "loose <", "header"],
)
def test_the_meta_stands_at_the_end_of_the_head(page, at):
    before, _, after = page.rpartition(at)
    assert with_meta(page.encode(), BuildInfo(version="1")).decode() == before + META + at + after


@pytest.mark.parametrize(
    "page",
    [
        "",
        "<p>no head</p>",
        "<body><head></head>",
        "<head>",
        "<head><!-- </head>",
        "<head><script></head>",
        '<head><a title="</head>',
    ],
)
def test_a_page_without_a_whole_head_stays_as_it_is(page):
    assert with_meta(page.encode(), INFO) == page.encode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "shift_jis", "utf-16", "utf-16-be"])
def test_the_encoding_is_kept(encoding):
    text = PAGE.replace("é", "ア" if encoding == "shift_jis" else "é")
    page = (b"\xfe\xff" if encoding == "utf-16-be" else b"") + text.encode(encoding)
    after = with_meta(page, INFO).decode(encoding)
    assert after.removeprefix("\ufeff").partition('<meta name="ci-reporter"')[0] == text.partition("</head>")[0]
    assert after.endswith(text.partition("</head>")[1] + text.partition("</head>")[2])
    assert len(Metas(after).found) == 1


def test_half_a_character_of_utf_16_is_refused():
    with pytest.raises(StampError, match="begins as utf-16-le but is not that; save it as UTF-8"):
        with_meta("\ufeff<head></head>".encode("utf-16-le") + b"<", INFO)


@given(before=st.binary(max_size=60), inside=st.binary(max_size=60), after=st.binary(max_size=60))
def test_every_other_byte_stays(before, inside, after):
    page = b"<!doctype html>" + before + b"<head>" + inside + b"</head>" + after
    once = with_meta(page, BuildInfo(version="1"))
    assert once.replace(META.encode(), b"", 1) == page
    assert with_meta(once, BuildInfo(version="1")) == once


@pytest.mark.parametrize("part", ["<!--", '<a "', "<script>", "<", "</script", "<head ", "<a b='"])
def test_a_hostile_page_takes_no_longer_than_another(part):
    page = ("<head>" + part * (2**21 // len(part))).encode()
    assert with_meta(page, INFO) == page


@pytest.mark.parametrize("name", ["index.html", "build-info.json"])
def test_a_link_out_of_the_site_is_not_followed(site, tmp_path, name):
    (tmp_path / "outside").write_text(PAGE)
    (site / name).unlink(missing_ok=True)
    (site / name).symlink_to(tmp_path / "outside")
    with pytest.raises(StampError, match="is a link"):
        stamp(str(site), INFO)
    assert (tmp_path / "outside").read_text() == PAGE


def test_a_compressed_copy_of_the_page_is_not_left_behind(site):
    (site / "index.html.br").write_bytes(b"...")
    with pytest.raises(StampError, match=r"index\.html\.br: would no longer match"):
        stamp(str(site), INFO)
    assert (site / "index.html").read_text() == PAGE


def test_a_page_that_is_too_large_is_refused(site):
    with (site / "index.html").open("ab") as file:
        file.truncate(17 * 1024**2)
    with pytest.raises(StampError, match="larger than 16 MiB"):
        stamp(str(site), INFO)
