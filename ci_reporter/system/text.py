r"""Text from elsewhere, made safe to show: it must not move a cursor, begin a line of its own, or turn its direction.

Sources: ECMA-48 (control functions: ESC [ … is a CSI sequence, ESC ] … an operating system command); Unicode Standard
Annex 9 (marks that change the direction of text, the means of "Trojan Source").
"""

from __future__ import annotations

import re

# C0 and C1 controls, direction marks, line and paragraph separators, the byte order mark, lone surrogates.
UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_GAPS = re.compile(rf"(?:{UNSAFE.pattern}| )+")
_ESCAPE_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -~]?"
)


def one_line(text: str, most: int | None = None) -> str:
    """The text on one line, without terminal escapes; cut to `most` characters, the last one an ellipsis."""
    line = _GAPS.sub(" ", without_escapes(text)).strip()
    return line if most is None else clip(line, most)


def spell_out(text: str) -> str:
    r"""The text on its lines, with what cannot be shown as `\x1b` or `\u202e`; tabs stay."""
    return text if text.isprintable() else "".join(map(_visible, text))


def without_escapes(text: str) -> str:
    """The text without colours and other terminal escapes."""
    return _ESCAPE_SEQUENCE.sub("", text) if "\x1b" in text or "\x9b" in text or "\x9d" in text else text


def clip(text: str, most: int) -> str:
    """At most so many characters, the last one an ellipsis where some are missing."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _visible(char: str) -> str:
    return char if char in "\n\t" or char.isprintable() else char.encode("unicode_escape").decode("ascii")
