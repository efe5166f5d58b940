"""The lines of the log that say who signed in, who was refused, and what was made or revoked: `"audit": true`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

_WINDOW_S = 60.0
_MOST = 20
_log = logging.getLogger("ci_reporter.hub.audit")


def note(what: str, **about: str | None) -> None:
    """Say it; the names are fields of the line."""
    _say(what, about)


class Refusals:
    """Refusals as lines, at most 20 a minute: whoever sends rubbish must not fill the disk."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since_s = clock()
        self._count = 0

    def note(self, what: str, **about: str | None) -> None:
        """Say it, or count it."""
        now_s = self._clock()
        if now_s - self._since_s >= _WINDOW_S:
            if self._count > _MOST:
                _say("more was refused than is said here", {"count": str(self._count - _MOST)})
            self._since_s, self._count = now_s, 0
        self._count += 1
        if self._count <= _MOST:
            _say(what, about)


def _say(what: str, about: Mapping[str, str | None]) -> None:
    known = {name: value for name, value in about.items() if value}
    _log.info("%s", what, extra={"audit": True, **known})


note_refusal = Refusals().note
