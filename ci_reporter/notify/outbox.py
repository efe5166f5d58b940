"""The outbox: alerts that a channel has not taken yet, one file each, and when the channel was last used.

.ci-reporter/alerts/<alert_id>.<channel>.json    an alert that waits, and why
.ci-reporter/alerts/<channel>.sent               when messages went out, to keep the channel's rate limit, and for
                                                 how long it wants to be left alone; locked by the process that sends
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from ci_reporter.errors import StateError
from ci_reporter.frozen import Frozen
from ci_reporter.journal import Journal
from ci_reporter.journal.files import encode, listing, read_at, reason, try_lock
from ci_reporter.notify.alert import Alert, from_json, to_json
from ci_reporter.system.files import open_regular, read_bounded, unlink, write_atomic, write_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.system.deadline import Deadline

FOLDER = "alerts"
_LARGEST = 1024 * 1024
_NAME = re.compile(r"([0-9A-Za-z-]{1,64})\.([a-z0-9_]+)\.json")
_POLL_S = 0.02
_LONGEST_PAUSE_S = 3600.0


class Waiting(Frozen):
    """An alert that a channel has not taken yet, and why it did not."""

    alert: Alert
    channel: str
    reason: str | None = None


class Outbox:
    """The files of `alerts/` in a state folder; the folder is made when something is kept there."""

    def __init__(self, journal: Journal) -> None:
        self.path = os.path.join(journal.path, FOLDER)
        self._journal = journal

    def __len__(self) -> int:
        return sum(bool(_NAME.fullmatch(name)) for name in listing(self.path))

    def pending(self, channel: str = "") -> list[Waiting]:
        """What waits, oldest first, for one channel or for all; files that are not ours are skipped."""
        found = []
        for name in sorted(listing(self.path)):
            match = _NAME.fullmatch(name)
            if match and channel in ("", match[2]):
                found.append(_entry(os.path.join(self.path, name), match[1], match[2]))
        return [each for each in found if each]

    def keep(self, alert: Alert, channel: str, why: str | None = None) -> None:
        """Keep an alert for a channel until the channel takes it. Raises StateError."""
        path = self._path(alert.alert_id, channel)
        try:
            self._journal.prepare(self.path)
            write_atomic(path, encode({"channel": channel, "reason": why, "alert": to_json(alert)}))
        except OSError as exc:
            raise StateError(f"cannot write {path}: {reason(self.path, exc)}") from exc

    def remove(self, alert_id: str, channel: str, problem: str = "") -> None:  # noqa: ARG002  nothing of it is kept
        """Remove what the channel has taken, or will never take; it may be gone already."""
        unlink(self._path(alert_id, channel))

    def fold(self, messages: Sequence[Alert], replaced: Iterable[str], channel: str) -> None:
        """Keep messages in the place of others: killed in between, the others are said twice and not lost."""
        for each in messages:
            self.keep(each, channel)
        for alert_id in replaced:
            self.remove(alert_id, channel)

    @contextmanager
    def turn(self, channel: str, deadline: Deadline) -> Iterator[Turn | None]:
        """Be the only process that sends to this channel; None where another one does until the deadline.

        Raises StateError where the folder cannot be written.
        """
        self._journal.prepare(self.path)
        try:
            fd = open_regular(os.path.join(self.path, f"{channel}.sent"), os.O_RDWR | os.O_CREAT)
        except OSError as exc:
            raise StateError(f"cannot use {self.path}: {reason(self.path, exc)}") from exc
        try:
            while not (ours := try_lock(fd)) and deadline.left_s():
                time.sleep(_POLL_S)
            yield Turn(fd=fd) if ours else None
        finally:
            os.close(fd)

    def _path(self, alert_id: str, channel: str) -> str:
        return os.path.join(self.path, f"{alert_id}.{channel}.json")


class Turn(Frozen):
    """The right to send to a channel; when that was last done, and until when the channel wants to be left alone."""

    fd: int

    def sent_at(self) -> list[float]:
        """When messages went out: seconds since the epoch, oldest first; nothing where the file is damaged."""
        try:
            return sorted(float(each) for each in self._read()["sent"])
        except (ValueError, TypeError):
            return []

    def note(self, sent_at: Sequence[float]) -> None:
        """Write down when messages went out, before they do."""
        self._write(self._read() | {"sent": list(sent_at)})

    def pause_s(self, now_s: float) -> float:
        """For how long the channel wants to be left alone, at most an hour: a channel or a clock may be wrong."""
        try:
            left_s = float(self._read()["until"]) - now_s
        except (ValueError, TypeError):
            return 0.0
        return left_s if 0 < left_s <= _LONGEST_PAUSE_S else 0.0

    def pause(self, now_s: float, seconds: float) -> None:
        """Write down that the channel wants to be left alone from now on, for the next process, too."""
        self._write(self._read() | {"until": now_s + min(seconds, _LONGEST_PAUSE_S)})

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(read_at(self.fd, 0, _LARGEST))
        except (ValueError, RecursionError, OSError):
            found = None
        return {"sent": [], "until": 0.0} | (found if isinstance(found, dict) else {})

    def _write(self, found: dict[str, Any]) -> None:
        try:
            os.ftruncate(self.fd, 0)
            os.lseek(self.fd, 0, os.SEEK_SET)
            write_whole(self.fd, json.dumps(found).encode())
        except OSError:
            pass  # a full disk: the channel itself still says when it is too much


def _entry(path: str, alert_id: str, channel: str) -> Waiting | None:
    try:
        flat = json.loads(read_bounded(path, _LARGEST))
        alert = from_json(flat["alert"])
        return Waiting(alert=alert, channel=channel, reason=flat.get("reason")) if alert.alert_id == alert_id else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None
