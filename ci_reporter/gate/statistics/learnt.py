"""What good gates of the past have taught about a service's noise, as a value: margins by score and length of window.

It stands in the first line of a watch's recording, so that judging the recording again says what the live gate said:
`{"recording": 1, "phase": "watch", "watch_s": 300, "history": {"http_latency p95": {"gates": 5, …}}}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, isfinite

from ci_reporter.errors import UsageError
from ci_reporter.gate.rules.conditions import Relative

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HEADER = "history"
LENGTHS_S = (45.0, 105.0, 225.0, inf)  # the classes of windows: 30, 60 and 120 s long, and all that are longer
_IN_THE_EXTENSION = 1.5  # times the margin: the past gates' recordings are mostly shorter than an extended watch
_MOST_MEASURES = 200

Margins = tuple[float, ...]  # one for each class of LENGTHS_S; infinite where a past gate exceeded every margin


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """How far one measure wandered in so many gates without a regression.

    `margins` has, by score, what windows of each class of length had to exceed at least; `usual` is for scores that
    no past gate had. `dispersion` is φ of the error counts. `quiet` is a service that never wandered far.
    """

    gates: int
    margins: Mapping[str, Margins] = field(default_factory=dict)
    usual: Margins = (0.0,) * len(LENGTHS_S)
    dispersion: float = 1.0
    quiet: bool = False

    def margin(self, score: str, seconds: float, *, extended: bool) -> float:
        """The margin of a score in a window of so many seconds."""
        number = next(at for at, most_s in enumerate(LENGTHS_S) if seconds < most_s)
        return self.margins.get(score, self.usual)[number] * (_IN_THE_EXTENSION if extended else 1.0)

    @property
    def patience(self) -> float:
        """The share of the time that a moderate change must last on a quiet service: (0 + 2) / (gates + 2).

        As if two more gates had been seen that needed all of it. Five gates leave two sevenths.
        """
        return 2 / (self.gates + 2) if self.quiet else 1.0


@dataclass(frozen=True, kw_only=True)
class History:
    """What was learnt, by measure; nothing of a measure that is not in it."""

    measures: Mapping[str, Learnt] = field(default_factory=dict)

    def of(self, leaf: Relative) -> Learnt | None:
        """What was learnt of what the comparison looks at."""
        return self.measures.get(measure(leaf))

    @property
    def gates(self) -> int:
        """How many gates it was learnt from, at most."""
        return max((each.gates for each in self.measures.values()), default=0)


def measure(leaf: Relative) -> str:
    """The name of what a comparison looks at, whatever its margin: `http_latency p95`, `http_latency errors`."""
    return f"{leaf.signal} errors" if leaf.quantile is None else f"{leaf.signal} p{leaf.quantile * 100:g}"


def to_header(history: History) -> dict[str, Any]:
    """What goes into a recording's first line; nothing where nothing was learnt."""
    return {HEADER: {name: _to_json(each) for name, each in history.measures.items()}} if history.measures else {}


def from_header(header: Mapping[str, Any]) -> History:
    """What a recording's first line says. Raises UsageError for what the gate does not write there."""
    found = header.get(HEADER)
    if found is None:
        return History()
    try:
        if len(found) > _MOST_MEASURES:
            raise ValueError(f"has {len(found)} measures")
        return History(measures={name: _from_json(each) for name, each in found.items()})
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise UsageError(
            f"{HEADER} is not what a gate writes there ({exc}); leave the key out to judge without it"
        ) from None


def _to_json(learnt: Learnt) -> dict[str, Any]:
    return {
        "gates": learnt.gates,
        "margins": {name: _row_to_json(each) for name, each in learnt.margins.items()},
        "usual": _row_to_json(learnt.usual),
        "dispersion": learnt.dispersion,
        "quiet": learnt.quiet,
    }


def _row_to_json(margins: Margins) -> list[float | None]:
    """JSON has no infinity: null stands for it."""
    return [each if isfinite(each) else None for each in margins]


def _from_json(found: Mapping[str, Any]) -> Learnt:
    gates, dispersion = found["gates"], _number(found["dispersion"])
    if isinstance(gates, bool) or not isinstance(gates, int) or gates < 1 or dispersion < 1:
        raise ValueError("gates and dispersion are numbers from 1 on")
    return Learnt(
        gates=gates,
        margins={str(name): _row_from_json(each) for name, each in found["margins"].items()},
        usual=_row_from_json(found["usual"]),
        dispersion=dispersion,
        quiet=found["quiet"] is True,
    )


def _row_from_json(found: list[Any]) -> Margins:
    if len(found) != len(LENGTHS_S):
        raise ValueError(f"{len(LENGTHS_S)} margins of each score are needed")
    return tuple(inf if each is None else _number(each) for each in found)


def _number(found: Any) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found < inf:
        raise ValueError(f"{found!r:.60} is not a number from 0 on")
    return float(found)
