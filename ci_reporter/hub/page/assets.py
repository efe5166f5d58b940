"""Files for the browser: each is at a path with the hash of its content, so it may be kept for ever."""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from importlib.resources import files
from typing import NamedTuple

PREFIX = "/static/"  # open to everybody: the sign-in needs it
_KINDS = {".css": b"text/css; charset=utf-8", ".js": b"text/javascript; charset=utf-8", ".svg": b"image/svg+xml"}
_FOLDER = files("ci_reporter.hub.page") / "static"
_HASH_DIGITS = 12


class Asset(NamedTuple):
    """A file as it is sent."""

    path: str
    kind: bytes
    body: bytes
    zipped: bytes


@cache
def assets() -> dict[str, Asset]:
    """All files by their name in `static/`, such as `hub.css`, `vendor/htmx.min.js`."""
    found = {}
    for folder, before in ((_FOLDER, ""), (_FOLDER / "vendor", "vendor/")):
        for each in folder.iterdir():
            stem, dot, ending = each.name.rpartition(".")
            if kind := _KINDS.get(dot + ending):
                body = each.read_bytes()
                digest = hashlib.sha256(body).hexdigest()[:_HASH_DIGITS]
                path = f"{PREFIX}{stem}.{digest}.{ending}"
                found[before + each.name] = Asset(path, kind, body, gzip.compress(body, 9, mtime=0))
    return found


@cache
def by_path() -> dict[str, Asset]:
    """All files by the path that they are served at."""
    return {each.path: each for each in assets().values()}


def path_of(name: str) -> str:
    """Where a file is, for a template."""
    return assets()[name].path
