"""What a format's reader gets: the opened file, and how to read numbers out of it without being misled."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ci_reporter.coverage.report import HIGHEST_LINE, MOST_HITS
from ci_reporter.errors import ReportFileError
from ci_reporter.system import reportfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

_LARGEST_COUNT = 2**53
_MOST_SPANNED_LINES = 20_000_000


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What a reader gives back: the unit its counts have, and what the file itself declares, raw."""

    unit: str
    covered: object = None
    total: object = None
    branches_covered: object = None
    branches_total: object = None
    pct: float | None = None
    roots: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Source:
    """A report file that is being read."""

    path: str
    file: BinaryIO = field(repr=False)

    def error(self, problem: str, line: int | None = None) -> ReportFileError:
        """The error to raise about this file."""
        return ReportFileError(self.path, problem, line)

    def json(self) -> dict[str, Any]:
        """The file as a JSON object. Raises ReportFileError."""
        content = reportfile.document(self.path, self.file)
        try:
            found = json.loads(content)
        except json.JSONDecodeError as exc:
            raise self.error(f"expected JSON: {exc.msg} at column {exc.colno}", exc.lineno) from exc
        except RecursionError as exc:
            raise self.error("expected a coverage report: this JSON is nested too deeply") from exc
        except ValueError as exc:  # undecodable bytes, a number of thousands of digits
            raise self.error(f"expected JSON: {exc}") from exc
        return self.mapping(found, "the file")

    def mapping(self, value: object, what: str) -> dict[str, Any]:
        """`value` as a JSON object. Raises ReportFileError."""
        if not isinstance(value, dict):
            raise self.error(f"expected {what} to be an object, got {clip(value)}")
        return value

    def listing(self, value: object, what: str) -> list[Any]:
        """`value` as a JSON list; absent is empty. Raises ReportFileError."""
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.error(f"expected {what} to be a list, got {clip(value)}")
        return value

    def text(self, value: object, what: str) -> str:
        """`value` as text. Raises ReportFileError."""
        if not isinstance(value, str):
            raise self.error(f"expected {what} to be text, got {clip(value)}")
        return value

    def count(self, value: object, what: str, line: int | None = None) -> int | None:
        """A whole number of at least 0 as it stands in the file; empty, absent and NaN are unknown (None)."""
        try:
            number = whole(value)
        except ValueError:
            number = -1
        if number is not None and number < 0:
            raise self.error(f"expected {what} to be a whole number, got {clip(value)}", line)
        return number

    def number(self, value: object, line: int | None = None) -> int:
        """A line number. Raises ReportFileError for what no file can have."""
        number = self.count(value, "a line number", line)
        if number is None or number > HIGHEST_LINE:
            raise self.error(f"expected a line number, got {clip(value)}", line)
        return number

    def hits(self, value: object, line: int | None = None) -> int | None:
        """How often something ran; None where the file does not know."""
        number = self.count(value, "a number of hits", line)
        return None if number is None else min(number, MOST_HITS)

    def pct(self, value: object, largest: float, line: int | None = None) -> float | None:
        """A rate as a percentage; `largest` is what stands for 100 %. Raises ReportFileError outside 0-100 %."""
        try:
            rate = float(value) if isinstance(value, str | int | float) else math.nan
        except (ValueError, OverflowError):
            rate = math.nan  # "Unknown", "n/a"
        if math.isnan(rate):
            return None
        if not 0 <= rate <= largest * 1.000001:
            raise self.error(f"expected a rate of 0 to {largest:g}, got {clip(value)}", line)
        return min(100.0, 100 * rate / largest)


class Spans:
    """Lines that blocks of several lines cover, with a bound on all of a report's together."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = _MOST_SPANNED_LINES

    def mark(self, lines: dict[int, int], first: int, last: int, hits: int) -> None:
        """Give each line of a block its hits; of two blocks on one line the one that ran more often counts."""
        self._left -= max(0, last - first) + 1
        if self._left < 0:
            raise self._source.error(f"has blocks that span more than {_MOST_SPANNED_LINES} lines together")
        for number in range(first, last + 1):
            if lines.get(number, -1) < hits:
                lines[number] = hits


def whole(value: object) -> int | None:
    """A whole number in whatever way files write it; empty, absent and NaN are None. Raises ValueError."""
    if type(value) is int:
        return value
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            value = value.strip()
            if not value:
                return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, OverflowError) as exc:
        raise ValueError(f"not a number: {value!r}") from exc
    if math.isnan(number):
        return None
    if not number.is_integer():
        raise ValueError(f"not a whole number: {value!r}")
    return int(number)


def declared_count(value: object) -> int | None:
    """A declared total; what cannot be one is as good as absent."""
    try:
        number = whole(value)
    except ValueError:
        return None
    return number if number is not None and 0 <= number <= _LARGEST_COUNT else None


def value_at(mapping: object, *keys: str) -> Any:
    """The value some levels down; None where the way ends."""
    found: Any = mapping
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def clip(value: object) -> str:
    """A value as a message shows it."""
    if isinstance(value, int) and abs(value) > 10**40:
        return "a number of more than 40 digits"
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else f"{value[:57]}...")
    return str(value) if isinstance(value, int | float | None) else f"a {type(value).__name__}"
