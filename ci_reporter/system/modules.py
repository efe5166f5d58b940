"""Start a module of ours in a Python process of its own."""

from __future__ import annotations

import sys


def module_command(name: str) -> list[str]:
    """The command that runs the `main` of a module of ours.

    In ci-reporter.pyz the modules are where only its own importer finds them, so the file is started again; it takes
    `-m` as Python does.
    """
    archive = getattr(globals().get("__loader__"), "archive", None)  # a path, where we come out of one file
    return [sys.executable, "-P", *([archive] if archive else []), "-m", name]
