"""The beginning of a report file: as text in whatever encoding it is, and its first XML elements.

Formats are told apart by it (`sniff` of each format), so a hostile beginning must cost no more than milliseconds.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import NamedTuple

_PROLOGUE = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>", re.DOTALL)
_TAG = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)")
_ATTRIBUTES = re.compile(r"""(?>(?:[^<>"']|"[^"]*"|'[^']*')*)""")


class XMLStart(NamedTuple):
    """The root element of an XML file, the text of its attributes, and the first element in it.

    Names come without their namespace's prefix; what the beginning does not hold any more is missing.
    """

    root: str
    attributes: str = ""
    child: str | None = None


def text_of(head: bytes) -> str:
    """The first bytes of a file as text; undecodable ones are replaced, which is enough to tell formats apart.

    JSON's rules for UTF-8, 16 and 32 with and without a byte order mark (RFC 4627, section 3) hold for XML too: both
    begin with two ASCII characters.
    """
    return head.decode(json.detect_encoding(head), "replace")


@lru_cache(maxsize=1)  # every format asks for it
def xml_start(text: str) -> XMLStart | None:
    """What XML begins with; None for what is not XML."""
    root = _TAG.match(text, _after_prologue(text, 0))
    if root is None:
        return None
    attributes = _ATTRIBUTES.match(text, root.end())
    end = attributes.end() if attributes else root.end()
    child = _TAG.match(text, _after_prologue(text, end + 1)) if text[end : end + 1] == ">" else None
    return XMLStart(root[1], text[root.end() : end], child[1] if child else None)


def _after_prologue(text: str, at: int) -> int:
    """Where the declaration, comments, processing instructions and the DOCTYPE end."""
    at += text.startswith("\ufeff", at)
    while skipped := _PROLOGUE.match(text, at):
        at = skipped.end()
    return at
