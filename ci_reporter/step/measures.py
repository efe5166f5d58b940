"""The numbers that a command writes to `$CI_REPORTER_MEASURES`: `name=value`, one a line, the last of a name counts."""

from __future__ import annotations

import os

from ci_reporter.config import values
from ci_reporter.system.files import open_regular, unlink

_LARGEST = 1024 * 1024
MOST_MEASURES = 200  # as many label sets as a push has by default (label_budget)


def take_measures(path: str) -> tuple[dict[str, float], list[str]]:
    """Read the file and remove it: its measures, and warnings about what is left out.

    What is at `path` is the command's doing: a FIFO is not waited for, a link not followed, and the rest has limits.
    """
    if not os.path.lexists(path):
        return {}, []
    try:
        text = _text(path)
    except OSError as exc:
        return {}, [f"$CI_REPORTER_MEASURES ({path}) is not read: {exc.strerror}"]
    finally:
        unlink(path)
    warnings = [f"$CI_REPORTER_MEASURES has more than {_LARGEST} bytes: the rest is left out"] * (len(text) > _LARGEST)
    found, wrong = _parse(text[:_LARGEST])
    if wrong:
        warnings.append(f"$CI_REPORTER_MEASURES: {len(wrong)} lines left out, the first: {wrong[0]}")
    if len(found) > MOST_MEASURES:
        warnings.append(f"$CI_REPORTER_MEASURES has {len(found)} measures: only the first {MOST_MEASURES} are recorded")
    return dict(list(found.items())[:MOST_MEASURES]), warnings


def _text(path: str) -> str:
    with open(open_regular(path, os.O_RDONLY), encoding="utf-8", errors="replace") as file:
        return file.read(_LARGEST + 1)


def _parse(text: str) -> tuple[dict[str, float], list[str]]:
    """The measures, and the lines that are not measures with the reason."""
    found, wrong = {}, []
    for line in filter(None, map(str.strip, text.splitlines())):
        try:
            name, value = values.measure(line)
            found[name] = value
        except ValueError as exc:
            wrong.append(f"{line[:60]!r} {exc}")
    return found, wrong
