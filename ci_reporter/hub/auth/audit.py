"""The lines of the log that say who signed in, who was refused, and what was made or revoked: `"audit": true`."""

from __future__ import annotations

import logging

_log = logging.getLogger("ci_reporter.hub.audit")


def note(what: str, **about: str | None) -> None:
    """Say it; the names are fields of the line."""
    known = {name: value for name, value in about.items() if value}
    _log.info("%s", what, extra={"audit": True, **known})
