"""Write a file that an option names."""

from __future__ import annotations

import os

from ci_reporter.cli import output
from ci_reporter.errors import StateError
from ci_reporter.system.files import replacement


def write_file(path: str, text: str) -> None:
    """Write it whole or not at all, with the folders it needs, and say so. Raises StateError.

    A link stays a link, and what is no plain file, such as /dev/stdout, is written to.
    """
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with replacement(path) as file:
            file.write(text.encode("utf-8", "replace"))
    except OSError as exc:
        raise StateError(f"cannot write {path}: {exc.strerror}") from exc
    output.say(f"ci-reporter: wrote {path}")
