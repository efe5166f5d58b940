"""How far long work is: one line of a terminal that is drawn again and again, or a line now and then in a CI log."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread

from ci_reporter.cli import output
from ci_reporter.surfaces import terminal

_QUICK_S = 1.0  # of what is over sooner nobody wants to see how far it is
_DRAW_EVERY_S = 0.25
_LOG_EVERY_S = 30.0
_BAR = 12


class ProgressLine:
    """Where progress is shown. On a terminal anything else that is said takes the line's place first."""

    def __init__(self, env: Mapping[str, str], *, log_every_s: float = _LOG_EVERY_S) -> None:
        stream = sys.stderr
        in_ci = env.get("CI", "").lower() not in ("", "0", "false")  # some CI systems give a job a terminal
        self.is_live = stream is not None and stream.isatty() and env.get("TERM") != "dumb" and not in_ci
        self.every_s = _DRAW_EVERY_S if self.is_live else log_every_s
        self._drawn = ""
        output.before_writing(self.clear)

    def draw(self, text: str) -> None:
        """Draw the line of the terminal anew, as wide as that is at most."""
        shown = terminal.plain(text, max(1, shutil.get_terminal_size().columns - 1))
        with output.STREAMS:
            if shown != self._drawn:
                _write(f"\r\x1b[K{shown}")
            self._drawn = shown

    def clear(self) -> None:
        """Leave the line to others."""
        with output.STREAMS:
            if self._drawn:
                _write("\r\x1b[K")
                self._drawn = ""


@contextmanager
def progress(
    what: Callable[[], str], env: Mapping[str, str], *, of_s: float | None = None, quiet: bool = False
) -> Iterator[None]:
    """Show while the block lasts what `what` says, and for how long it has lasted, of at most `of_s`.

    Of a block that is quick nothing is shown.
    """
    line, over, begun = ProgressLine(env), Event(), time.monotonic()

    def tell() -> None:
        wait_s = max(_QUICK_S, 0.0 if line.is_live else line.every_s)
        while not over.wait(wait_s):
            text = f"{what()}  {_time(time.monotonic() - begun, of_s)}"
            line.draw(text) if line.is_live else output.say(f"ci-reporter: {text}")
            wait_s = line.every_s

    thread = None if quiet else _started(tell)
    try:
        yield
    finally:
        over.set()
        if thread:
            thread.join()
        line.clear()


def bar(share: float) -> str:
    """How much is done: `━━━━╌╌╌╌╌╌╌╌`."""
    done = round(_BAR * min(1.0, max(0.0, share)))
    return "━" * done + "╌" * (_BAR - done)


def clock(seconds: float) -> str:
    """`1:05`."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes}:{rest:02d}"


def _time(seconds: float, of_s: float | None) -> str:
    return f"{bar(seconds / of_s)} {clock(seconds)} of {clock(of_s)}" if of_s else clock(seconds)


def _started(work: Callable[[], None]) -> Thread | None:
    thread = Thread(target=work, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # the limit of threads is reached: the work is done all the same
        return None
    return thread


def _write(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except UnicodeEncodeError:
        sys.stderr.write(text.encode("ascii", "replace").decode())
    except (OSError, ValueError):
        pass
