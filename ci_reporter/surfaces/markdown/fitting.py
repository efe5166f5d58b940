"""Parts of a page that has a limit: what stands first has room first, and what is left out is counted."""

from __future__ import annotations

from collections.abc import Sequence

from ci_reporter.frozen import Frozen

_NOTE = 200  # bytes for the line that says how much is missing


class Part(Frozen):
    """Lines of a page between a head and a foot. `what` names its lines; without it the part is whole or not there.

    `share` is how much of the page it may take.
    """

    head: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    foot: tuple[str, ...] = ()
    what: str = ""
    share: float = 1.0


class Fitted(Frozen):
    """The page, and whether something of it was left out."""

    text: str
    cut: bool = False


def fit(parts: Sequence[Part], most: int) -> Fitted:
    """The parts one after another, a blank line between them, in at most `most` bytes of UTF-8."""
    texts: list[str] = []
    left, cut = most, False
    for part in parts:
        text = _fit(part, min(left, int(most * part.share)))
        cut = cut or text != _text(part, part.lines)
        if text:
            texts.append(text)
            left -= _size(text)
    return Fitted(text="".join(texts), cut=cut)


def _fit(part: Part, most: int) -> str:
    """As many of the lines as there is room for, and how many there are more."""
    whole = _text(part, part.lines)
    if _size(whole) <= most:
        return whole
    if not part.what:
        return ""
    room = most - _size(_text(part, ())) - _NOTE
    shown = 0
    for line in part.lines:
        room -= _size(line) + 1
        if room < 0:
            break
        shown += 1
    if not shown:
        return ""
    note = f"… {len(part.lines) - shown} more {part.what}"
    return f"{_text(part, part.lines[:shown])}{note}\n\n"


def _text(part: Part, lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in (*part.head, *lines, *part.foot)) + "\n"


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
