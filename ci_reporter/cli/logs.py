"""`ci-reporter logs`: the lines of one run out of log files; plain output with its run."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

import click

from ci_reporter.cli import output
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import report_errors
from ci_reporter.context import recorded_run_id
from ci_reporter.errors import CIReporterError, UsageError
from ci_reporter.logs.growing import Growing
from ci_reporter.logs.lines import Lines, escape_unsafe, of_run
from ci_reporter.logs.wrapping import OutputWrapper, Wrapper, fields_of
from ci_reporter.model import rfc3339
from ci_reporter.providers import detect, read_text
from ci_reporter.system.masking import Masking, secrets_of

_CHUNK = 64 * 1024
_LOOK_EVERY_S = 0.2
_STDIN = "-"


@click.command(
    "logs",
    epilog="\b\nExamples:  ci-reporter logs --run github-17012345678-1 app.log\n"
    "           ci-reporter run --wrap-logs -- make",
)
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--run", "run_id", metavar="CI_RUN_ID", help="That run; without this, the run we are in.")
@click.option(
    "-f", "--follow", is_flag=True, help="Wait for more, also when a file is rotated, truncated or not there."
)
@click.option("--wrap", is_flag=True, help="Pass everything on as JSON lines that name the run, plain text too.")
@report_errors
def command(files: tuple[str, ...], run_id: str | None, follow: bool, wrap: bool) -> None:
    """Print the JSON lines of a run, from FILEs or stdin (also: -).

    Exit codes are grep's: 0 a line was found, 1 none was, 2 something could not be read. With --wrap, stdin is
    passed on line by line, and the exit code is 0. A pipe ends with the code of its last command: in a shell without
    `set -o pipefail`, `make | ci-reporter logs --wrap` succeeds although make failed. `ci-reporter run --wrap-logs --
    make` does the same and keeps the exit code.
    """
    if wrap and (files or follow):
        raise UsageError("--wrap reads stdin alone: give it neither files nor --follow")
    if wrap:
        _wrap(run_id, os.environ)
    else:
        _find(files or (_STDIN,), run_id or recorded_run_id(current_context()), follow=follow)


def _wrap(run_id: str | None, env: Mapping[str, str]) -> None:
    """Whoever writes to us ends first, also at Ctrl-C; no setting that is wrong may stop its output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run = detect(env, read_text)
    fields = fields_of(run, env.get("OTEL_SERVICE_NAME"), env.get("TRACEPARENT", ""))
    fields |= {"ci_run_id": run_id or run.ci_run_id}
    output = OutputWrapper(Wrapper(fields, Masking(secrets_of(env)), lambda: rfc3339(time.time())))
    if sys.stdin is None:  # it was closed before we started
        return
    while chunk := os.read(sys.stdin.fileno(), _CHUNK):
        if not _write(output.feed(chunk)):
            return
    _write(output.end())


def _find(files: Sequence[str], run_id: str, *, follow: bool) -> None:
    search = _Search(of_run(run_id))
    try:
        if follow and _STDIN not in files:
            search.follow([Growing(path) for path in files])
        else:
            search.read(files)
    except KeyboardInterrupt:
        pass
    if search.too_long:
        output.say(f"ci-reporter: {search.too_long} lines of more than 1 MiB were skipped")
    sys.exit(2 if search.unread else 0 if search.found else 1)


class _Search:
    """Looking through files: how many lines were found, were too long, how many files could not be read."""

    def __init__(self, belongs: Callable[[bytes], bool]) -> None:
        self.found = self.too_long = self.unread = 0
        self._belongs = belongs

    def read(self, files: Sequence[str]) -> None:
        """Read the files to their ends."""
        for path in files:
            lines = Lines()
            try:
                if not self._print(_all(path, lines), flush=path == _STDIN):
                    return
            except OSError as exc:
                self._cannot(path, exc)
            self.too_long += lines.too_long

    def follow(self, files: Sequence[Growing]) -> None:
        """Read what the files have and what comes, until we are told to stop or nobody listens any more."""
        while self._look(files):
            time.sleep(_LOOK_EVERY_S)

    def _look(self, files: Sequence[Growing]) -> bool:
        for file in files:
            try:
                if not self._print(file.more(), flush=True):
                    return False
            except OSError as exc:
                raise UsageError(f"cannot read {file.path}: {exc.strerror}") from exc
        self.too_long = sum(file.lines.too_long for file in files)
        return True

    def _print(self, lines: Iterable[bytes], *, flush: bool) -> bool:
        for line in lines:
            if self._belongs(line):
                self.found += 1
                if not _write(escape_unsafe(line).encode() + b"\n", flush=flush):
                    return False
        return True

    def _cannot(self, path: str, error: OSError) -> None:
        self.unread += 1
        output.say(f"ci-reporter: cannot read {path}: {error.strerror}")


def _all(path: str, lines: Lines) -> Iterator[bytes]:
    """Every line of a file, or of stdin as they come."""
    if path == _STDIN and sys.stdin is None:  # it was closed before we started
        return
    with open(sys.stdin.fileno() if path == _STDIN else path, "rb", closefd=path != _STDIN) as file:
        while chunk := file.read1(_CHUNK):
            yield from lines.feed(chunk)
    yield from lines.end()


def _write(content: bytes, *, flush: bool = True) -> bool:
    """Write it to stdout; False when nobody reads any more."""
    if sys.stdout is None:
        return False
    try:
        sys.stdout.buffer.write(content)
        if flush:
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        with suppress(OSError):  # what is still buffered has nowhere to go when the interpreter ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    except OSError as exc:
        raise CIReporterError(f"cannot write the lines: {exc.strerror}") from exc
    return True
