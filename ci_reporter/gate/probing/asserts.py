"""What is wrong with an answer, if anything: its status, its JSON, its text, its own word on its health."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from operator import eq, ge, gt, le, lt, ne

from ci_reporter.gate.probing.target import Expect
from ci_reporter.health.reply import checks_of, document_of, json_at, search, status_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.health.reply import Search

_LONGEST = 60
_MOST_NAMED = 5
_LARGEST = 1e300
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
# The longer of two that begin alike stands first.
_MEANT = {"=": "==", "=<": "<=", "=>": ">=", "<>": "!=", "≤": "<=", "≥": ">=", "≠": "!="}
_MISTAKEN = re.compile(
    rf"({'|'.join(sorted(_MEANT, key=len, reverse=True))})\s*({_NUMBER.pattern.replace('(', '(?:')})"
)
_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {"<=": le, ">=": ge, "!=": ne, "==": eq, "<": lt, ">": gt}


def problem(expect: Expect, status: int, body: bytes, find: Search = search) -> str | None:
    """The first thing that is wrong, in a few words; None where the answer is good.

    `find` matches regular expressions; what it raises is raised.
    """
    if not any(_fits(status, wanted) for wanted in expect.statuses):
        return f"status {status}, not {' or '.join(expect.statuses)}{_failing(document_of(body))}"
    if expect.json or expect.healthy:
        found = _in_document(expect, status, document_of(body))
        if found:
            return found
    if expect.body is not None and find(expect.body, body.decode("utf-8", "replace")) is None:
        return f"the body does not match /{expect.body[:_LONGEST]}/"
    return None


def number_at(body: bytes, path: str) -> tuple[float | None, str | None]:
    """The number at a path in the JSON of an answer, or why there is none."""
    found = json_at(document_of(body), path)
    if isinstance(found, int | float) and not isinstance(found, bool) and -_LARGEST < found < _LARGEST:
        return float(found), None
    there = "is missing" if found is None else f"is {_as_text(found)[:_LONGEST]!r}, not a number"
    return None, f"json {path} {there}"


def _fits(status: int, wanted: str) -> bool:
    return str(status) == wanted or (wanted.endswith("xx") and wanted[0] == str(status)[0])


def _in_document(expect: Expect, status: int, document: object) -> str | None:
    for path, wanted in expect.json.items():
        value = json_at(document, path)
        if not _is_wanted(value, wanted):
            there = "is missing" if value is None else f"is {_as_text(value)[:_LONGEST]!r}"
            return f"json {path} {there}, not {wanted[:_LONGEST]!r}"
    if expect.healthy and status < 400 and status_of(document, status) == "fail":
        return f"it says of itself that it is not healthy{_failing(document)}"
    return None


def comparison(wanted: str) -> tuple[str, float] | None:
    """`< 10` as its operator and its number; None for a text that is meant as it is. Raises ValueError for `< ten`."""
    wanted = wanted.strip()
    if mistaken := _MISTAKEN.fullmatch(wanted):
        operator, number = mistaken.groups()
        raise ValueError(f"is not a comparison by {operator!r} (write {_MEANT[operator]} {number})")
    operator, rest = next(((each, wanted[len(each) :]) for each in _OPERATORS if wanted.startswith(each)), ("", ""))
    if not operator:
        return None
    if not _NUMBER.fullmatch(rest.strip()):
        raise ValueError(f"compares with {rest.strip()[:_LONGEST]!r}, which is not a number (write {operator} 10)")
    return operator, float(rest)


def _is_wanted(value: object, wanted: str) -> bool:
    """Whether a value is the text that is written, or compares as it says; what is not a number never does."""
    compared = comparison(wanted)
    if compared is None:
        return _as_text(value) == wanted
    operator, number = compared
    return isinstance(value, int | float) and not isinstance(value, bool) and _OPERATORS[operator](value, number)


def _failing(document: object) -> str:
    """The checks that fail, by name, so that nobody has to look for them."""
    names = [check.name[:_LONGEST] for check in checks_of(document) if check.status == "fail"][:_MOST_NAMED]
    return f" (failing: {', '.join(names)})" if names else ""


def _as_text(value: object) -> str:
    """A value as a rules file writes it."""
    try:
        return value if isinstance(value, str) else json.dumps(value)
    except RecursionError:  # of a nest that was shallow enough to be read
        return "nested too deeply"
