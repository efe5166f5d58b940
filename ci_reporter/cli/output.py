"""What the program says: people read stderr, machines read stdout; a stream that is closed is not a reason to fail."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Mapping
from threading import RLock

from ci_reporter.surfaces import github, terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

STREAMS = RLock()  # who writes to a terminal in parts holds it, so that nothing comes in between
_BEFORE: list[Callable[[], None]] = []
_LOST: list[OSError] = []  # why stdout could not be written: what was asked for has not arrived
_GONE: list[OSError] = []  # why nobody reads stdout any more
_LONGEST = 2000  # a warning is one line; a server's words are cut where they are read


def say(line: str) -> None:
    """Tell a person something."""
    _write(sys.stderr, line)


def warn(message: str, env: Mapping[str, str]) -> None:
    """Tell a person that something went wrong; on GitHub as an annotation of the step."""
    if env.get("GITHUB_ACTIONS") == "true":
        say(github.warning(message))
    else:
        say(f"ci-reporter: warning: {terminal.plain(message, _LONGEST)}")


def fail(message: str, env: Mapping[str, str]) -> None:
    """Tell a person why the job fails; on GitHub as an annotation of the step."""
    say(github.error(message) if env.get("GITHUB_ACTIONS") == "true" else f"ci-reporter: {message}")


def result(text: str) -> None:
    """Give a machine, or a person who asked, what was asked for."""
    _write(sys.stdout, text)


def before_writing(clear: Callable[[], None]) -> None:
    """Have `clear` called before anything is written: it leaves the terminal's last line to others."""
    _BEFORE.append(clear)


def colour(stream: TextIO | None, env: Mapping[str, str]) -> bool:
    """Whether colours are welcome there. Source: no-color.org; `TERM=dumb` is a terminal that shows none."""
    is_terminal = bool(stream) and stream is not None and stream.isatty()
    return is_terminal and not env.get("NO_COLOR") and env.get("TERM") != "dumb"


def note_lost(error: OSError) -> None:
    """Say that stdout cannot be written; a reader that has gone (`… | head -1`) wants no more, and nothing is said."""
    _GONE.append(error)
    if error.errno not in (errno.EPIPE, errno.EBADF) and not _LOST:
        _LOST.append(error)
        say(f"ci-reporter: cannot write to stdout: {error.strerror}")


def has_no_reader() -> bool:
    """Whether stdout could not be written: what would go on for ever has no reason to."""
    return bool(_GONE)


def end(code: int) -> int:
    """Write out what is still buffered; the exit code, which is 1 for what was asked for and could not be written."""
    try:
        if sys.stdout:
            sys.stdout.flush()
    except OSError as exc:
        note_lost(exc)
        # Python would try once more at its own end, and then exit with 120 whatever the verdict was.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code or int(bool(_LOST))


def _write(stream: TextIO | None, text: str) -> None:
    with STREAMS:
        for clear in _BEFORE:
            clear()
        if stream is not None:  # it was closed before we started
            _write_line(stream, text)


def _write_line(stream: TextIO, text: str) -> None:
    try:
        stream.write(f"{text}\n")
        stream.flush()
    except UnicodeEncodeError:
        _write_line(stream, text.encode("ascii", "backslashreplace").decode())
    except OSError as exc:
        if stream is sys.stdout:
            note_lost(exc)
    except ValueError:
        pass
