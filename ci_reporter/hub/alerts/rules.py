"""Rules, what they know of each series, and an event → what they know after it, and what there is to tell. Pure.

The rules are those of a step (`notify.policies`). Here their state is never lost and what is told is written down with
it, so nothing has to be inferred: what was put into the outbox counts as said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as copy

from ci_reporter.frozen import replace
from ci_reporter.hub.alerts.event import Event
from ci_reporter.notify.alert import Alert, Link
from ci_reporter.notify.from_report import Subject, alert
from ci_reporter.notify.language import Language
from ci_reporter.notify.policies.evaluate import View, evaluate
from ci_reporter.notify.policies.judge import answer
from ci_reporter.notify.policies.policy import Policy, channels, key_of, watches
from ci_reporter.notify.policies.state import Entry, Fate, Kind, Message, Seen, entry_after, transition

Place = tuple[str, str]  # a rule and one of its series, or groups of them
_LATE_S = 0.001  # times are whole milliseconds


@dataclass(frozen=True, kw_only=True)
class RuleBook:
    """The rules, the channels that `notify` means, all that are set up, and the language of our own words.

    `link` gives the hub's page about an event, if people can reach it.
    """

    policies: tuple[Policy, ...]
    everyone: tuple[str, ...] = ()
    usable: tuple[str, ...] = ()
    language: Language = Language.EN
    link: Callable[[Event], str | None] = lambda event: None  # noqa: ARG005


@dataclass(frozen=True, kw_only=True)
class Told:
    """What there is to tell: by which rule of which series, to whom, why, and with which labels silences see it."""

    place: Place
    kind: Kind
    channels: tuple[str, ...]
    alert: Alert
    labels: Mapping[str, str]
    transition: str
    silenced: bool = False


@dataclass(frozen=True, kw_only=True)
class Step:
    """What came of one rule and event: what the rule knows now, and what is to be told."""

    place: Place
    entry: Entry
    told: Told | None = None


def places(book: RuleBook, event: Event) -> list[tuple[Policy, Place]]:
    """The rules that watch an event, each with the series that it is of."""
    return [
        (policy, (policy.name, key_of(event.report, policy.group)))
        for policy in book.policies
        if watches(policy, event.report, (event.kind,))
    ]


def after(
    book: RuleBook,
    entries: Mapping[Place, Entry],
    event: Event,
    is_silenced: Callable[[Mapping[str, str]], bool] = lambda labels: False,  # noqa: ARG005
) -> Iterator[Step]:
    """What each rule that watches the event makes of it; nothing where it says nothing new to a rule."""
    for policy, place in places(book, event):
        found = _step(book, policy, event, place, entries.get(place, Entry()))
        if found and found.told and found.told.kind is not Kind.RECOVERED and is_silenced(found.told.labels):
            yield _held_back(found)
        elif found:
            yield found


def _step(book: RuleBook, policy: Policy, event: Event, place: Place, entry: Entry) -> Step | None:
    view = View(report=event.report, before=event.before, stuck_s=event.stuck_s, facts=event.facts)
    holds = _holds(policy, event, view)
    series, at_s = _series(event), event.at_ms / 1000
    if holds is None or _is_late(entry, series, at_s) or (event.is_over and series not in entry.members):
        return None
    seen = Seen(series=series, holds=holds, at_s=at_s, channels=channels(policy, book.everyone, book.usable))
    entry, message = transition(policy, entry, seen)
    if event.is_over:
        entry = replace(entry, members={name: each for name, each in entry.members.items() if name != series})
    if message is None:
        return Step(place=place, entry=entry)
    subject = Subject(policy=policy, group=place[1], message=message, view=view, at_s=at_s)
    told = _told(book, event, subject)
    fate = Fate(over=message.kind is Kind.RECOVERED, at_s=at_s, taken=dict.fromkeys(message.channels))
    return Step(place=place, entry=entry_after(entry, fate), told=told)


def _holds(policy: Policy, event: Event, view: View) -> bool | None:
    """Whether the rule's condition holds; what is over holds no more, however it ended."""
    if event.is_over:
        return False
    if event.member and policy.condition:  # it has no result yet, so `answer` cannot ask whether that says anything
        return evaluate(policy.condition, view).holds
    return answer(policy, view).holds


def _series(event: Event) -> str:
    return " ".join(filter(None, (event.kind, key_of(event.report), event.member)))


def _is_late(entry: Entry, series: str, at_s: float) -> bool:
    """Whether something younger of the series was seen: what ended before it says nothing about how things are now."""
    known = entry.members.get(series)
    return known is not None and at_s < known.at_s - _LATE_S


def _held_back(step: Step) -> Step:
    """The step where a silence holds back what it tells: nobody was told, so its end tells nobody either."""
    assert step.told  # noqa: S101
    told, entry = step.told, step.entry
    if entry.episode:
        left = tuple(each for each in entry.episode.told if each not in told.channels)
        # Who had been told before the silence began is told of the end; who would have been told now, is not.
        known = entry.episode.told if told.kind is Kind.STILL else left
        entry = replace(entry, episode=replace(entry.episode, told=known, sure=True))
    return Step(place=step.place, entry=entry, told=copy(told, silenced=True))


def _told(book: RuleBook, event: Event, subject: Subject) -> Told:
    found = alert(subject, book.language)
    url = book.link(event)
    links = (*found.links, *((Link(text="ci-reporter hub", url=url),) if url else ()))
    text = "\n".join(filter(None, (found.text, *event.notes)))
    message = subject.message
    return Told(
        place=(subject.policy.name, subject.group),
        kind=message.kind,
        channels=message.channels,
        alert=replace(found, text=text, links=links),
        labels=event.labels | {"rule": subject.policy.name, "level": str(found.level)},
        transition=f"{message.kind} {_episode(message)} {event.cause}",
    )


def _episode(message: Message) -> str:
    """Which episode a message is of: the time when it began, in milliseconds."""
    return str(round(message.episode.since_s * 1000))


def wanted(book: RuleBook, events: Iterable[Event]) -> list[Place]:
    """The places that events are about, each once."""
    return list(dict.fromkeys(place for event in events for _, place in places(book, event)))


def run_all(
    book: RuleBook,
    entries: Mapping[Place, Entry],
    events: Sequence[Event],
    is_silenced: Callable[[Mapping[str, str]], bool] = lambda labels: False,  # noqa: ARG005
) -> tuple[dict[Place, Entry], list[Told]]:
    """Events one after the other: the entries that changed, and all that is to be told."""
    known, told = dict(entries), []
    changed: dict[Place, Entry] = {}
    for event in events:
        for step in after(book, known, event, is_silenced):
            known[step.place] = changed[step.place] = step.entry
            if step.told:
                told.append(step.told)
    return changed, told
