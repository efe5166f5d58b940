"""A log line: one JSON object on stderr, or an event of structlog where the process has set that up.

It needs no settings: `--to log`. Its fields are those of our own logs: `timestamp`, `level`, `logger`, `message`, and
then the alert's.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping

from ci_reporter.config import values
from ci_reporter.config.setting import Settings, setting
from ci_reporter.errors import DeliveryError
from ci_reporter.frozen import Frozen
from ci_reporter.model import rfc3339
from ci_reporter.notify.alert import Alert
from ci_reporter.notify.compact import compact
from ci_reporter.notify.language import Language
from ci_reporter.notify.notifier import Rate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

    from ci_reporter.system.deadline import Deadline

_RATE = Rate(count=1000, per_s=1.0)
_LARGEST = 100_000  # bytes; Loki takes lines of 256 KiB
_LOGGER = "ci_reporter.notify"


class LogSettings(Settings, group="log"):
    """Nothing has to be set."""

    on: bool = setting(
        False,
        values.flag,
        "",
        "Log: write each alert as one line of JSON to stderr; `--to log` does it too.",
        main=True,
    )

    def notifier(self, env: Mapping[str, str], language: Language) -> LogNotifier:  # noqa: ARG002
        """Make the notifier; data have no language."""
        return LogNotifier()


class LogNotifier(Frozen):
    """Writes an alert as one line; to which stream is asked each time, as a test or a service may replace stderr."""

    name: str = "log"
    rate: Rate = _RATE
    stream: Callable[[], TextIO | None] = lambda: sys.stderr

    def send(self, alert: Alert, deadline: Deadline) -> None:  # noqa: ARG002  a line takes no time
        """Write the line. Raises DeliveryError where it cannot be written."""
        structlog = sys.modules.get("structlog")
        if structlog and structlog.is_configured():
            fields = _fields(alert)
            getattr(structlog.get_logger(_LOGGER), alert.level)(fields.pop("message"), **fields)
            return
        stream = self.stream()
        if stream is None:  # a service without a console
            raise DeliveryError("log: there is no stderr to write to")
        try:
            stream.write(f"{_line(alert)}\n")
            stream.flush()
        except (OSError, ValueError) as exc:  # ValueError: it is closed
            raise DeliveryError(f"log: cannot write to stderr: {getattr(exc, 'strerror', exc)}") from exc

    def preview(self, alert: Alert) -> str:
        """Show the line."""
        return _line(alert)


def _line(alert: Alert) -> str:
    from ci_reporter.logs.cleaning import json_line
    from ci_reporter.logs.lines import escape_unsafe

    at_s = time.time() if alert.at_s is None else alert.at_s
    first = {"timestamp": rfc3339(at_s), "level": str(alert.level), "logger": _LOGGER}
    line = escape_unsafe(json_line(first | _fields(alert)).encode("utf-8", "backslashreplace"))
    return line.replace("##", "#\\u0023")  # Azure Pipelines obeys `##vso[…]` wherever it stands in a line


def _fields(alert: Alert) -> dict[str, Any]:
    """The alert's fields; the run's id stands at the top, where log searches look for it."""
    found = compact(alert, _LARGEST)
    run = found.pop("run", {})
    top = {"message": found.pop("title"), "ci_run_id": run.pop("ci_run_id", None), "run": run}
    for name in ("level", "at"):
        found.pop(name, None)
    return {name: value for name, value in (top | found).items() if value}
