"""Jinja2 as the pages use it: everything is escaped, and what others wrote cannot turn the direction of a line."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import ChainableUndefined, Environment, PackageLoader
from markupsafe import Markup

from ci_reporter.hub.page.assets import path_of
from ci_reporter.model import rfc3339, seconds_of
from ci_reporter.surfaces import terminal
from ci_reporter.system.text import UNSAFE, without_escapes
from ci_reporter.version import __version__

_MARKS = {"success": "✓", "failure": "✕", "error": "✕", "timeout": "✕", "cancellation": "⊘", "skip": "–"}
_ON_THE_WAY = "●"
_WORDS = {
    "success": "passed",
    "failure": "failed",
    "error": "error",
    "timeout": "timed out",
    "cancellation": "cancelled",
    "skip": "skipped",
}


@cache
def environment() -> Environment:
    """The templates, ready to render."""
    found = Environment(
        loader=PackageLoader("ci_reporter.hub.page"),
        autoescape=True,
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_display,
        auto_reload=False,
    )
    found.globals.update(asset=path_of, version=__version__, address=address, run_address=run_address)
    found.filters.update(
        duration=terminal.duration,
        moment=moment,
        mark=mark,
        word=word,
        pct=pct,
        short=short,
        kind=kind,
        web=web,
        stamp=stamp,
    )
    return found


def render(template: str, **values: Any) -> str:
    """A template with its values."""
    return environment().get_template(template).render(values)


def moment(ms: int | float | None) -> Markup:
    """A time for people and for the script, which says how long ago it was: `2026-01-31 12:00 UTC`."""
    if ms is None:
        return Markup("unknown")
    at = rfc3339(max(0, ms) / 1000)
    shown = f"{at[:10]} {at[11:16]} UTC"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(at, shown, shown)


def stamp(text: object) -> Markup:
    """A time that is RFC 3339, as `moment` has it."""
    seconds = seconds_of(text) if isinstance(text, str) else None
    return moment(None if seconds is None else 1000 * seconds)


def duration(ms: object) -> str:
    """A time as people say it; `-` where it is unknown."""
    return terminal.duration(round(ms) if isinstance(ms, int | float) else None)


def address(path: str, **values: object) -> str:
    """A path with its parameters; those without a value are left out."""
    given = {name: value for name, value in values.items() if value not in (None, "")}
    return path + (f"?{urlencode(given, quote_via=quote)}" if given else "")


def run_address(ci_run_id: str, repository: str | None = None) -> str:
    """The page of a run."""
    return address(f"/runs/{quote(ci_run_id, safe='')}", repository=repository)


def mark(status: str) -> str:
    """A state as a sign: who cannot tell colours apart sees it, too."""
    return _MARKS.get(status, _ON_THE_WAY)


def word(status: str) -> str:
    """A state as people say it."""
    return _WORDS.get(status, status)


def kind(status: str | None) -> str:
    """The class of a state: good, bad, going, idle."""
    if status == "success":
        return "good"
    if status in ("failure", "error", "timeout"):
        return "bad"
    return "going" if status in ("running", "queued", "waiting") else "idle"


def pct(ratio: float | None, digits: int = 0) -> str:
    """A ratio as a percentage."""
    return "unknown" if ratio is None else f"{100 * ratio:.{digits}f} %"


def short(revision: str | None) -> str:
    """The beginning of a revision."""
    return (revision or "")[:10]


def web(url: object) -> str | None:
    """An address that may stand in a link; None for all others, such as `javascript:`."""
    return url if isinstance(url, str) and url.startswith(("https://", "http://")) else None


def clean(text: str) -> str:
    """Text without control characters, terminal escapes and marks of direction."""
    return text if text.isprintable() else UNSAFE.sub(_or_space, without_escapes(text))


def _display(value: object) -> object:
    """What stands in a page: nothing for None; text is clean."""
    if value is None:
        return ""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _or_space(match: Any) -> str:
    return match[0] if match[0] in "\n\t" else " "
