"""What other programs show: `/cctray.xml` for CCMenu and lamps, `/feed.atom` of failures, `/badges/{name}.svg`.

Sources: "Multiple Project Summary Reporting Standard" (cctray.xml); RFC 4287 (Atom).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from markupsafe import Markup, escape

from ci_reporter.hub.api.steps import report_of
from ci_reporter.hub.page.rendering import address, clean, duration, kind, run_address, word
from ci_reporter.hub.page.view import Answer, View, Visit
from ci_reporter.hub.page.views.wall import PARAMS, filter_of
from ci_reporter.hub.page.wall.card import Bar, Card
from ci_reporter.hub.page.wall.cards import Cards, Shown
from ci_reporter.hub.problem import Problem
from ci_reporter.hub.runs.run import Status
from ci_reporter.hub.store.reading import Kind, Reading, Selection
from ci_reporter.model import rfc3339
from ci_reporter.surfaces.badge import BADGES, GREEN, GREY, RED, YELLOW, badge

_NAMES = ("repository", "pipeline", "branch", "environment")
_MOST_ENTRIES = 50
_NO_CHARACTERS = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LAST = {Status.SUCCESS: "Success", Status.FAILURE: "Failure", Status.TIMEOUT: "Failure", Status.ERROR: "Exception"}
_COLOURS = {"good": GREEN, "bad": RED, "going": YELLOW}
_KINDS = {"coverage": Kind.COVERAGE, "gate": Kind.GATE}
_ENTRY = Markup(
    "<entry><id>{}</id><title>{}</title><updated>{}</updated>"
    '<link rel="alternate" type="text/html" href="{}"/><author><name>{}</name></author>'
    "<content>{}</content></entry>\n"
)


def views(cards: Cards) -> Sequence[View]:
    """The views of these cards."""
    return (
        View(path="/cctray.xml", in_memory=partial(_cctray, cards), params=PARAMS),
        View(path="/feed.atom", in_memory=partial(_atom, cards), params=PARAMS),
        View(path="/badges/{name}", answer=partial(_badge, cards), params=_NAMES),
    )


def _cctray(cards: Cards, visit: Visit) -> Answer:
    projects = "".join(_project(each.card, visit.origin) for each in cards.select(filter_of(visit)))
    return Answer(f'<?xml version="1.0" encoding="UTF-8"?>\n<Projects>\n{projects}</Projects>\n', "application/xml")


def _project(card: Card, origin: str) -> str:
    """A card as a project. One that runs keeps the status of the run before, as CCMenu expects it."""
    last = card.judged
    attributes = {
        "name": " · ".join(filter(None, card.place)) or "unknown",
        "activity": "Building" if kind(card.newest.status) == "going" else "Sleeping",
        "lastBuildStatus": _LAST.get(last.status, "Unknown") if last else "Unknown",
        "lastBuildLabel": last.ci_run_id if last else "",
        "lastBuildTime": rfc3339(last.at_ms / 1000) if last else "",
        "webUrl": origin + address("/pipelines", **card.place._asdict()),
    }
    return f"<Project {' '.join(f'{name}={quoteattr(_text(value))}' for name, value in attributes.items())}/>\n"


def _atom(cards: Cards, visit: Visit) -> Answer:
    failures = list(islice(_failures(cards.select(filter_of(visit))), _MOST_ENTRIES))
    updated_ms = failures[0][1].at_ms if failures else 0
    here = escape(visit.origin + visit.here)
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<id>{here}</id><title>Failed runs</title><updated>{rfc3339(updated_ms / 1000)}</updated>"
        f'<link rel="self" type="application/atom+xml" href="{here}"/>\n'
        f"{''.join(_entry(card, bar, visit.origin) for card, bar in failures)}</feed>\n"
    )
    return Answer(body, "application/atom+xml; charset=utf-8")


def _failures(shown: Iterable[Shown]) -> Iterator[tuple[Card, Bar]]:
    """The failed runs that cards have, newest first."""
    pairs = ((each.card, bar) for each in shown for bar in each.card.bars if kind(bar.status) == "bad")
    return iter(sorted(pairs, key=lambda pair: -pair[1].at_ms))


def _entry(card: Card, bar: Bar, origin: str) -> str:
    place = card.place
    where = _text(" · ".join(filter(None, place)))
    took = f" after {duration(bar.duration_ms)}" if bar.duration_ms is not None else ""
    return _ENTRY.format(
        f"urn:ci-reporter:run:{quote(place.repository, safe='')}:{quote(bar.ci_run_id, safe='')}",
        f"{where}: {word(bar.status)}",
        rfc3339(bar.at_ms / 1000),
        origin + run_address(bar.ci_run_id, place.repository),
        _text(place.repository) or "unknown",
        _text(f"{word(bar.status)}{took}. {bar.title or ''} {bar.revision or ''}".strip()),
    )


def _badge(cards: Cards, reading: Reading, visit: Visit) -> Answer:
    name, _, ending = visit.names["name"].rpartition(".")
    if ending != "svg" or name not in BADGES:
        raise Problem(404, f"there is no such badge (known: {', '.join(f'{each}.svg' for each in BADGES)})")
    if not visit.get("repository"):
        raise Problem(400, "repository: say of which one the badge is", field="repository")
    if name in _KINDS:
        return Answer(_of_report(name, reading, visit), "image/svg+xml")
    shown = cards.select(filter_of(visit))
    judged = [each.card.judged for each in shown if each.card.judged]
    newest = max(judged, key=lambda bar: bar.at_ms, default=None)
    return Answer(_of_run(name, newest, visit.get("pipeline") or "build"), "image/svg+xml")


def _of_report(name: str, reading: Reading, visit: Visit) -> str:
    """The badge of the newest report with coverage, or of a gate."""
    repository, pipeline, branch, environment = (visit.get(each) for each in _NAMES)
    selection = Selection(
        repository=repository,
        pipeline=pipeline,
        branch=branch,
        environment=environment,
        visible=visit.access.repositories,
    )
    found = reading.reports(selection, 1, None, _KINDS[name])
    return BADGES[name](report_of(found[0])) if found else badge(name, "unknown", GREY)


def _of_run(name: str, bar: Bar | None, label: str) -> str:
    label = _text(label)[:30]
    if bar is None:
        return badge(label, "unknown", GREY)
    said = word(bar.status) if name == "result" else duration(bar.duration_ms)
    return badge(label, said, _COLOURS.get(kind(bar.status), GREY))


def _text(text: str) -> str:
    """Text that may stand in XML. Source: XML 1.0, 2.2, Characters."""
    return _NO_CHARACTERS.sub(" ", clean(text))
