"""Words of somebody's repository that may stand in a file of ours: none that a shell or YAML would act on."""

from __future__ import annotations

import json
import re

_PATH = re.compile(r"(?!-)[\w.@+-]+(?:/[\w.@*+-]+)*", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z./](?:[\w./@+=,*()\[\]% \"'-]|:(?=[\w/]))*[\w./)\]*\"']|[A-Za-z]", re.ASCII)
_ODD = re.compile(r"[\r\v\f\x1c-\x1e\x85\u2028\u2029\ufffd]")
_NOT_TEXT = frozenset(("true", "false", "yes", "no", "on", "off", "null", "y", "n"))


def is_path(text: str) -> bool:
    """Whether this can be a path in a shell's command and in YAML as it stands; also a pattern with `*`."""
    return bool(_PATH.fullmatch(text)) and ".." not in text.split("/") and len(text) < 200


def is_plain(text: str) -> bool:
    """Whether a text was UTF-8, and only line feeds end its lines: a patch of it means the same to every reader."""
    return bool(text) and not _ODD.search(text)


def found_path(pattern: str, text: str) -> str | None:
    """The path that the first group of a regular expression finds in a text, if it can be used as it stands."""
    match = re.search(pattern, text)
    return match[1] if match and match[1] and is_path(match[1]) else None


def yaml_text(text: str) -> str:
    """A text as a YAML value: plain where it can be, else in double quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT:
        return text
    return json.dumps(text, ensure_ascii=False)
