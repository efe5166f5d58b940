"""What is known of a rule's state from other places than its own file, which a CI's cache may have lost. Pure.

A file that lacks the last run's state cannot tell so itself; a record of that run in the journal, or what the
Pushgateway last held, can. Three examples, `+` a run in which the condition held, `-` one in which it did not:

    the file knows       another place saw     so the last run's write was lost, and
    +  (said)            + -  later            a new `+` is said, a new `-` may be a second "recovered"
    -                    - +  later            a new `+` is said, and so is a new `-`
    nothing              +  (Pushgateway)      that is all there is: a new `+` counts as said, a new `-` is said
"""

from __future__ import annotations

from ci_reporter.frozen import Frozen, replace
from ci_reporter.notify.policies.policy import Policy
from ci_reporter.notify.policies.state import Entry, Episode, Member, is_ripe

_CLOCK_S = 0.002  # a gateway keeps times as floats, a record in milliseconds


class Sighting(Frozen):
    """The last earlier run of a series: whether the condition held, when it ended, since when that is so if known.

    `only` says that nothing else is known of the series: what it says is then taken for what was said, too.
    """

    holds: bool
    at_s: float
    since_s: float | None = None
    only: bool = False


def correct(policy: Policy, entry: Entry, series: str, last: Sighting | None, channels: tuple[str, ...]) -> Entry:
    """The entry with what a later sighting of this series says."""
    member = entry.members.get(series)
    if last is None or (member and member.at_s >= last.at_s - _CLOCK_S):
        return entry
    if member and member.holds is last.holds:
        return entry
    seen = Member(holds=last.holds, since_s=last.at_s, runs=1, at_s=last.at_s)
    entry = replace(entry, members={**entry.members, series: seen})
    if last.holds and is_ripe(policy, seen) and not entry.episode:
        return replace(entry, episode=_episode(policy, last, seen, channels), ended=None)
    if last.holds and last.only and not entry.episode:
        return replace(entry, ended=_unsure(last))
    if entry.episode and not any(each.holds for each in entry.members.values()):
        return replace(entry, episode=None, ended=entry.episode)
    return entry


def doubt(entry: Entry) -> Entry:
    """The entry where runs may be missing that nobody else knows: the episode may have ended and begun again."""
    return (
        replace(entry, episode=replace(entry.episode, told=(), told_at_s=None, sure=False)) if entry.episode else entry
    )


def _unsure(last: Sighting) -> Episode:
    """One that somebody may have been told of: whether the condition held for long enough, this place cannot tell.

    A run in which it holds begins a new episode; one in which it does not tells that this one is over.
    """
    return Episode(since_s=last.at_s if last.since_s is None else last.since_s, runs=1, sure=False, least=True)


def _episode(policy: Policy, last: Sighting, seen: Member, channels: tuple[str, ...]) -> Episode:
    if not last.only:
        return Episode(since_s=seen.since_s, runs=1, sure=False, least=True)
    # Nobody knows when it was said. Had every run known what this one knows, it would have been said when it began and
    # at the first run after each `repeat` from then on: that is where the last message is taken to have been.
    began_s, repeat_s = seen.at_s if last.since_s is None else last.since_s, policy.repeat_s
    told_at_s = began_s + (seen.at_s - began_s) // repeat_s * repeat_s if repeat_s else seen.at_s
    return Episode(since_s=seen.since_s, runs=1, told=channels, told_at_s=told_at_s, least=True)
