"""What is wrong with an answer, if anything: its status, its JSON, its text, its own word on its health."""

from __future__ import annotations

import json
import re

from ci_reporter.gate.probing.target import Expect
from ci_reporter.health.reply import document_of, json_at, status_of

_LONGEST = 60


def problem(expect: Expect, status: int, body: bytes) -> str | None:
    """The first thing that is wrong, in a few words; None where the answer is good."""
    if not any(_fits(status, wanted) for wanted in expect.statuses):
        return f"status {status}, not {' or '.join(expect.statuses)}"
    if expect.json or expect.healthy:
        found = _in_document(expect, status, document_of(body))
        if found:
            return found
    if expect.body is not None and not re.search(expect.body, body.decode("utf-8", "replace")):
        return f"the body does not match /{expect.body[:_LONGEST]}/"
    return None


def _fits(status: int, wanted: str) -> bool:
    return str(status) == wanted or (wanted.endswith("xx") and wanted[0] == str(status)[0])


def _in_document(expect: Expect, status: int, document: object) -> str | None:
    for path, wanted in expect.json.items():
        value = json_at(document, path)
        if _as_text(value) != wanted:
            there = "is missing" if value is None else f"is {_as_text(value)[:_LONGEST]!r}"
            return f"json {path} {there}, not {wanted[:_LONGEST]!r}"
    if expect.healthy and status < 400 and status_of(document, status) == "fail":
        return "it says of itself that it is not healthy"
    return None


def _as_text(value: object) -> str:
    """A value as a rules file writes it."""
    try:
        return value if isinstance(value, str) else json.dumps(value)
    except RecursionError:  # of a nest that was shallow enough to be read
        return "nested too deeply"
