"""Where a test failed: places in source files, as a report's attributes and its stack traces name them.

The forms are those of pytest (`tests/test_cart.py:4: AssertionError`), Python (`File "cart.py", line 4`), and of
JavaScript, Java, Go, C++ and PHP (`cart.test.js:5:15`, `CartTest.java:12`, `cart_test.go:12`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from ci_reporter.frozen import Frozen

_MOST = 20
_LONGEST_TEXT = 64 * 1024
_PYTHON = r'File "(?P<python>[^"\n]{1,300})", line (?P<python_line>\d{1,7})'
_OTHERS = r"(?P<other>(?:[A-Za-z]:)?[\w./\\@+-]{1,300}\.[A-Za-z]\w{0,7}):(?P<other_line>\d{1,7})\b"
_PLACE = re.compile(rf"{_PYTHON}|{_OTHERS}")


class Place(Frozen):
    """A line of a source file, as the report writes its path; the first line is 1."""

    path: str
    line: int


def places(attributes: Mapping[str, str], text: str = "") -> tuple[Place, ...]:
    """The places that a stack trace names, then the one in a case's own `file` and `line`; at most 20."""
    own = attributes.get("line", "")
    found = list(islice(_in_text(text[:_LONGEST_TEXT]), _MOST))
    if attributes.get("file") and own.isascii() and own.isdigit() and len(own) < 8:
        found.append(Place(path=attributes["file"], line=max(1, int(own))))  # pytest counts lines from 0
    return tuple(dict.fromkeys(found))


def _in_text(text: str) -> Iterator[Place]:
    for match in _PLACE.finditer(text):
        kind = "python" if match["python"] else "other"
        if line := int(match[f"{kind}_line"]):
            yield Place(path=match[kind], line=line)
