"""Text inside Markdown: what comes from rules, servers, branches and test names stays text, in Markdown and in HTML."""

from __future__ import annotations

import re

_UNSEEN = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")  # controls, and turns of direction
_LONGEST_CODE = 200


def escape(text: str) -> str:
    """Text for a paragraph or a cell of a table, on one line."""
    one_line = _UNSEEN.sub(" ", text).strip()
    escaped = re.sub(r"([\\*_{}\[\]()#+!|~$:@-])", r"\\\1", one_line)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "&#96;")


def code(text: str) -> str:
    """Text in backticks, cut to 200 characters."""
    return f"`{re.sub(r'[`|]+', ' ', _UNSEEN.sub(' ', text))[:_LONGEST_CODE].strip() or ' '}`"
