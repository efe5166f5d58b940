"""What a hub tells, as tables for a terminal: one row an item, one list of columns a kind of item."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ci_reporter.surfaces.terminal import duration, plain, width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Item = Mapping[str, Any]
    Column = tuple[str, Callable[[Item], str]]

_UNKNOWN = "-"
_MARKS = {"success": "+", "failure": "x", "error": "!", "timeout": "t", "cancellation": "c", "skip": ".", ">": ">"}
_COLOURS = {"success": "32", "failure": "31", "error": "31", "timeout": "31", "cancellation": "33", "skip": "2"}
_COLOURS |= {"running": "34", "queued": "36", "waiting": "36"}
_COLOURED = ("RESULT", "OUTCOME", "HEAD")


def table(kind: str, items: Sequence[Item], *, colour: bool = False) -> str:
    """A table of items of a kind, a key of `COLUMNS`."""
    columns = COLUMNS[kind]
    rows = [[show(item) for _, show in columns] for item in items]
    heads = [head for head, _ in columns]
    widths = [max(width(row[at]) for row in (heads, *rows)) for at in range(len(columns))]
    lines = [_row(heads, widths)]
    for row in rows:
        cells = [cell + " " * (columns_wide - width(cell)) for cell, columns_wide in zip(row, widths, strict=True)]
        painted = [_paint(cell, head) for cell, head in zip(cells, heads, strict=True)] if colour else cells
        lines.append("  ".join(painted).rstrip())
    return "\n".join(lines)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(columns) for cell, columns in zip(cells, widths, strict=True)).rstrip()


def _paint(cell: str, head: str) -> str:
    code = _COLOURS.get(cell.strip()) if head in _COLOURED else None
    return f"\x1b[{code}m{cell}\x1b[0m" if code else cell


def paint(row: str) -> str:
    """A row whose first cell is a result, in its colour."""
    word = row.partition(" ")[0]
    return f"\x1b[{_COLOURS[word]}m{word}\x1b[0m{row[len(word) :]}" if word in _COLOURS else row


def _text(key: str, most: int = 40) -> Callable[[Item], str]:
    def show(item: Item) -> str:
        value = item.get(key)
        return _UNKNOWN if value is None or value == "" else plain(str(value), most)

    return show


def _result(item: Item) -> str:
    """The result of a run; where it stands while it has none."""
    return _text("result")(item) if item.get("result") else _text("status")(item)


def _time(key: str) -> Callable[[Item], str]:
    """`2026-01-31 12:00:05`, UTC. Of a step whose end is not known, when it was received."""
    return lambda item: _text(key, 19)(
        {key: str(item.get(key) or item.get("received_at") or "")[:19].replace("T", " ")}
    )


def _ms(key: str) -> Callable[[Item], str]:
    def show(item: Item) -> str:
        value = item.get(key)
        return duration(round(value)) if isinstance(value, int | float) else _UNKNOWN

    return show


def _signed_ms(item: Item) -> str:
    value = item.get("duration_change_ms")
    if not isinstance(value, int | float):
        return _UNKNOWN
    return ("-" if value < 0 else "+") + duration(abs(round(value)))


def _number(key: str, form: str, factor: float = 1) -> Callable[[Item], str]:
    def show(item: Item) -> str:
        value = item.get(key)
        return form.format(value * factor) if isinstance(value, int | float) else _UNKNOWN

    return show


def _figure(item: Item) -> str:
    """One of DORA's: a duration, a ratio, or so many a day."""
    value = item.get("value")
    match item.get("unit"):
        case "s":
            return duration(round(value * 1000)) if isinstance(value, int | float) else _UNKNOWN
        case "ratio":
            return _number("value", "{:.1f} %", 100)(item)
        case _:
            return _number("value", "{:.3g} a day")(item)


def _revision(item: Item) -> str:
    return _text("revision", 40)(item)[:10]


def _of(key: str, show: Callable[[Item], str]) -> Callable[[Item], str]:
    """What an object within the item says."""

    def inner(item: Item) -> str:
        found = item.get(key)
        return show(found) if isinstance(found, Mapping) else _UNKNOWN

    return inner


def _newest(key: str, show: Callable[[Item], str]) -> Callable[[Item], str]:
    """What the first of a list of objects says."""
    return lambda item: show(found[0]) if (found := objects(item, key)) else _UNKNOWN


def _marks(key: str) -> Callable[[Item], str]:
    """The results of a list, oldest first: `++x+`."""
    return lambda item: "".join(
        _MARKS.get(str(each.get("result") or ">"), "?") for each in reversed(objects(item, key))
    )


def objects(item: Item, key: str) -> list[Item]:
    """The objects of a list within an item."""
    found = item.get(key)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _names(key: str) -> Callable[[Item], str]:
    def show(item: Item) -> str:
        found = item.get(key)
        return plain(", ".join(map(str, found)), 60) if isinstance(found, list) and found else _UNKNOWN

    return show


def _all_or_names(key: str) -> Callable[[Item], str]:
    """Names, or all of them where none is listed."""
    return lambda item: "all" if item.get(key, "") is None else _names(key)(item)


def _time_or(word: str, key: str) -> Callable[[Item], str]:
    return lambda item: word if item.get(key, "") is None else _time(key)(item)


_FINISHED: Column = ("FINISHED (UTC)", _time("finished_at"))
_WHERE: tuple[Column, ...] = (("REPOSITORY", _text("repository")), ("PIPELINE", _text("pipeline")))
_BRANCH: Column = ("BRANCH", _text("branch"))
_ENDED: tuple[Column, ...] = (("RESULT", _text("result")), ("DURATION", _ms("duration_ms")))
_COVERED: Column = ("COVERAGE", _number("coverage_pct", "{:.1f} %"))

COLUMNS: Mapping[str, Sequence[Column]] = {
    "runs": (_FINISHED, *_WHERE, _BRANCH, ("RUN", _text("ci_run_id")), ("RESULT", _result), *_ENDED[1:], _COVERED),
    "steps": (
        *(_FINISHED, _WHERE[0], ("JOB", _text("job_name")), ("STEP", _text("step")), _BRANCH, *_ENDED, _COVERED),
        ("REPORT", _text("report_id")),
    ),
    "silences": (
        *(("ID", _text("silence_id")), ("STATE", _text("state")), ("ENDS", _text("ends_at"))),
        *(("MATCHERS", _text("matchers")), ("AUTHOR", _text("author")), ("COMMENT", _text("comment"))),
    ),
    "series": (
        *(*_WHERE, ("JOB", _text("ci_job")), ("STEP", _text("step")), _BRANCH),
        ("RESULT", _newest("last", _text("result"))),
        ("DURATION", _newest("last", _ms("duration_ms"))),
        ("LAST 10", _marks("last")),
    ),
    "pipelines": (
        *(*_WHERE, _BRANCH),
        ("RESULT", _newest("last_runs", _text("result"))),
        ("DURATION", _newest("last_runs", _ms("duration_ms"))),
        ("SUCCESS", _number("success_ratio", "{:.0f} %", 100)),
        ("LAST 10", _marks("last_runs")),
    ),
    "watch": (
        *(_ENDED[0], *_WHERE, _BRANCH, _ENDED[1]),
        ("STARTED (UTC)", _time("started_at")),
        ("TITLE", _text("title")),
    ),
    "gates": (
        *(_FINISHED, _WHERE[0], ("ENVIRONMENT", _text("environment")), ("STEP", _text("step")), _BRANCH),
        ("VERDICT", _of("gate", _text("verdict"))),
        ("REVISION", _revision),
    ),
    "deployments": (
        *(_FINISHED, _WHERE[0], ("ENVIRONMENT", _text("environment")), ("REVISION", _revision)),
        *(("OUTCOME", _text("outcome")), ("VERDICT", _text("verdict")), ("DURATION", _ms("duration_ms"))),
    ),
    "coverage": (_FINISHED, _WHERE[0], ("STEP", _text("step")), _BRANCH, ("REVISION", _revision), _COVERED),
    "tests": (
        *(("TEST", _text("name", 70)), _WHERE[0], ("FAILED", _text("failed")), ("FLAKY", _text("flaky"))),
        *(("SLOWEST", _ms("slowest_ms")), ("LAST SEEN (UTC)", _time("last_seen_at"))),
    ),
    "history": (
        *(_FINISHED, _BRANCH, ("RUN", _text("ci_run_id")), ("OUTCOMES", _names("outcomes"))),
        *(("DURATION", _ms("duration_ms")), ("MESSAGE", _text("message", 60))),
    ),
    "trends": (
        *(("FROM (UTC)", _time("at")), ("STEPS", _text("count"))),
        ("SUCCESS", _number("success_ratio", "{:.1f} %", 100)),
        *(("P50", _ms("duration_p50_ms")), ("P95", _ms("duration_p95_ms"))),
    ),
    "compare": (
        *(("JOB", _text("ci_job")), ("STEP", _text("step"))),
        *(("BASE", _of("base", _text("result"))), ("HEAD", _of("head", _text("result")))),
        *(("DURATION", _signed_ms), ("COVERAGE", _number("coverage_change_points", "{:+.1f}"))),
        *(("NEWLY FAILED", _names("newly_failed_tests")), ("FIXED", _names("fixed_tests"))),
    ),
    "tokens": (
        *(("NAME", _text("name", 60)), ("ID", _text("id")), ("SCOPES", _names("scopes"))),
        ("REPOSITORIES", _all_or_names("repositories")),
        *(("EXPIRES (UTC)", _time_or("never", "expires_at")), ("LAST USED (UTC)", _time_or("never", "last_used_at"))),
        ("STATE", _text("state")),
    ),
    "users": (
        *(("NAME", _text("name", 100)), ("ROLE", _text("role")), ("REPOSITORIES", _all_or_names("repositories"))),
        ("ADDED (UTC)", _time("created_at")),
    ),
    "dora": (
        *(("FIGURE", _text("figure")), ("VALUE", _figure)),
        *(("RESTS ON", _text("rests_on")), ("WHY", _text("why", 80))),
    ),
}
