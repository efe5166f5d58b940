"""An alert as a person reads it, in the reader's language; each channel only lays it out and escapes it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from enum import StrEnum

from ci_reporter.frozen import Frozen
from ci_reporter.model import Result
from ci_reporter.notify.alert import Alert, Field, Level, Link, State
from ci_reporter.notify.language import Language, words
from ci_reporter.system.text import one_line

_SHORT = 12
_LONGEST_TITLE, _LONGEST_FACT, _LONGEST_NAME = 200, 500, 100


class Tone(StrEnum):
    """How bad the news is: a level, or good news."""

    GOOD = "good"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


_SYMBOLS = {Tone.GOOD: "✅", Tone.INFO: "🔵", Tone.WARNING: "🟡", Tone.ERROR: "🔴", Tone.CRITICAL: "🚨"}
_COLOURS = {
    Tone.GOOD: "#1a7f37",
    Tone.INFO: "#2f81f7",
    Tone.WARNING: "#d29922",
    Tone.ERROR: "#d1242f",
    Tone.CRITICAL: "#a40e26",
}


class Content(Frozen):
    """What a message holds, as plain text: nothing in it is escaped for a channel yet.

    `facts` are short, for a table of two columns; `commit` is its first line, `stat` the lines below it. `text` keeps
    its line breaks, all else is one line each.
    """

    title: str
    tone: Tone
    text: str = ""
    facts: tuple[Field, ...] = ()
    failed_tests: tuple[str, ...] = ()
    commit: str = ""
    stat: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    when: str = ""
    language: Language = Language.EN

    @property
    def symbol(self) -> str:
        """An emoji that says at a glance how bad it is."""
        return _SYMBOLS[self.tone]

    @property
    def colour(self) -> str:
        """A colour that says the same, as #rrggbb."""
        return _COLOURS[self.tone]

    @property
    def headline(self) -> str:
        """Symbol and title."""
        return f"{self.symbol} {self.title}"

    def word(self, text: str) -> str:
        """A word of ours in the reader's language."""
        return words(text, self.language)


def content(alert: Alert, language: Language = Language.EN) -> Content:
    """What to show of an alert."""
    resolved = alert.state is State.RESOLVED
    good = resolved or (alert.result is Result.SUCCESS and alert.level is Level.INFO)
    title = one_line(alert.title, _LONGEST_TITLE)
    return Content(
        title=f"{words('Resolved', language)}: {title}" if resolved else title,
        tone=Tone.GOOD if good else Tone(alert.level),
        text=_clean(alert.text),
        facts=tuple(
            Field(name=one_line(words(each.name, language), _LONGEST_NAME), value=one_line(each.value, _LONGEST_FACT))
            for each in _facts(alert, language)
            if one_line(each.value)
        ),
        failed_tests=tuple(one_line(each, _LONGEST_FACT) for each in alert.failed_tests),
        commit=_commit(alert),
        stat=tuple(one_line(each, _LONGEST_TITLE) for each in alert.commit.stat) if alert.commit else (),
        links=tuple(_links(alert, language)),
        when="" if alert.at_s is None else time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(alert.at_s)),
        language=language,
    )


def _facts(alert: Alert, language: Language) -> Iterator[Field]:
    """What was measured comes first, then where it happened."""
    if alert.result:
        yield Field(name="Result", value=words(alert.result, language))
    yield from alert.fields
    run = alert.run
    named = {
        "Service": alert.service,
        "Environment": alert.environment,
        "Repository": run and run.repository,
        "Pipeline": run and run.pipeline,
        "Job": run and run.job_name,
        "Branch": run and run.branch,
        "Tag": run and run.tag,
        "Change": run and run.change,
        "Started by": run and run.actor,
    }
    for name, value in named.items():
        if value:
            yield Field(name=name, value=value)


def _commit(alert: Alert) -> str:
    """`1f0c9d2a77be fix the parser (Ada)`."""
    if not alert.commit:
        return ""
    author = f" ({alert.commit.author})" if alert.commit.author else ""
    return one_line(f"{alert.commit.revision[:_SHORT]} {alert.commit.subject}{author}", _LONGEST_FACT)


def _links(alert: Alert, language: Language) -> Iterator[Link]:
    """The run's and the job's page, then the alert's own; each address once, and only web addresses."""
    run = alert.run
    candidates = [
        *((Link(text=words("Run", language), url=run.run_url),) if run and run.run_url else ()),
        *((Link(text=words("Log", language), url=run.job_url),) if run and run.job_url else ()),
        *alert.links,
    ]
    seen = set()
    for each in candidates:
        if each.url not in seen and is_web_address(each.url):
            seen.add(each.url)
            yield Link(text=one_line(each.text, 75) or each.url[:75], url=each.url.replace(" ", "%20"))


def is_web_address(url: str) -> bool:
    """Whether it may be linked: `javascript:` runs in who clicks it, and a control character hides where it leads."""
    return url.startswith(("https://", "http://")) and url.isprintable()


def _clean(text: str) -> str:
    """The text line by line, without escapes and control characters; no more than one empty line in a row."""
    lines = [one_line(line) for line in text.splitlines()]
    return "\n".join(line for at, line in enumerate(lines) if line or (at and lines[at - 1])).strip()
