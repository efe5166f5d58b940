"""What was said per rule and group of series, and what to say now. Pure: the worlds that keep it are elsewhere.

A group has members, the series that were seen in it. An episode begins when the condition has held long enough for any
member, and ends when it holds for none. Everything errs towards one message too many: an episode counts as told to a
channel only after the channel took the message, and its end is owed until that was told.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from ci_reporter.frozen import EMPTY, Frozen, replace
from ci_reporter.notify.policies.policy import Policy

_FORGET_S = 60 * 86400.0  # a series that nobody has seen for so long is gone, and holds no episode open


class Kind(StrEnum):
    """Why a message is sent."""

    FIRST = "first"
    STILL = "still"
    RECOVERED = "recovered"


class Member(Frozen):
    """A series: whether the condition holds, since when and for how many runs, and when that was last seen."""

    holds: bool
    since_s: float
    runs: int
    at_s: float


class Episode(Frozen):
    """A time in which the condition held: since when, for how many runs, who was told, when last.

    `sure` is False where somebody may have been told without our knowing: a message is on its way, the run that sent it
    was killed, or its state was lost.
    `least` says that it may have begun earlier, and taken more runs, than is known.
    `references` has, by channel, what it calls the first message: later ones answer it.
    """

    since_s: float
    runs: int
    told: tuple[str, ...] = ()
    told_at_s: float | None = None
    sure: bool = True
    least: bool = False
    references: Mapping[str, str] = EMPTY


class Entry(Frozen):
    """All that is known of a rule and a group: its members, the episode that goes on, and one whose end is untold."""

    members: Mapping[str, Member] = EMPTY
    episode: Episode | None = None
    ended: Episode | None = None
    last_told_s: float | None = None


class Seen(Frozen):
    """A run of a series: whether the condition holds, when it ended, and which channels the rule tells.

    `waiting` are channels for which a message that it began lies in the outbox, `waiting_end` one that it is over.
    """

    series: str
    holds: bool
    at_s: float
    channels: tuple[str, ...]
    waiting: tuple[str, ...] = ()
    waiting_end: tuple[str, ...] = ()


class Message(Frozen):
    """What to say: to which channels, of which episode."""

    kind: Kind
    channels: tuple[str, ...]
    episode: Episode


def transition(policy: Policy, entry: Entry, seen: Seen) -> tuple[Entry, Message | None]:
    """The entry after a run, and what to say of it; what was said is added by `told` after a channel took it."""
    entry = replace(entry, members=_members(entry, seen))
    holding = [each for each in entry.members.values() if each.holds]
    ripe = [each for each in holding if is_ripe(policy, each)]
    if ripe or (holding and entry.episode):
        episode = _going_on(entry.episode, ripe, entry.members[seen.series])
        entry = replace(entry, episode=episode, ended=None)
        message = _firing(policy, entry, episode, seen) if seen.holds else None
        if message:  # until its fate is known, somebody may have been told
            entry = replace(entry, episode=replace(episode, sure=False))
        return entry, message
    ended = entry.episode or entry.ended
    if seen.holds or not ended or not policy.recovery:
        return replace(entry, episode=None, ended=None if seen.holds or not policy.recovery else ended), None
    recipients = _end_recipients(policy, ended, seen)
    to = tuple(each for each in recipients if each not in seen.waiting_end)
    ended = replace(ended, told=recipients, sure=True)
    message = Message(kind=Kind.RECOVERED, channels=to, episode=ended) if to else None
    return replace(entry, episode=None, ended=ended if recipients else None), message


class Fate(Frozen):
    """What became of a message about a rule and a group, of a run that ended at `at_s`.

    `taken` are the channels that took it, with what each calls the message; `refused` those that never will.
    """

    over: bool
    at_s: float
    taken: Mapping[str, str | None] = EMPTY
    refused: tuple[str, ...] = ()


def entry_after(entry: Entry, fate: Fate) -> Entry:
    """The entry once it is known what became of a message: taken, refused, or waiting in the outbox."""
    about = entry.ended if fate.over else entry.episode
    if about is None or fate.at_s < about.since_s:  # meanwhile another job has seen it end, or begin again
        return entry
    if fate.over:
        left = tuple(each for each in about.told if each not in fate.taken and each not in fate.refused)
        return replace(entry, ended=replace(about, told=left, sure=True) if left else None)
    if not fate.taken:
        return replace(entry, episode=replace(about, sure=True))
    references = {channel: name for channel, name in fate.taken.items() if name}
    episode = replace(
        about,
        told=tuple(dict.fromkeys((*about.told, *fate.taken))),
        told_at_s=max(fate.at_s, about.told_at_s or 0.0),
        sure=True,
        references={**references, **about.references},  # the first message of a thread stays its first
    )
    return replace(entry, episode=episode, last_told_s=max(fate.at_s, entry.last_told_s or 0.0))


def _members(entry: Entry, seen: Seen) -> Mapping[str, Member]:
    """The members with the one that was seen. Runs count in the order in which they are seen, whatever their clocks."""
    old = entry.members.get(seen.series)
    at_s = max(seen.at_s, old.at_s) if old else seen.at_s
    goes_on = old is not None and old.holds is seen.holds
    new = Member(
        holds=seen.holds,
        since_s=old.since_s if old and goes_on else at_s,
        runs=old.runs + 1 if old and goes_on else 1,
        at_s=at_s,
    )
    fresh = {name: each for name, each in entry.members.items() if at_s - each.at_s < _FORGET_S}
    return {**fresh, seen.series: new}


def is_ripe(policy: Policy, member: Member) -> bool:
    """Whether the condition has held for long enough."""
    return member.runs >= policy.for_runs and member.at_s - member.since_s >= policy.for_s


def _going_on(episode: Episode | None, ripe: list[Member], seen: Member) -> Episode:
    if episode is None:
        return Episode(since_s=min(each.since_s for each in ripe), runs=max(each.runs for each in ripe))
    return replace(episode, runs=episode.runs + 1) if seen.holds else episode


def _firing(policy: Policy, entry: Entry, episode: Episode, seen: Seen) -> Message | None:
    """The first message to those who have none yet; to all once more when it is time to."""
    if not policy.first:
        return None
    if policy.every_s and entry.last_told_s is not None and seen.at_s - entry.last_told_s < policy.every_s:
        return None
    if policy.repeat_s == 0 and seen.channels:  # each run is told of, also where an earlier message still waits
        return Message(kind=Kind.STILL if episode.told else Kind.FIRST, channels=seen.channels, episode=episode)
    repeats = policy.repeat_s is not None and episode.told_at_s is not None
    if repeats and seen.at_s - (episode.told_at_s or 0.0) >= (policy.repeat_s or 0.0):
        return Message(kind=Kind.STILL, channels=seen.channels, episode=episode) if seen.channels else None
    kind = Kind.STILL if episode.told else Kind.FIRST
    to = tuple(each for each in seen.channels if each not in (*episode.told, *seen.waiting))
    return Message(kind=kind, channels=to, episode=episode) if to else None


def _end_recipients(policy: Policy, ended: Episode, seen: Seen) -> tuple[str, ...]:
    """Who was told that it began, or is about to be, or may have been: they are told that it is over."""
    anyone = not ended.sure or (not policy.first and not ended.told)
    told_of_it = (*ended.told, *seen.waiting, *seen.waiting_end)
    return tuple(each for each in seen.channels if anyone or each in told_of_it)
