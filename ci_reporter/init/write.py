"""Write the new files of a plan: where nothing is, and not through a link."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ci_reporter.errors import StateError
from ci_reporter.init.plan import Change


def write(root: str, changes: Sequence[Change]) -> None:
    """Write new files; what has come to their place meanwhile stays. Raises StateError."""
    for change in changes:
        path = os.path.join(root, change.path)
        _make_folders(root, change.path)
        try:
            _write_new(path, change.after)
        except OSError as exc:
            raise StateError(f"cannot write {path}: {exc.strerror}") from exc


def _write_new(path: str, text: str) -> None:
    """Write all of a new file or, as on a full disk, none of it: half a file would be taken for the user's own."""
    with open(path, "x", encoding="utf-8", newline="\n") as file:  # "x" follows no link and replaces nothing
        try:
            file.write(text)
            file.flush()
        except OSError:
            os.unlink(path)
            raise


def _make_folders(root: str, path: str) -> None:
    at = root
    for part in path.split("/")[:-1]:
        at = os.path.join(at, part)
        if os.path.islink(at):
            raise StateError(f"cannot write {path}: {at} is a link, and could lead anywhere")
        try:
            os.makedirs(at, exist_ok=True)
        except OSError as exc:
            raise StateError(f"cannot write {path}: {at}: {exc.strerror}") from exc
