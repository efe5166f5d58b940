"""Add up what a format's reader finds: totals alone in constant memory, each line when detail is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ci_reporter.coverage.report import Blocks, Branch, Branches, FileCoverage, Lines, Totals

_NO_BRANCHES: Branches = {}
_NO_BLOCKS: Blocks = {}


class RepeatedFile(Exception):
    """A source file came again after others: its lines can be united only when they are all kept."""


@dataclass
class _Open:
    """The file that records are coming for."""

    name: str
    lines: dict[int, int]
    branches: dict[int, Branch]


class Tally:
    """What one report's records add up to. Records of one file in a row are united by line, hits added.

    Without `detail` only the file at hand is kept, and RepeatedFile is raised for one that comes back.
    """

    def __init__(self, *, detail: bool) -> None:
        self.detail = detail
        self._files: dict[str, FileCoverage] = {}
        self._seen: set[int] = set()
        self._open: _Open | None = None
        self._covered = self._total = self._branches_covered = self._branches_total = 0
        self._any = self._any_branches = False

    def lines(self, name: str, lines: dict[int, int], branches: dict[int, Branch]) -> None:
        """Add the lines of a file, each once: line → hits; and its branches where it has some. Both are taken over."""
        at = self._open
        if at is None or at.name != name:
            self._close()
            self._open = _Open(name, lines, branches)
            return
        add_hits(at.lines, lines)
        unite_branches(at.branches, branches)

    def counts(self, found: FileCoverage) -> None:
        """Add a file whose counts are not those of its lines: summaries, statements, sequence points."""
        self._close()
        self._record(found if self.detail else replace(found, lines=None, branches=_NO_BRANCHES, blocks=_NO_BLOCKS))

    def totals(self) -> Totals:
        """The sum over all files; unknown where there was no record at all."""
        self._close()
        branches = (self._branches_covered, self._branches_total) if self._any_branches else (None, None)
        return Totals(
            covered=self._covered if self._any else None,
            total=self._total if self._any else None,
            branches_covered=branches[0],
            branches_total=branches[1],
        )

    def files(self) -> tuple[FileCoverage, ...]:
        """Each file once, in the order they came; empty without detail."""
        return tuple(self._files.values())

    def _close(self) -> None:
        if self._open is not None:
            at, self._open = self._open, None
            self._record(of_lines(at.name, at.lines, at.branches, detail=self.detail))

    def _record(self, found: FileCoverage) -> None:
        if self.detail:
            before = self._files.get(found.path)
            if before is not None:
                self._sum(before, -1)
                found = unite(before, found)
            self._files[found.path] = found
        elif (key := hash(found.path)) in self._seen:
            raise RepeatedFile
        else:
            self._seen.add(key)
        self._sum(found, 1)

    def _sum(self, found: FileCoverage, sign: int) -> None:
        self._any = self._any or found.total > 0
        self._covered += sign * found.covered
        self._total += sign * found.total
        if found.branches_total is not None:
            self._any_branches = True
            self._branches_covered += sign * (found.branches_covered or 0)
            self._branches_total += sign * found.branches_total


def of_lines(name: str, lines: dict[int, int], branches: Branches, *, detail: bool = True) -> FileCoverage:
    """A file whose counts are those of its lines."""
    return FileCoverage(
        path=name,
        covered=len(lines) - list(lines.values()).count(0),
        total=len(lines),
        branches_covered=sum(each.covered for each in branches.values()) if branches else None,
        branches_total=sum(each.total for each in branches.values()) if branches else None,
        lines=Lines.of(lines) if detail else None,
        branches=branches if detail else _NO_BRANCHES,
    )


def of_blocks(name: str, blocks: Blocks, branches: Branches = _NO_BRANCHES) -> FileCoverage:
    """A file whose counts are those of its blocks."""
    return replace(
        of_lines(name, {}, branches),
        covered=sum(weight for weight, hits in blocks.values() if hits),
        total=sum(weight for weight, _ in blocks.values()),
        blocks=blocks,
    )


def unite(one: FileCoverage, other: FileCoverage) -> FileCoverage:
    """Two results for one file: by block, by line with hits added, or, where only counts are known, the better one."""
    lines = dict(one.lines.items()) if one.lines else {}
    branches = dict(one.branches)
    add_hits(lines, dict(other.lines.items()) if other.lines else {})
    unite_branches(branches, other.branches)
    if one.blocks or other.blocks:
        found = of_blocks(one.path, _unite_blocks(one.blocks, other.blocks), branches)
        return replace(found, lines=Lines.of(lines))
    if one.lines is not None and other.lines is not None:
        return of_lines(one.path, lines, branches)
    better = max(one, other, key=lambda each: (each.covered, each.total))
    by_branches = max(one, other, key=lambda each: (each.branches_total or 0, each.branches_covered or 0))
    return replace(
        better,
        total=max(one.total, other.total),
        branches_covered=by_branches.branches_covered,
        branches_total=by_branches.branches_total,
    )


def add_hits(lines: dict[int, int], more: Mapping[int, int]) -> None:
    """Unite line → hits in place."""
    for number, hits in more.items():
        lines[number] = lines.get(number, 0) + hits


def unite_branches(branches: dict[int, Branch], more: Branches) -> None:
    """Unite line → branches in place."""
    for number, found in more.items():
        before = branches.get(number)
        branches[number] = found if before is None else found.unite(before)


def _unite_blocks(one: Blocks, other: Blocks) -> Blocks:
    blocks = dict(one)
    for key, (weight, hits) in other.items():
        before = blocks.get(key, (weight, 0))
        blocks[key] = (max(weight, before[0]), hits + before[1])
    return blocks
