"""The parameters of query strings, and how a query string is read: nothing in it is passed over."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from ci_reporter.hub.api.route import Param
from ci_reporter.hub.problem import Problem
from ci_reporter.hub.runs.run import Status
from ci_reporter.model import Result

MOST_PER_PAGE = 100
_PER_PAGE = 30
_LONGEST_QUERY = 8192
_LONGEST_TEXT = 400
_LONGEST_CURSOR = 4096
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SPACE_FOR_PLUS = re.compile(r" (?=\d\d:\d\d$)")  # `+02:00` that nobody has encoded
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def text(value: str) -> str:
    """A text of some length. Raises ValueError."""
    if not 0 < len(value) <= _LONGEST_TEXT:
        raise ValueError(f"expected 1 to {_LONGEST_TEXT} characters, got {len(value)}")
    return value


def moment(value: str) -> int:
    """Milliseconds since the epoch of an RFC 3339 time. Raises ValueError."""
    found = _SPACE_FOR_PLUS.sub("+", value)
    try:
        if not _MOMENT.fullmatch(found):
            raise ValueError("another form")
        return (datetime.fromisoformat(found.upper()) - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        raise ValueError("expected a time such as 2026-01-31T12:00:00Z") from None


def whole(least: int, most: int) -> Any:
    """How a whole number within limits is read."""

    def parse(value: str) -> int:
        if not (value.isascii() and value.isdecimal() and len(value) < 10 and least <= int(value) <= most):
            raise ValueError(f"expected a whole number from {least} to {most}")
        return int(value)

    return parse


def one_of(*words: str) -> Any:
    """How one of some words is read."""

    def parse(value: str) -> str:
        if value not in words:
            raise ValueError(f"expected one of {', '.join(words)}")
        return value

    return parse


def _text(name: str, help: str, *, required: bool = False) -> Param:  # noqa: A002  the field's word
    schema = {"type": "string", "minLength": 1, "maxLength": _LONGEST_TEXT}
    return Param(name=name, help=help, schema=schema, parse=text, required=required)


def choice(name: str, help: str, words: Sequence[str], default: str | None = None) -> Param:  # noqa: A002
    """A parameter that is one of some words."""
    schema = {"type": "string", "enum": list(words), **({"default": default} if default else {})}
    return Param(name=name, help=help, schema=schema, parse=one_of(*words), default=default)


def _moment(name: str, help: str) -> Param:  # noqa: A002
    return Param(name=name, help=help, schema={"type": "string", "format": "date-time"}, parse=moment)


REPOSITORY = _text("repository", "Only of this repository, such as acme/shop.")
PIPELINE = _text("pipeline", "Only of this pipeline.")
CI_JOB = _text("ci_job", "Only of this job, with its matrix.")
STEP = _text("step", "Only of this step.")
BRANCH = _text("branch", "Only of this branch. A branch that is not a series of its own is looked for in the reports.")
ENVIRONMENT = _text("environment", "Only of deploys to this environment.")
CI_RUN_ID = _text("ci_run_id", "Only of this run.")
RESULT = choice("result", "Only with this result.", [*Result])
STATUS = choice("status", "Only those that stand there now.", [*Status])
SINCE = _moment("since", "Only what ended at this time or later, RFC 3339.")
UNTIL = _moment("until", "Only what ended before this time, RFC 3339.")
PER_PAGE = Param(
    name="per_page",
    help="How many items a page has.",
    schema={"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE, "default": _PER_PAGE},
    parse=whole(1, MOST_PER_PAGE),
    default=_PER_PAGE,
)


def _cursor(value: str) -> str:
    if not 0 < len(value) <= _LONGEST_CURSOR:
        raise ValueError("expected the next_cursor of the page before")
    return value


CURSOR = Param(
    name="cursor",
    help="Where the page begins: `next_cursor` of the page before it, asked for with the same other parameters.",
    schema={"type": "string", "minLength": 1, "maxLength": _LONGEST_CURSOR},
    parse=_cursor,
)
OF_RUN = (REPOSITORY, PIPELINE, BRANCH)
OF_SERIES = (REPOSITORY, PIPELINE, CI_JOB, STEP, BRANCH)
OF_TIME = (SINCE, UNTIL)
OF_BEGIN = (
    _moment("since", "Only what began at this time or later, RFC 3339."),
    _moment("until", "Only what began before this time, RFC 3339."),
)
OF_PAGE = (PER_PAGE, CURSOR)
NAME = _text("name", "The test's name, as reports have it.", required=True)
BASE = _text("base", "The ci_run_id of the run to compare with.", required=True)
HEAD = _text("head", "The ci_run_id of the run that is looked at.", required=True)


def read(query_string: bytes, params: Sequence[Param]) -> dict[str, Any]:
    """The values of the parameters, by their names. Raises Problem: 400 for all that cannot be understood."""
    known = {param.name: param for param in params}
    given = pairs(query_string)
    values: dict[str, Any] = {}
    for name, value in given:
        if name not in known:
            names = ", ".join(known) or "none"
            raise Problem(400, f"no parameter named {name[:40]!a} (known: {names})")
        if name in values:
            raise Problem(400, f"{name}: is given twice", field=name)
        try:
            values[name] = known[name].parse(value)
        except ValueError as exc:
            raise Problem(400, f"{name}: {exc}", field=name) from None
    for param in params:
        if param.required and param.name not in values:
            raise Problem(400, f"{param.name}: is missing", field=param.name)
    return {name: param.default for name, param in known.items()} | values


def pairs(query_string: bytes) -> list[tuple[str, str]]:
    """The names and values of a query string. Raises Problem."""
    if len(query_string) > _LONGEST_QUERY:
        raise Problem(400, f"the query string has more than {_LONGEST_QUERY} bytes")
    try:
        return parse_qsl(query_string.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except UnicodeDecodeError:
        raise Problem(400, "the query string is not UTF-8 text") from None
    except ValueError:
        raise Problem(400, "the query string has more than 50 parameters") from None


def filters(values: Mapping[str, Any]) -> dict[str, Any]:
    """What decides which items there are: a cursor counts only together with these."""
    return {name: value for name, value in values.items() if name not in ("per_page", "cursor") and value is not None}
