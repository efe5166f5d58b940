"""Text inside Markdown: what comes from rules, servers, branches and test names stays text, in Markdown and in HTML.

GitHub and GitLab look for mentions, references and addresses (`@ada`, `#12`, `!34`, `&56`, `www.x.example`) in what
Markdown has become, where a backslash is gone: a space without width takes them apart, and code they leave alone.
Source: github.com/gjtorikian/html-pipeline, `mention_filter.rb`; GitLab, "Markdown", references specific to GitLab.
"""

from __future__ import annotations

import re

from ci_reporter.system.text import one_line

_LONGEST_CODE = 200
_NOTHING = "&#8203;"  # a space without width
_REFERENCE = re.compile(r"(?<!\w)@(?=\w)|[#!~%$](?=\w)|&(?=\d)|:(?=//)|(?<=\b[wW]{3})\.(?=\w)")

_SIGNS = {"%": "%", "&": "&amp;"}


def escape(text: str) -> str:
    """Text for a paragraph or a cell of a table, on one line."""
    parts = _REFERENCE.split(line := one_line(text))
    signs = _REFERENCE.findall(line)
    return "".join(_escape(part) + each for part, each in zip(parts, [*map(_sign, signs), ""], strict=True))


def code(text: str) -> str:
    """Text in backticks, cut to 200 characters."""
    return f"`{one_line(re.sub(r'[`|]+', ' ', text), _LONGEST_CODE) or ' '}`"


def _escape(text: str) -> str:
    escaped = re.sub(r"([\\*_{}\[\]()#+!|~$:@-])", r"\\\1", text)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "&#96;")


def _sign(sign: str) -> str:
    return f"{_SIGNS.get(sign, chr(92) + sign)}{_NOTHING}"
