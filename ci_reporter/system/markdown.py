"""Text inside Markdown: what comes from rules, servers, branches and test names stays text, in Markdown and in HTML."""

from __future__ import annotations

import re

from ci_reporter.system.text import one_line

_LONGEST_CODE = 200


def escape(text: str) -> str:
    """Text for a paragraph or a cell of a table, on one line."""
    escaped = re.sub(r"([\\*_{}\[\]()#+!|~$:@-])", r"\\\1", one_line(text))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "&#96;")


def code(text: str) -> str:
    """Text in backticks, cut to 200 characters."""
    return f"`{one_line(re.sub(r'[`|]+', ' ', text), _LONGEST_CODE) or ' '}`"
