r"""Text of others in Markdown, as chats know it: shown as it was written, whatever it is.

Chats differ in what they know of Markdown and of its escapes. A backslash before `\`, `` ` ``, `*`, `_` and brackets is
known to all; all else is broken up by a space without width, which needs no renderer's help: `<` and that space begin
no tag and no mention, and a line that begins with it is no heading, quotation, list, rule or table.

Source: CommonMark 0.31, 2.4 (escapes), 2.5 (entities), 4 and 5 (blocks); GitHub Flavored Markdown, 4.10 (tables).
"""

from __future__ import annotations

import re

NOTHING = "\u200b"  # a space without width
_INLINE = re.compile(r"[\\`*_\[\]]")
_BREAKABLE = re.compile(r"<|~(?=~)|&(?=#?\w+;)")
_BLOCK = re.compile(r"^(?=[#>+=|:-])", re.MULTILINE)
_NUMBERED = re.compile(r"^(\d{1,9})(?=[.)])", re.MULTILINE)


def escape(text: str) -> str:
    """Text that a renderer of Markdown shows as it is."""
    inline = _BREAKABLE.sub(rf"\g<0>{NOTHING}", _INLINE.sub(r"\\\g<0>", text))
    return without_blocks(inline)


def without_blocks(text: str) -> str:
    """The text, no line of which begins a heading, a quotation, a list, a rule or a table."""
    return _NUMBERED.sub(rf"\1{NOTHING}", _BLOCK.sub(NOTHING, text))


def without_mentions(text: str) -> str:
    """The text, in which `@all` and `@ada` call nobody."""
    return text.replace("@", f"@{NOTHING}")
