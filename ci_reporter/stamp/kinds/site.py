"""A static site: `build-info.json` beside `index.html`, and a `<meta>` in the head of that page."""

from __future__ import annotations

import html
import json
import os
import re

from ci_reporter import buildinfo
from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import atomic, infofile

META = "ci-reporter"
_PAGE = "index.html"
_LARGEST = 16 * 1024**2
_COMPRESSED = (".gz", ".br", ".zst")
_OURS = re.compile(f'<meta name="{META}" content="[^"]*">')
# Atomic: a page of a million `<a "` takes no longer than another.
_TAG = re.compile(r"""<(/?[a-z][^\s/>]*+)(?>(?:[^"'>]|"[^"]*+"|'[^']*+')*)>""", re.IGNORECASE)
_BEGINS_TAG = re.compile(r"</?[a-z]", re.IGNORECASE)
_KEPT = "surrogatepass"  # half a pair of UTF-16 stays what it is
_RAW = ("script", "style", "title", "textarea", "noscript", "template")


class Site:
    """A folder with an `index.html`."""

    name = "site"

    def takes(self, path: str) -> bool:
        """Take a folder with that page."""
        return os.path.isfile(os.path.join(path, _PAGE))

    def where(self, path: str) -> str:  # noqa: ARG002
        """The file that holds the whole of it."""
        return buildinfo.FILE_NAME

    def write(self, path: str, info: BuildInfo) -> bool:
        """Write the file and the page; False when both are the same already. Raises StampError."""
        page = os.path.join(path, _PAGE)
        before = _content(page)
        after = with_meta(before, info, page)
        if after != before:
            _refuse_compressed(page)
        written = infofile.write(os.path.join(path, buildinfo.FILE_NAME), info)
        return atomic.write(page, after) or written

    def read(self, path: str) -> BuildInfo | None:
        """Read the file. Raises StampError."""
        return infofile.read(os.path.join(path, buildinfo.FILE_NAME))


def with_meta(page: bytes, info: BuildInfo, name: str = _PAGE) -> bytes:
    """The page with our `<meta>` at the end of its head, and every other byte as it was; one without a head stays so.

    Raises StampError for a page in an encoding that cannot be kept.
    """
    encoding = _encoding(page)
    try:
        text = page.decode(encoding, _KEPT)
    except UnicodeDecodeError as exc:
        raise StampError(f"{name}: begins as {encoding} but is not that; save it as UTF-8") from exc
    end = _end_of_head(text)
    if end is None:
        return page
    meta = _meta(info)
    head, count = _OURS.subn(lambda _: meta, text[:end], count=1)
    return ((head if count else head + meta) + text[end:]).encode(encoding, _KEPT)


def _meta(info: BuildInfo) -> str:
    """ASCII, and so the same in every encoding of the web; the content is JSON."""
    content = json.dumps(buildinfo.to_json(info), separators=(",", ":"))
    return f'<meta name="{META}" content="{html.escape(content)}">'


def _encoding(page: bytes) -> str:
    """UTF-16 is told by its mark; of every other encoding the bytes of ASCII mean ASCII, which is all we look at."""
    return {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(page[:2], "latin-1")


def _end_of_head(text: str) -> int | None:
    """Where the head's content ends: at `</head>`, or at `<body>` where that is left out."""
    at, opened = 0, False
    while (at := text.find("<", at)) >= 0:
        tag = _TAG.match(text, at)
        name = tag[1].lower() if tag else ""
        if name in ("/head", "body", "/html"):
            return at if opened else None
        opened = opened or name == "head"
        following = _after(text, at, tag.end() if tag else None, name)
        if following is None:
            return None
        at = following
    return None


def _after(text: str, at: int, end: int | None, name: str) -> int | None:
    """Where the search goes on: behind a comment, a tag, or an element of plain text; None where that never ends."""
    if text.startswith("<!--", at):
        end = text.find("-->", at + 4)
        return end + 3 if end >= 0 else None
    if end is None:
        return None if _BEGINS_TAG.match(text, at) else at + 1
    if name in _RAW:
        closing = re.compile(f"</{name}", re.IGNORECASE).search(text, end)
        return closing.end() if closing else None
    return end


def _content(page: str) -> bytes:
    if os.path.islink(page):
        raise StampError(f"{page}: is a link; a stamp is written only where its artifact is")
    try:
        with open(page, "rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as exc:
        raise StampError(f"{page}: cannot be read: {exc.strerror}") from exc
    if len(content) > _LARGEST:
        raise StampError(f"{page}: is larger than {_LARGEST // 1024**2} MiB, the most that is read of a page")
    return content


def _refuse_compressed(page: str) -> None:
    """A server that finds `index.html.gz` sends that, and it would be another page."""
    for each in _COMPRESSED:
        if os.path.exists(page + each):
            raise StampError(f"{page}{each}: would no longer match the page beside it; stamp before compressing")
