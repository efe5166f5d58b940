"""The tests of a step that failed, with the line of the repository's own file where that is known."""

from __future__ import annotations

import os

from ci_reporter.model import FailedTest
from ci_reporter.testresults.cases import Case

_FOREIGN = ("/site-packages/", "/node_modules/", "/.venv/", "/vendor/")
_LONGEST_NAME = 200


def name_of(case: Case) -> str:
    """The test's suite and name, cut to 200 characters."""
    return (f"{case.suite}: {case.name}" if case.suite else case.name)[:_LONGEST_NAME]


def failed_test(case: Case, folder: str, root: str) -> FailedTest:
    """The test at the first of its places that is a file below `root`; a relative one is looked for in `folder`."""
    for place in case.places:
        path = _in_repository(place.path, folder, root)
        if path:
            return FailedTest(name=name_of(case), message=case.message, path=path, line=place.line)
    return FailedTest(name=name_of(case), message=case.message)


def _in_repository(path: str, folder: str, root: str) -> str | None:
    full = os.path.realpath(os.path.join(folder, path))
    top = os.path.realpath(root)
    if not full.startswith(f"{top}{os.sep}") or not os.path.isfile(full) or any(each in full for each in _FOREIGN):
        return None
    return os.path.relpath(full, top).replace(os.sep, "/")
