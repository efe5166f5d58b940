"""Coverage of the lines that a change touches: a pure function of the change and of the reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ci_reporter.coverage.paths import best_match, path_from
from ci_reporter.coverage.report import CoverageReport, FileCoverage, Lines

_MOST_ROWS = 200
_MOST_RANGES = 20


@dataclass(frozen=True, kw_only=True)
class ChangedFile:
    """One changed file that a report knows: its changed lines that could run, and the ranges that did not."""

    path: str
    covered: int
    total: int
    uncovered: tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class ChangeCoverage:
    """Coverage of a change. `unknown` are changed files of a covered kind that no report has."""

    files: tuple[ChangedFile, ...]
    unknown: tuple[str, ...]

    @property
    def covered(self) -> int:
        """Changed lines that ran."""
        return sum(each.covered for each in self.files)

    @property
    def total(self) -> int:
        """Changed lines that could run."""
        return sum(each.total for each in self.files)

    @property
    def pct(self) -> float | None:
        """The share that ran, 0-100; unknown when the change has nothing to run."""
        return 100 * self.covered / self.total if self.total else None


def change_coverage(changed: Mapping[str, Iterable[int]], report: CoverageReport, root: str) -> ChangeCoverage:
    """Look up the changed lines of each file; a report's paths may be relative, absolute or a module's."""
    known = pairs(changed, report, root)
    kinds = {_kind(found.path.replace("\\", "/")) for found in report.files if found.lines is not None}
    files = [_changed_file(name, changed[name], found.lines) for name, found in known.items()]
    return ChangeCoverage(
        files=tuple(sorted((each for each in files if each.total), key=lambda each: each.path)),
        unknown=tuple(sorted(name for name in changed if name not in known and _kind(name) in kinds)),
    )


def pairs(changed: Mapping[str, object], report: CoverageReport, root: str) -> dict[str, FileCoverage]:
    """The changed files that the report has the lines of, each with what the report says of it."""
    known = {path_from(found.path, report.roots, root): found for found in report.files if found.lines is not None}
    return {name: known[path] for name, path in _paths(known, changed).items()}


def _paths(known: Mapping[str, object], changed: Mapping[str, object]) -> dict[str, str]:
    """Changed file → the report's path for it: the same, else by their ends."""
    by_name: dict[str, list[str]] = {}
    for name in known:
        by_name.setdefault(name.rpartition("/")[2], []).append(name)
    found = {name: name for name in changed if name in known}
    taken = set(found.values())
    for name in changed:
        if name not in found:
            candidates = [each for each in by_name.get(name.rpartition("/")[2], ()) if each not in taken]
            match = best_match(name, candidates)
            if match is not None:
                found[name] = match
    return found


def _changed_file(name: str, numbers: Iterable[int], lines: Lines | None) -> ChangedFile:
    hits = dict(lines.items()) if lines else {}
    touched = sorted(number for number in set(numbers) if number in hits)
    missed = [number for number in touched if not hits[number]]
    return ChangedFile(
        path=name,
        covered=len(touched) - len(missed),
        total=len(touched),
        uncovered=tuple(ranges(missed, touched)),
    )


def ranges(missed: Sequence[int], touched: Sequence[int]) -> Iterable[tuple[int, int]]:
    """First and last line of each run of missed lines; lines that cannot run do not end one, a covered line does."""
    missing = set(missed)
    first = last = 0
    for number in touched:
        if number in missing:
            first, last = first or number, number
        elif first:
            yield first, last
            first = last = 0
    if first:
        yield first, last


def markdown(found: ChangeCoverage, base: str, doubts: Sequence[str] = ()) -> str:
    """A table for a step's summary or a comment; every cell is escaped. `doubts` are sentences about the report."""
    said = ("".join(map(_plain, each[:300])) for each in doubts)
    return _table(found, base) + "".join(f"\n**The report may be older than the change:** {each}\n" for each in said)


def _table(found: ChangeCoverage, base: str) -> str:
    if not found.total:
        nothing = f"**Coverage of changed lines:** nothing that could run has changed since {_cell(base)}."
        return f"{nothing}\n{_unknown_note(found)}"
    rows = map(_row, found.files[:_MOST_ROWS])
    more = [f"\n… and {len(found.files) - _MOST_ROWS} more files."] if len(found.files) > _MOST_ROWS else []
    counts = f"{found.covered} of {found.total} lines since {_cell(base)}"
    head = (
        f"**Coverage of changed lines: {found.pct:.1f} %** ({counts})",
        "",
        "| File | Lines | Coverage | Not covered |",
        "|---|---:|---:|---|",
    )
    return "\n".join([*head, *rows, *more]) + "\n" + _unknown_note(found)


def spans(found: ChangedFile) -> str:
    """Its uncovered ranges for a person: `4-6, 9`."""
    shown = [f"{first}-{last}" if last > first else str(first) for first, last in found.uncovered[:_MOST_RANGES]]
    return ", ".join([*shown, "…"] if len(found.uncovered) > _MOST_RANGES else shown)


def _row(found: ChangedFile) -> str:
    share = 100 * found.covered / found.total
    return f"| {_cell(found.path)} | {found.covered} of {found.total} | {share:.1f} % | {spans(found) or '–'} |"


def _unknown_note(found: ChangeCoverage) -> str:
    if not found.unknown:
        return ""
    names = ", ".join(_cell(name) for name in found.unknown[:_MOST_RANGES])
    return f"\nChanged, but in no report: {names}{', …' if len(found.unknown) > _MOST_RANGES else ''}\n"


def _cell(text: str) -> str:
    """Text that stays text in a table's cell: whatever Markdown or HTML could read in it is an entity."""
    return "<code>" + "".join(map(_plain, text[:300])) + "</code>"


def _plain(char: str) -> str:
    if char.isalnum() or char in "/.- ":
        return char
    return f"&#{ord(char)};" if char.isprintable() else "\ufffd"


def _kind(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[2].lower()
