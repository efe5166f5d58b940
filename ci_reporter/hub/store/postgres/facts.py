"""What the JSON API looks for in a report, read from it once, when it is written."""

from __future__ import annotations

import json
from typing import NamedTuple


class Facts(NamedTuple):
    """The columns beside a report's body that are made from it."""

    environment: str | None = None
    branch: str | None = None
    has_gate: bool = False
    has_coverage: bool = False
    has_tests: bool = False


def facts(body: str) -> Facts:
    """The facts of a report's JSON; PostgreSQL's own functions refuse a text with an escaped NUL in it."""
    flat = json.loads(body)
    if not isinstance(flat, dict):
        return Facts()
    percent = flat.get("coverage_pct")
    return Facts(
        _text(flat.get("environment")),
        _text(flat.get("branch")),
        isinstance(flat.get("gate"), dict),
        (isinstance(percent, int | float) and not isinstance(percent, bool)) or isinstance(flat.get("coverage"), dict),
        isinstance(flat.get("tests"), dict),
    )


def _text(value: object) -> str | None:
    """Text as PostgreSQL can hold it: without NUL and lone surrogates, which no branch and no environment has."""
    if not isinstance(value, str):
        return None
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode() if not value.isprintable() else value
