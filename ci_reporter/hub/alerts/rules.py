"""Rules, what they know of each series, and an event → what they know after it, and what there is to tell. Pure.

The rules are those of a step (`notify.policies`). Here their state is never lost and what is told is written down with
it, so nothing has to be inferred: what was put into the outbox counts as said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as copy

from ci_reporter.frozen import replace
from ci_reporter.hub.alerts.event import Event, Kind
from ci_reporter.hub.silences.windows import Window
from ci_reporter.notify.alert import Alert, Field
from ci_reporter.notify.from_report import Subject, alert, display_text
from ci_reporter.notify.language import Language
from ci_reporter.notify.policies.conditions import comparisons
from ci_reporter.notify.policies.evaluate import View, evaluate
from ci_reporter.notify.policies.facts import HUB_FACTS
from ci_reporter.notify.policies.judge import answer
from ci_reporter.notify.policies.policy import PIPELINE, Policy, channels, key_of, watches
from ci_reporter.notify.policies.state import Entry, Fate, Message, Seen, entry_after, transition
from ci_reporter.notify.policies.state import Kind as MessageKind

Place = tuple[str, str]  # a rule and one of its series, or groups of them
_LATE_S = 0.001  # times are whole milliseconds


@dataclass(frozen=True, kw_only=True)
class RuleBook:
    """The rules, the channels that `notify` means, all that are set up, and the language of our own words.

    `windows` are times of maintenance.
    """

    policies: tuple[Policy, ...]
    everyone: tuple[str, ...] = ()
    usable: tuple[str, ...] = ()
    language: Language = Language.EN
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Told:
    """What there is to tell: by which rule of which series, to whom, why, and with which labels silences see it."""

    place: Place
    kind: MessageKind
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
        if watches(policy, event.report, event.kinds)
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
        if found and found.told and found.told.kind is not MessageKind.RECOVERED and is_silenced(found.told.labels):
            yield _held_back(found)
        elif found:
            yield found


def _step(book: RuleBook, policy: Policy, event: Event, place: Place, entry: Entry) -> Step | None:
    view = View(report=event.report, before=event.before, stuck_s=event.stuck_s, facts=_facts(policy, event))
    holds = _holds(policy, event, view)
    series = _series(event)
    at_s = _at_s(entry, series, event)
    if holds is None or _is_late(entry, series, event) or (event.member and not holds and series not in entry.members):
        return None
    seen = Seen(series=series, holds=holds, at_s=at_s, channels=channels(policy, book.everyone, book.usable))
    entry, message = transition(policy, entry, seen)
    entry = _count_member(entry, event, series) if event.member else entry
    if message is None:
        return Step(place=place, entry=entry)
    subject = Subject(policy=policy, group=place[1], message=message, view=view, at_s=at_s)
    told = _message(book, event, subject)
    fate = Fate(over=message.kind is MessageKind.RECOVERED, at_s=at_s, taken=dict.fromkeys(message.channels))
    return Step(place=place, entry=entry_after(entry, fate), told=told)


def _facts(policy: Policy, event: Event) -> Mapping[str, str | float | None]:
    """What no report has; how long a step took is not how long its run did."""
    of_run = PIPELINE in policy.on and event.speaks_for_run
    return {**event.facts, "duration": None} if of_run else event.facts


def _holds(policy: Policy, event: Event, view: View) -> bool | None:
    """Whether the rule's condition holds; what is over holds no more, however it ended."""
    if event.is_over:
        return False
    if event.member and policy.condition:  # it has no result yet, so `answer` cannot ask whether that says anything
        return evaluate(policy.condition, view).holds
    return answer(policy, view).holds


def _series(event: Event) -> str:
    return " ".join(filter(None, (event.kind, key_of(event.report), event.series, event.member)))


def _is_late(entry: Entry, series: str, event: Event) -> bool:
    """Whether something younger of the series was seen: what ended before it says nothing about how things are now.

    The end of a job is heard of with each change of its run, and is the same end each time.
    """
    known = entry.members.get(series)
    again_s = -_LATE_S if event.kind is Kind.JOB and not event.member else _LATE_S
    return known is not None and not event.is_over and event.at_ms / 1000 < known.at_s - again_s


def _at_s(entry: Entry, series: str, event: Event) -> float:
    """When it happened; what is over is so after the last look at it, also where its CI system's clock is behind."""
    known = entry.members.get(series)
    return max(event.at_ms / 1000, known.at_s if known and event.is_over else 0.0)


def _count_member(entry: Entry, event: Event, series: str) -> Entry:
    """The entry after one look at a member: looks are not runs, and what is over is a member no more."""
    members = {name: each for name, each in entry.members.items() if not (event.is_over and name == series)}
    if series in members:
        members[series] = replace(members[series], runs=1)
    count = sum(each.holds for each in members.values())
    episode = replace(entry.episode, runs=max(1, count)) if entry.episode else None
    return replace(entry, members=members, episode=episode)


def _held_back(step: Step) -> Step:
    """The step where a silence holds back what it tells: nobody was told, so its end tells nobody either."""
    assert step.told  # noqa: S101
    told, entry = step.told, step.entry
    if entry.episode:
        left = tuple(each for each in entry.episode.told if each not in told.channels)
        # Who had been told before the silence began is told of the end; who would have been told now, is not.
        known = entry.episode.told if told.kind is MessageKind.STILL else left
        entry = replace(entry, episode=replace(entry.episode, told=known, sure=True))
    return Step(place=step.place, entry=entry, told=copy(told, silenced=True))


def _message(book: RuleBook, event: Event, subject: Subject) -> Told:
    found = alert(subject, book.language)
    links = (*found.links, *event.links)
    text = "\n".join(filter(None, (found.text, *event.notes)))
    message = subject.message
    return Told(
        place=(subject.policy.name, subject.group),
        kind=message.kind,
        channels=message.channels,
        alert=replace(
            found,
            title=event.title or found.title,
            text=text,
            links=links,
            fields=(*_comparison(book, event, subject.policy), *found.fields),
            result=None if event.kind == Kind.DORA else found.result,  # figures have none
        ),
        labels=event.labels | {"rule": subject.policy.name, "level": str(found.level)},
        transition=f"{message.kind} {_episode(message)} {event.cause}",
    )


def _comparison(book: RuleBook, event: Event, policy: Policy) -> Iterator[Field]:
    """What those facts of the rule's condition are worth that no report has."""
    names = dict.fromkeys(each.name for each in comparisons(policy.condition)) if policy.condition else {}
    for name in names:
        if name in HUB_FACTS and (said := display_text(name, event.facts.get(name), book.language)):
            yield Field(name=name, value=said)


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
