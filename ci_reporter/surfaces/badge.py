"""A badge: two words on a coloured plate, as SVG, for a README or a wiki.

The widths follow from the characters, as no font is asked: each of them has `textLength`, so every browser fits them.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from ci_reporter.model import Report, Result
from ci_reporter.surfaces import terminal

GREEN, YELLOW, RED, GREY = "#1a7f37", "#7d4e00", "#b3261e", "#57606a"  # white on each has a contrast above 4.5
_PADDING, _HEIGHT = 10, 20
# Pixels of a character of 11px Verdana, as far as they differ from most. Another font is fitted to them.
_WIDTHS = {**dict.fromkeys("fijlrtI.,:;!|'()[] ", 4), **dict.fromkeys("mwMW%@", 11)}
_WIDTH, _DOUBLE_WIDTH = 7, 12
_GOOD_PCT, _FAIR_PCT = 90.0, 75.0


def badge(label: str, value: str, colour: str) -> str:
    """The badge as SVG."""
    left, right = (_length(text) + 2 * _PADDING for text in (label, value))
    said = escape(f"{label}: {value}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{_HEIGHT}" role="img"'
        f' aria-label="{said}"><title>{said}</title>'
        f'<clipPath id="w{left + right}"><rect width="{left + right}" height="{_HEIGHT}" rx="3"/></clipPath>'
        f'<g clip-path="url(#w{left + right})"><rect width="{left}" height="{_HEIGHT}" fill="#24292f"/>'
        f'<rect x="{left}" width="{right}" height="{_HEIGHT}" fill="{colour}"/></g>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f"{_word(label, 0, left)}{_word(value, left, right)}</g></svg>\n"
    )


def coverage(report: Report) -> str:
    """The coverage of a step; grey where it is unknown."""
    pct = report.coverage_pct
    if pct is None:
        return badge("coverage", "unknown", GREY)
    colour = GREEN if pct >= _GOOD_PCT else YELLOW if pct >= _FAIR_PCT else RED
    return badge("coverage", f"{pct:.1f} %", colour)


def duration(report: Report) -> str:
    """How long a step took, in the colour of its result."""
    ms = report.step.duration_ms
    return badge(
        terminal.plain(report.step.name, 30), terminal.duration(ms) if ms is not None else "unknown", _of(report)
    )


def result(report: Report) -> str:
    """What a step came to."""
    return badge(terminal.plain(report.step.name, 30), str(report.step.result), _of(report))


def gate(report: Report) -> str:
    """The verdict of a gate; grey where the step is none."""
    if not report.gate:
        return badge("gate", "unknown", GREY)
    colours = {"pass": GREEN, "fail": RED}
    return badge("gate", report.gate.verdict, colours.get(report.gate.verdict, YELLOW))


BADGES: dict[str, Callable[[Report], str]] = {
    "coverage": coverage,
    "duration": duration,
    "result": result,
    "gate": gate,
}


def _length(text: str) -> int:
    return sum(_WIDTHS.get(char, _DOUBLE_WIDTH if terminal.width(char) > 1 else _WIDTH) for char in text)


def _of(report: Report) -> str:
    if report.step.result is Result.SUCCESS:
        return GREEN
    return GREY if report.step.result in (Result.SKIP, Result.CANCELLATION) else RED


def _word(text: str, x: int, width: int) -> str:
    length = width - 2 * _PADDING
    return f'<text x="{x + _PADDING}" y="14" textLength="{length}">{escape(text)}</text>'
