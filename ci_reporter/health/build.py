"""Which build this is: the BuildInfo that `ci-reporter stamp` has put into what is running here."""

from __future__ import annotations

import logging
import os
from importlib import metadata

from ci_reporter import buildinfo
from ci_reporter.errors import ReportFileError
from ci_reporter.model import BuildInfo

_log = logging.getLogger("ci_reporter.health")


def find(path: str | None = None, *, beside: str | None = None, distribution: str | None = None) -> BuildInfo:
    """The stamp at `path`, else beside the file `beside`, else of an installed distribution.

    A distribution that carries no stamp still has its version. What is not found is unknown. A file that cannot
    be read is logged and counts as unknown, so that your service starts without its stamp.
    """
    places = [path, beside and os.path.join(os.path.dirname(os.path.abspath(beside)), buildinfo.FILE_NAME)]
    for place in filter(None, places):
        if os.path.exists(place):
            return _read(place)
    return _of_distribution(distribution) if distribution else BuildInfo()


def _read(path: str) -> BuildInfo:
    try:
        return buildinfo.read(path)
    except ReportFileError as exc:
        _log.warning("%s", exc)
        return BuildInfo()


def _of_distribution(name: str) -> BuildInfo:
    try:
        found = metadata.distribution(name)
    except (metadata.PackageNotFoundError, ValueError):
        _log.warning("no distribution named %r is installed here", name)
        return BuildInfo()
    stamp = found.read_text(buildinfo.FILE_NAME)
    if stamp is None:
        return BuildInfo(version=found.version)
    try:
        return buildinfo.decode(stamp.encode(), f"{name}'s {buildinfo.FILE_NAME}")
    except ReportFileError as exc:
        _log.warning("%s", exc)
        return BuildInfo(version=found.version)
