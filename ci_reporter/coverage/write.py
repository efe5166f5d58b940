"""Write a combined report as Cobertura, LCOV or JSON; what is written reads back as the same lines and branches.

The JSON is Istanbul's `coverage-final.json`, which has hits and branches and one schema for all versions: gcovr reads
its own version's alone, coverage.py's has no hits.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from xml.sax.saxutils import quoteattr

from ci_reporter.coverage.report import Branch, CoverageReport, FileCoverage, Totals
from ci_reporter.errors import UsageError

# XML 1.0 has no way to write these, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}


def pieces(report: CoverageReport, style: str) -> Iterator[str]:
    """The report in that style, piece by piece. Raises UsageError for an unknown style, or where lines are missing."""
    if style not in STYLES:
        raise UsageError(f"no style named {style!r} to write (known: {', '.join(STYLES)})")
    for found in report.files:
        if found.lines is None and found.total:
            raise UsageError(f"{found.path}: only counts are known of it, no lines, so there is nothing to write")
    return STYLES[style](report)


def line_totals(report: CoverageReport) -> Totals:
    """What the written file adds up to. All styles count lines, whatever the unit of what was read."""
    if report.unit == "line" and report.totals.sane:
        return report.totals
    return Totals(
        covered=sum(map(_covered_lines, report.files)),
        total=sum(map(_total, report.files)),
        branches_covered=report.totals.branches_covered,
        branches_total=report.totals.branches_total,
    )


def _lcov(report: CoverageReport) -> Iterator[str]:
    for found in report.files:
        yield f"TN:\nSF:{_one_line(found.path)}\n"
        for number, branch in sorted(found.branches.items()):
            yield "".join(f"BRDA:{number},0,{at},{side}\n" for at, side in enumerate(_sides(branch)))
        if found.branches:
            yield f"BRF:{found.branches_total}\nBRH:{found.branches_covered}\n"
        for number, hits in _lines(found):
            yield f"DA:{number},{hits}\n"
        yield f"LF:{_total(found)}\nLH:{_covered_lines(found)}\nend_of_record\n"


def _cobertura(report: CoverageReport) -> Iterator[str]:
    totals = line_totals(report)
    covered, total = totals.covered, totals.total
    branches = (totals.branches_covered or 0, totals.branches_total or 0)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield "<!DOCTYPE coverage SYSTEM 'http://cobertura.sourceforge.net/xml/coverage-04.dtd'>\n"
    yield (
        f'<coverage line-rate="{_rate(covered, total)}" branch-rate="{_rate(*branches)}" lines-covered="{covered}"'
        f' lines-valid="{total}" branches-covered="{branches[0]}" branches-valid="{branches[1]}" complexity="0"'
        ' version="ci-reporter" timestamp="0">\n<sources><source>.</source></sources>\n<packages>\n'
    )
    for folder, files in groupby(
        sorted(report.files, key=_folder_and_name), key=lambda found: _folder_and_name(found)[0]
    ):
        name = _attribute(folder.replace("/", "."))
        yield f'<package name={name} line-rate="0" branch-rate="0" complexity="0"><classes>\n'
        for found in files:
            yield from _class(found)
        yield "</classes></package>\n"
    yield "</packages>\n</coverage>\n"


def _class(found: FileCoverage) -> Iterator[str]:
    rates = (_rate(_covered_lines(found), _total(found)), _rate(found.branches_covered or 0, found.branches_total or 0))
    yield (
        f"<class name={_attribute(_folder_and_name(found)[1])} filename={_attribute(found.path)}"
        f' line-rate="{rates[0]}" branch-rate="{rates[1]}" complexity="0"><methods/><lines>\n'
    )
    for number, hits in _lines(found):
        branch = found.branches.get(number)
        conditions = ""
        if branch and branch.total:
            share = 100 * branch.covered // branch.total
            conditions = f' branch="true" condition-coverage="{share}% ({branch.covered}/{branch.total})"'
        yield f'<line number="{number}" hits="{hits}"{conditions}/>\n'
    yield "</lines></class>\n"


def _json(report: CoverageReport) -> Iterator[str]:
    yield "{"
    for at, found in enumerate(report.files):
        yield (",\n" if at else "\n") + f"{json.dumps(found.path)}: {json.dumps(_istanbul(found))}"
    yield "\n}\n"


def _istanbul(found: FileCoverage) -> Mapping[str, object]:
    """A statement a line, as `istanbul-lib-coverage` has it; of columns nothing is known."""
    lines = list(_lines(found))
    branches = sorted((number, list(_sides(branch))) for number, branch in found.branches.items())
    return {
        "path": found.path,
        "statementMap": {str(at): _place_of(number) for at, (number, _) in enumerate(lines)},
        "s": {str(at): hits for at, (_, hits) in enumerate(lines)},
        "fnMap": {},
        "f": {},
        "branchMap": {
            str(at): {
                "type": "branch",
                "line": number,
                "loc": _place_of(number),
                "locations": [_place_of(number)] * len(sides),
            }
            for at, (number, sides) in enumerate(branches)
        },
        "b": {str(at): sides for at, (_, sides) in enumerate(branches)},
    }


def _place_of(number: int) -> Mapping[str, object]:
    return {"start": {"line": number, "column": 0}, "end": {"line": number, "column": 0}}


def _sides(branch: Branch) -> Iterator[int]:
    """Each branch as taken or not; where it is not known which were, the first ones."""
    if branch.taken is None:
        yield from (int(at < branch.covered) for at in range(branch.total))
    else:
        yield from (int(bit) for bit in f"{branch.taken:0{branch.total}b}")


def _lines(found: FileCoverage) -> Iterator[tuple[int, int]]:
    """Lines and hits; a line that is known for its branches alone would be lost, so it ran if one of them did."""
    lines = dict(found.lines.items()) if found.lines else {}
    lines |= {number: int(branch.covered > 0) for number, branch in found.branches.items() if number not in lines}
    yield from sorted(lines.items())


def _covered_lines(found: FileCoverage) -> int:
    return found.lines.covered if found.lines else 0


def _total(found: FileCoverage) -> int:
    return len(found.lines) if found.lines else 0


def _folder_and_name(found: FileCoverage) -> tuple[str, str]:
    return posixpath.split(found.path)


def _rate(covered: int | None, total: int | None) -> str:
    return f"{(covered or 0) / total:.6f}" if total else "0"


def _attribute(text: str) -> str:
    return quoteattr(_NOT_XML.sub("\ufffd", text), _ESCAPES)


def _one_line(text: str) -> str:
    return "".join("\ufffd" if char in "\r\n" else char for char in text)


STYLES: Mapping[str, Callable[[CoverageReport], Iterator[str]]] = {
    "cobertura": _cobertura,
    "lcov": _lcov,
    "json": _json,
}
