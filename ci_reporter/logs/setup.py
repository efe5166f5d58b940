"""One pipe for all a service logs: structlog, the standard library's `logging`, warnings, uncaught exceptions.

Each line is one JSON object, on a terminal a line for people.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Mapping, MutableMapping
from types import TracebackType

import structlog
from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.stdlib import ProcessorFormatter

from ci_reporter import buildinfo
from ci_reporter.logs.carriers import from_environment
from ci_reporter.logs.cleaning import Cleaner, json_line
from ci_reporter.logs.current import begin, context_of
from ci_reporter.model import BuildInfo
from ci_reporter.system.masking import secrets_of
from ci_reporter.system.text import spell_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

    Event = MutableMapping[str, Any]

_UNCAUGHT = "ci_reporter.logs.uncaught"
_FIRST = ("timestamp", "level", "logger", "message")
_CLEANER = Cleaner()


def configure(
    service: str | None = None,
    *,
    revision: str | None = None,
    build: BuildInfo | str | None = None,
    level: str = "INFO",
    stream: TextIO | None = None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Set logging up for this process; call it once, first thing.

    `build` is a BuildInfo or the path of a `build-info.json`. Who is speaking is told by the arguments, else the
    environment (OTEL_SERVICE_NAME, CI_REPORTER_REVISION, CI_RUN_ID, TRACEPARENT, BAGGAGE), else the build, which knows
    the run it came from. `env` is `os.environ` by default: here alone we read it ourselves, as services, unlike our
    program, should not have to hand it over. Lines go to `stream`, stderr by default. Raises ReportFileError when
    `build` cannot be read.
    """
    known = os.environ if env is None else env
    built = buildinfo.read(build) if isinstance(build, str) else build or BuildInfo()
    target = stream or sys.stderr
    process = from_environment({"CI_RUN_ID": built.ci_run_id or "", **_without_empty(known)})
    begin(process)
    _CLEANER.hide(secrets_of(known))
    speaker = _Speaker(
        service or known.get("OTEL_SERVICE_NAME") or _service_of(built),
        revision or known.get("CI_REPORTER_REVISION") or built.revision,
    )
    _install(_handler(target, speaker, colour=not known.get("NO_COLOR") and known.get("TERM") != "dumb"), level)


def hide(*secrets: str) -> None:
    """Hide these values on every line from now on: what a service learns only while it runs."""
    _CLEANER.hide(secrets)


def _without_empty(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if value}


def _service_of(built: BuildInfo) -> str:
    """The repository's name; without one OpenTelemetry's word for it."""
    return (built.repository_url or "").rstrip("/").rpartition("/")[2].removesuffix(".git") or "unknown_service"


class _Speaker:
    """The processor that says whose line it is: `service`, `revision`, `ci_run_id`, `trace_id`; unknown is absent."""

    def __init__(self, service: str, revision: str | None) -> None:
        self._service = service
        self._revision = revision

    def __call__(self, _: Any, __: str, event: Event) -> Event:
        now = context_of(_error(event.get("exc_info")))
        whose = {
            "service": self._service,
            "revision": self._revision,
            "ci_run_id": now.ci_run_id,
            "trace_id": now.trace_id,
        }
        for name, value in whose.items():
            if value:
                event.setdefault(name, value)
        return event


def _error(exc_info: Any) -> BaseException | None:
    """The exception that a line tells of."""
    if isinstance(exc_info, BaseException):
        return exc_info
    return exc_info[1] if isinstance(exc_info, tuple) else sys.exc_info()[1] if exc_info else None


def _clean(_: Any, __: str, event: Event) -> Event:
    if str(event.get("logger", "")).startswith("uvicorn"):
        event.pop("color_message", None)  # uvicorn adds its message a second time, with terminal escapes
    return _CLEANER.fields(event)


def _common_processors() -> list[Any]:
    """What happens to every line, wherever it comes from."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _handler(target: TextIO, speaker: _Speaker, *, colour: bool) -> logging.Handler:
    ending: list[Any] = [
        ProcessorFormatter.remove_processors_meta,
        speaker,
        structlog.processors.format_exc_info,  # a text: structured tracebacks hold the values of local variables
        structlog.processors.StackInfoRenderer(),
        _clean,
        _Terminal(colour=colour) if target.isatty() else _Json(target),
    ]
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        ProcessorFormatter(foreign_pre_chain=[*_common_processors(), structlog.stdlib.ExtraAdder()], processors=ending)
    )
    return handler


class _Json:
    """The renderer for machines; the message is called so. Beyond ASCII only where the stream is UTF-8."""

    def __init__(self, target: TextIO) -> None:
        encoding = (getattr(target, "encoding", None) or "ascii").lower().replace("-", "").replace("_", "")
        self._ascii = encoding not in ("utf8", "utf8sig")

    def __call__(self, _: Any, __: str, event: Event) -> str:
        if "message" in event:
            event["message_"] = event["message"]  # a field of that name, beside what is logged
        event["message"] = event.pop("event", "")
        first = {name: event.pop(name) for name in _FIRST if name in event}
        return json_line(first | dict(event), ascii_only=self._ascii)


class _Terminal:
    """The renderer for people; control characters of what is shown move no cursor."""

    def __init__(self, *, colour: bool) -> None:
        self._render = ConsoleRenderer(colors=colour, exception_formatter=plain_traceback)

    def __call__(self, logger: Any, name: str, event: Event) -> str:
        shown = {key: spell_out(value) if isinstance(value, str) else value for key, value in event.items()}
        return self._render(logger, name, shown)


def _install(handler: logging.Handler, level: str) -> None:
    """Make it the way out of everything."""
    root = logging.getLogger()
    for each in [each for each in root.handlers if type(each) is logging.StreamHandler]:
        root.removeHandler(each)  # it would say every line a second time
    root.addHandler(handler)
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_common_processors(),
            structlog.stdlib.PositionalArgumentsFormatter(),
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger(_UNCAUGHT).critical("uncaught exception", exc_info=(kind, error, trace))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is None or issubclass(args.exc_type, SystemExit):
        return
    found = (args.exc_type, args.exc_value, args.exc_traceback)
    fields = {"in_thread": args.thread.name} if args.thread else {}
    logging.getLogger(_UNCAUGHT).critical("uncaught exception in a thread", exc_info=found, extra=fields)
