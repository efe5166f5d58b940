"""The files of a repository: listed up to a bound, read up to a size, and no symbolic link is followed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase

from ci_reporter.frozen import Frozen
from ci_reporter.system.files import open_regular

_MOST_ENTRIES = 20_000
_DEEPEST = 5
_LARGEST_BYTES = 256 * 1024  # of a file of which we want to know something; pyproject.toml and workflows have less
# What tools made or brought: none of it is the project's own.
_TOOLS_FOLDERS = """
    .git .hg .svn .ci-reporter .venv venv env .tox .nox .gradle .terraform .next .yarn node_modules bower_components
    vendor third_party target build dist out __pycache__ .mypy_cache .pytest_cache .ruff_cache site-packages
"""
_PASSED_OVER = frozenset(_TOOLS_FOLDERS.split())


class Tree(Frozen):
    """The plain files below `root`, by path from there with `/`, the nearest to the root first.

    `names` are the same as a set. `whole` is false where there are more than we look at.
    """

    root: str
    files: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    whole: bool = True

    def has(self, path: str) -> bool:
        """Whether there is such a file."""
        return path in self.names

    def files_like(self, pattern: str, folder: str = "", *, deep: bool = True) -> Iterator[str]:
        """The files in a folder whose names are like `pattern`, with or without the folders in it."""
        begin = f"{folder}/" if folder else ""
        for path in self.files:
            inside = path[len(begin) :] if path.startswith(begin) else None
            if inside and (deep or "/" not in inside) and fnmatchcase(inside.rpartition("/")[2], pattern):
                yield path

    def text(self, path: str, most: int = _LARGEST_BYTES) -> str:
        """The text of a listed file; empty where there is none, or where it cannot be read or is too large."""
        return self.head(path, most + 1) if self.has(path) and self._size(path) <= most else ""

    def head(self, path: str, most: int) -> str:
        """How a file begins; what is not UTF-8 is replaced."""
        try:
            with open(open_regular(os.path.join(self.root, path), os.O_RDONLY), "rb") as file:
                return file.read(most).decode("utf-8-sig", "replace")
        except OSError:
            return ""

    def _size(self, path: str) -> int:
        try:
            return os.lstat(os.path.join(self.root, path)).st_size
        except OSError:
            return 0


def look(root: str) -> Tree:
    """List a repository, folder by folder, so that a bound cuts off what is deep and not what is near."""
    files: list[str] = []
    folders, left = [""], _MOST_ENTRIES
    while folders and left > 0:
        folder = folders.pop(0)
        for entry in _entries(os.path.join(root, folder)):
            left -= 1
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_file(follow_symlinks=False):
                files.append(path)
            elif _is_ours(entry) and path.count("/") < _DEEPEST:
                folders.append(path)
    return Tree(root=root, files=tuple(files), names=frozenset(files), whole=left > 0)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError:
        return []


def _is_ours(entry: os.DirEntry[str]) -> bool:
    return entry.name not in _PASSED_OVER and entry.is_dir(follow_symlinks=False)
