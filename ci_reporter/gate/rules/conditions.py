"""`if:` conditions: text to a tree of what would be bad. The grammar is in docs/reference/gate-rules.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import ge, gt, le, lt

from ci_reporter.config import boolean, values

DEFAULT_SIGNAL = "http_latency"
_P = re.compile(r"(?<![A-Za-z0-9])p\(\s*(\d+(?:\.\d+)?)\s*\)|_p\(\s*(\d+(?:\.\d+)?)\s*\)")
_COMPARISON = re.compile(
    r"(?P<metric>[A-Za-z][\w.\-]*(?:\s+[A-Za-z][\w.]*)?)\s*(?P<op>>=|<=|==|!=|>|<|=)\s*"
    r"(?P<sign>[+-])?\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[A-Za-zµ%]*)"
)
_METRIC = re.compile(r"(?:(?P<signal>.+?)[_.\s])??(?P<what>p\d+(?:\.\d+)?|error_rate|availability)")
_CONSECUTIVE = re.compile(
    r"(?:(?P<signal>[A-Za-z][\w.\-]*)\s+)?consecutive[\s_]failures\s*(?P<op>\S+?)\s*(?P<count>\d+)"
    r"(?:\s+every\s+(?P<every>\S+))?(?:\s+within\s+(?P<within>\S+))?"
)
_VALUE = re.compile(
    r"(?P<signal>[A-Za-z][\w.\-]*)\s*(?P<op>>=|<=|>|<)\s*(?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"(?:\s+for\s+(?P<span>\S+))?"
)
OPERATORS = {">": gt, ">=": ge, "<": lt, "<=": le}
_DOWN = re.compile(r"(?:(?P<signal>[A-Za-z][\w.\-]*)\s+)?down\s+for\s+(?P<span>\S+)")


@dataclass(frozen=True, kw_only=True)
class Limit:
    """More than the `allowed` share of probes is bad: slower than `limit_ms`, or failed where that is None."""

    text: str
    signal: str
    allowed: float
    limit_ms: float | None = None


@dataclass(frozen=True, kw_only=True)
class Relative:
    """Worse than the baseline by more than the share `margin`: at a quantile of latency, or in error rate."""

    text: str
    signal: str
    margin: float
    quantile: float | None = None


@dataclass(frozen=True, kw_only=True)
class Consecutive:
    """So many ticks of `every_s` in a row failed, within so many seconds; `signal` None is any one signal.

    A tick fails when all its probes fail.
    """

    text: str
    count: int
    within_s: float
    every_s: float = 5.0
    signal: str | None = None


@dataclass(frozen=True, kw_only=True)
class Down:
    """Every probe of so many seconds failed."""

    text: str
    for_s: float
    signal: str | None = None


@dataclass(frozen=True, kw_only=True)
class Beyond:
    """A value is above (`>`, `>=`) or below (`<`, `<=`) a number, and has been for `for_s`."""

    text: str
    signal: str
    operator: str
    number: float
    for_s: float = 0.0

    def holds(self, value: float) -> bool:
        """Whether that value is beyond the number."""
        return bool(OPERATORS[self.operator](value, self.number))


@dataclass(frozen=True, kw_only=True)
class Group:
    """Conditions of which all (`and`) or any (`or`) hold."""

    word: str
    parts: tuple[Condition, ...]


Leaf = Limit | Relative | Consecutive | Down | Beyond
Condition = Leaf | Group


def parse(text: str) -> Condition:
    """Read a condition. Raises ValueError with the rest of a sentence that begins with the text."""
    if "&&" in text or "||" in text:
        raise ValueError("holds '&&' or '||' (write and, or)")
    plain = _P.sub(lambda match: f"_p{match[1] or match[2]}", text).replace(" _p", "_p")
    plain = plain[1:] if plain.startswith("_p") else plain
    tokens = [token.strip() for token in re.split(r"(\(|\)|\band\b|\bor\b)", plain) if token.strip()]
    if not tokens:
        raise ValueError("is empty (write what would be bad: http_latency_p95 > +20%)")
    return boolean.parse(tokens, _leaf, _group)


def leaves(condition: Condition) -> Iterator[Leaf]:
    """The comparisons in a condition."""
    if isinstance(condition, Group):
        for part in condition.parts:
            yield from leaves(part)
    else:
        yield condition


def _duration_s(text: str) -> float:
    """Seconds of a duration in a condition, where every number has its unit. Raises ValueError."""
    try:
        return values.duration_with_unit_s(text)
    except ValueError as exc:
        raise ValueError(f"holds {text!r}, which {exc}") from None


def _group(word: str, parts: tuple[Condition, ...]) -> Condition:
    return Group(word=word, parts=parts)


def _leaf(text: str) -> Leaf:
    if match := _DOWN.fullmatch(text):
        return Down(text=text, for_s=_duration_s(match["span"]), signal=match["signal"])
    if match := _CONSECUTIVE.fullmatch(text):
        return _consecutive(text, match)
    comparison, value = _COMPARISON.fullmatch(text), _VALUE.fullmatch(text)
    if value and not (comparison and _METRIC.fullmatch(comparison["metric"])):
        return _beyond(text, value)
    if comparison:
        return _comparison(text, comparison)
    raise ValueError(
        f"holds {text!r}, which is not a condition (write http_latency_p95 > 1500ms, http_error_rate > +200%,"
        " availability < 99%, consecutive failures >= 3 every 5s within 5m, down for 15s,"
        " or queue_depth > 1000 for 60s)"
    )


def _beyond(text: str, match: re.Match[str]) -> Beyond:
    if match["number"].startswith("+"):
        raise ValueError(f"has {match['number']}, and a value is not compared with the baseline (leave out the '+')")
    for_s = _duration_s(match["span"]) if match["span"] else 0.0
    return Beyond(text=text, signal=match["signal"], operator=match["op"], number=float(match["number"]), for_s=for_s)


def _consecutive(text: str, match: re.Match[str]) -> Consecutive:
    count = int(match["count"]) + (match["op"] == ">")
    if match["op"] not in (">=", ">"):
        raise ValueError(f"compares failures by {match['op']!r} (write consecutive failures >= {match['count']})")
    if not 1 <= count <= 1000:
        raise ValueError(f"has {count} failures in a row (write a number from 1 to 1000)")
    usual = Consecutive(text=text, count=count, within_s=300.0, signal=match["signal"])
    return replace(
        usual,
        every_s=_duration_s(match["every"]) if match["every"] else usual.every_s,
        within_s=_duration_s(match["within"]) if match["within"] else usual.within_s,
    )


def _comparison(text: str, match: re.Match[str]) -> Limit | Relative:
    metric = _METRIC.fullmatch(match["metric"])
    if not metric:
        raise ValueError(f"has no measure named {match['metric']!r} (known: p50 to p99.9, error_rate, availability)")
    signal = _signal(metric["signal"])
    what, number, unit = metric["what"], float(match["number"]), match["unit"]
    _check_direction(match["op"], "<" if what == "availability" else ">")
    if match["sign"] == "-":
        raise ValueError(f"has -{number:g}{unit}; a rule states what is bad (write +{number:g}%)")
    if match["sign"]:
        return _relative(text, signal, what, number, unit)
    if what.startswith("p"):
        allowed = 1 - _quantile(what)
        return Limit(text=text, signal=signal, allowed=allowed, limit_ms=_latency_ms(number, unit))
    return Limit(text=text, signal=signal, allowed=_share(what, number, unit))


def _signal(name: str | None) -> str:
    return DEFAULT_SIGNAL if name in (None, "http", "latency") else str(name)


def _check_direction(op: str, bad: str) -> None:
    if op not in (bad, f"{bad}="):
        raise ValueError(f"compares by {op!r}, and a rule states what is bad (write {bad!r})")


def _relative(text: str, signal: str, what: str, number: float, unit: str) -> Relative:
    if unit != "%":
        raise ValueError(f"has +{number:g}{unit}; a sign means relative to the baseline (write +20%, or drop the sign)")
    if what == "availability":
        raise ValueError("compares availability with the baseline (write error_rate > +200%)")
    if not number <= 10_000:
        raise ValueError(f"has +{number:g}% (write at most +10000%)")
    quantile = _quantile(what) if what.startswith("p") else None
    return Relative(text=text, signal=signal, margin=number / 100, quantile=quantile)


def _quantile(what: str) -> float:
    percent = float(what[1:])
    if not 1 <= percent <= 99.9:
        raise ValueError(f"has {what}; percentiles go from p1 to p99.9")
    return percent / 100


def _latency_ms(number: float, unit: str) -> float:
    if unit in ("", "%"):
        fix = f"write {number:g}ms or {number:g}s" if not unit else f"write +{number:g}% for a share of the baseline"
        raise ValueError(f"has {number:g}{unit} as a latency, which has no unit of time ({fix})")
    limit_s = _duration_s(f"{number:g}{unit}")
    if limit_s > 3600:
        raise ValueError(f"has {number:g}{unit} (write a latency of at most one hour)")
    return limit_s * 1000


def _share(what: str, number: float, unit: str) -> float:
    """The share of bad probes that is allowed."""
    if unit != "%":
        ratio = f"{number * 100:g}% or " if number <= 1 else ""
        raise ValueError(f"has {number:g}{unit} as a rate, which is in percent (write {ratio}{number:g}%)")
    if number > 100:
        raise ValueError(f"has {number:g}%, which no rate reaches (write +{number:g}% to compare with the baseline)")
    allowed = (100 - number) / 100 if what == "availability" else number / 100
    if not 0 < allowed < 1:
        raise ValueError(f"has {number:g}%, which leaves nothing to decide; one bad probe proves no rate (write 0.1%)")
    return allowed
