"""What a coverage file says: what it declares, what its own records add up to, and whether the two differ."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ci_reporter.model import Coverage

MOST_HITS = 2**63 - 1
HIGHEST_LINE = 2**32 - 1
# Rates are written with as few as two decimals.
_RATE_TOLERANCE = 0.6


class Branch(NamedTuple):
    """The branches of one line: how many were taken, of how many, and, where it is known, which: bit by bit."""

    covered: int
    total: int
    taken: int | None = None

    def unite(self, other: Branch) -> Branch:
        """What two runs took together; where it is not known which each took, the better one stands."""
        if self.taken is None or other.taken is None or self.total != other.total:
            return max(self, other, key=lambda each: (each.covered, each.total))
        both = self.taken | other.taken
        return Branch(both.bit_count(), self.total, both)


def branches_of(taken: Iterable[tuple[int, object]]) -> dict[int, Branch]:
    """Line → its branches, from (line, times taken) of each in an order that is the same for every run."""
    sides: dict[int, list[str]] = {}
    for line, hits in taken:
        sides.setdefault(line, []).append("1" if hits else "0")
    return {line: Branch(bits.count("1"), len(bits), int("".join(bits), 2)) for line, bits in sides.items()}


Branches = Mapping[int, Branch]
Blocks = Mapping[str, tuple[int, int]]


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Covered of so many; what is unknown is None. `pct` is a percentage that came without counts."""

    covered: int | None = None
    total: int | None = None
    branches_covered: int | None = None
    branches_total: int | None = None
    pct: float | None = None

    @property
    def sane(self) -> bool:
        """Whether the counts can be: something to cover, and no more covered than there is."""
        return self.covered is not None and self.total is not None and 0 <= self.covered <= self.total > 0

    @property
    def percentage(self) -> float | None:
        """Covered share, 0-100; unknown when there is nothing to cover."""
        if self.sane and self.covered is not None and self.total:
            return 100 * self.covered / self.total
        return self.pct


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of one file that could run, ascending, and how often each did: 12 bytes a line."""

    numbers: array[int]
    hits: array[int]

    @classmethod
    def of(cls, hits: Mapping[int, int]) -> Lines:
        """Make it from line → hits."""
        numbers = sorted(hits)
        counts = list(map(hits.__getitem__, numbers))
        if counts and max(counts) > MOST_HITS:
            counts = [min(count, MOST_HITS) for count in counts]
        return cls(array("I", numbers), array("Q", counts))

    def items(self) -> Iterable[tuple[int, int]]:
        """Line and hits, ascending."""
        return zip(self.numbers, self.hits, strict=True)

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def covered(self) -> int:
        """How many of them ran."""
        return len(self.hits) - self.hits.count(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class FileCoverage:
    """One source file. `blocks` are pieces smaller or larger than a line: key → how many they count for, and hits.

    `branches` is of the lines that branch.
    """

    path: str
    covered: int
    total: int
    branches_covered: int | None = None
    branches_total: int | None = None
    lines: Lines | None = None
    branches: Branches = field(default_factory=dict)
    blocks: Blocks = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CoverageReport:
    """One coverage file, or several combined. `files` is filled when detail was asked for.

    `roots` are the folders that the file says its paths are below.
    """

    path: str
    format: str
    unit: str
    declared: Totals
    computed: Totals
    files: tuple[FileCoverage, ...] = ()
    roots: tuple[str, ...] = ()
    differed: bool = False

    @property
    def totals(self) -> Totals:
        """What counts: declared totals where they exist and are sane, else the records' sum."""
        counts = self.declared if self.declared.sane else self.computed
        branches = next((each for each in (self.declared, self.computed) if each.branches_total), Totals())
        return Totals(
            covered=counts.covered,
            total=counts.total,
            branches_covered=branches.branches_covered,
            branches_total=branches.branches_total,
            pct=counts.pct if counts.sane else self.declared.pct,
        )

    @property
    def pct(self) -> float | None:
        """The percentage to report; unknown when there was nothing to cover."""
        return self.totals.percentage

    @property
    def mismatch(self) -> bool:
        """Whether what the file declares differs from the sum of its records; False where it declares nothing."""
        return self.differed or self._counts_differ() or self._rate_differs()

    @property
    def sentence(self) -> str | None:
        """What a person is told about a mismatch, once."""
        if not self.mismatch:
            return None
        if self.differed and not self._counts_differ() and not self._rate_differs():
            return f"{self.path}: some declare other totals than their records add up to"
        used = "declared" if self.declared.sane else "computed"
        return (
            f"{self.path} declares {_figures(self.declared)} {self.unit}s covered, its records add up to "
            f"{_figures(self.computed)}; the {used} totals are used"
        )

    def to_model(self) -> Coverage | None:
        """The noun of a Report; None while there is nothing to cover or only a percentage is known."""
        totals = self.totals
        if not totals.sane or totals.covered is None or totals.total is None:
            return None
        return Coverage(
            unit=self.unit,
            covered=totals.covered,
            total=totals.total,
            branches_covered=totals.branches_covered,
            branches_total=totals.branches_total,
            declared_mismatch=self.mismatch,
        )

    def _counts_differ(self) -> bool:
        declared, computed = self.declared, self.computed
        return any(
            said is not None and found is not None and said != found
            for said, found in (
                (declared.covered, computed.covered),
                (declared.total, computed.total),
                (declared.branches_covered, computed.branches_covered),
                (declared.branches_total, computed.branches_total),
            )
        )

    def _rate_differs(self) -> bool:
        said, found = self.declared.pct, self.computed.percentage
        return said is not None and found is not None and abs(said - found) > _RATE_TOLERANCE


def _figures(totals: Totals) -> str:
    if totals.covered is None or totals.total is None:
        return "an unknown number of" if totals.pct is None else f"{totals.pct:.2f} % of"
    branches = f" ({totals.branches_covered} of {totals.branches_total} branches)" if totals.branches_total else ""
    return f"{totals.covered} of {totals.total}{branches}"
