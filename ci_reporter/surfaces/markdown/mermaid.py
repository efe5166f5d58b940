"""What ran when, as a Gantt chart of Mermaid, which GitHub and GitLab draw.

Source: Mermaid, "Gantt diagrams": a task is `name :tags, id, start, length`, and a colon ends its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ci_reporter.model import Report, Result, seconds_of
from ci_reporter.surfaces import terminal

_MOST = 50
_LONGEST_NAME = 40
_LONGEST_MS = 366 * 86_400_000  # a record of another program may say anything, and a date of JavaScript has an end
_SHORT_S, _LONG_S = 10.0, 600.0
_BAD = (Result.FAILURE, Result.ERROR, Result.TIMEOUT)
_TAGS = {**dict.fromkeys(_BAD, "crit, "), Result.SUCCESS: "active, "}  # red; in the theme's colour; else grey
# A letter, a digit or what no rule of the grammar begins or ends with; all else is written as an entity.
_PLAIN = re.compile(r"[\w ./()=+-]", re.UNICODE)
_KEYWORD = re.compile(
    r"(?:acc\w*|axisFormat|call|callback|click|dateFormat|end|excludes|gantt|href|includes|inclusiveEndDates|section|"
    r"tickInterval|title|todayMarker|topAxis|weekday|weekend)\b",
    re.IGNORECASE,
)


def gantt(reports: Sequence[Report]) -> str:
    """The chart in its fence, a section a job where there are several; nothing where no step has a time.

    Of more than fifty steps the longest are shown, and a line says how many are not.
    """
    timed = [(begun, report) for report in reports if (begun := seconds_of(report.step.started_at) or 0.0) > 0]
    if not timed:
        return ""
    longest = sorted(timed, key=lambda each: -_length_ms(each[1]))[:_MOST]
    shown = sorted(longest, key=lambda each: each[0])
    hidden = len(timed) - len(shown)
    lines = ["```mermaid", "gantt", "    dateFormat x", f"    axisFormat {_axis(timed)}", "    todayMarker off"]
    lines += [*_tasks(shown), "```"]
    lines += ["", f"… {hidden} more steps, each shorter than these"] if hidden else []
    return "\n".join(lines)


def entity(text: str) -> str:
    """Text for a Mermaid chart: `#58;` for a colon. A word of the grammar at its beginning is no such word any more."""
    encoded = "".join(char if _PLAIN.match(char) else f"#{ord(char)};" for char in text)
    return f"#{ord(text[0])};{encoded[1:]}" if _KEYWORD.match(text) else encoded


def _tasks(timed: Sequence[tuple[float, Report]]) -> Iterator[str]:
    jobs: dict[str, list[tuple[float, Report]]] = {}
    for begun, report in timed:
        jobs.setdefault(report.run.job_name or "", []).append((begun, report))
    for job, steps in jobs.items():
        if len(jobs) > 1:
            yield f"    section {_name(job)}"
        for begun, report in steps:
            tag = _TAGS.get(report.step.result, "done, ")
            yield f"    {_name(report.step.name)} :{tag}{round(begun * 1000)}, {_length_ms(report)}ms"


def _name(text: str) -> str:
    return entity(terminal.plain(text, _LONGEST_NAME).strip() or "-")


def _length_ms(report: Report) -> int:
    return min(max(1, report.step.duration_ms or 0), _LONGEST_MS)


def _axis(timed: Sequence[tuple[float, Report]]) -> str:
    """The clock's time, as fine as the run is short."""
    ends = [begun + _length_ms(report) / 1000 for begun, report in timed]
    took_s = max(ends) - min(begun for begun, _ in timed)
    return "%S.%L" if took_s < _SHORT_S else "%H:%M:%S" if took_s < _LONG_S else "%H:%M"
