"""Where ci-reporter comes from in the files that `init` writes: an action or components of somebody's, else pip."""

from __future__ import annotations

import re

from ci_reporter.errors import UsageError
from ci_reporter.frozen import Frozen
from ci_reporter.version import __version__

PACKAGE = f"ci-reporter=={__version__}"
_SOURCE = re.compile(r"(?P<repository>[\w.-]+(?:/[\w.-]+)+)(?:@(?P<ref>[\w.+/-]+))?", re.ASCII)


class Source(Frozen):
    """A repository with the action and the components, and the tag, branch or commit to use."""

    repository: str
    ref: str


def source(text: str) -> Source:
    """Read `OWNER/ci-reporter`, `OWNER/ci-reporter@REF`. Raises UsageError."""
    match = _SOURCE.fullmatch(text)
    if not match:
        raise UsageError(
            f"option --source: {text!r} is not a repository (write OWNER/ci-reporter or OWNER/ci-reporter@v1)"
        )
    return Source(repository=match["repository"], ref=match["ref"] or "v1")
