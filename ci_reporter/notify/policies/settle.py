"""Who took which alert, noted in the state file: by the outbox before and after, and by what the channels said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ci_reporter.context import Context
from ci_reporter.frozen import replace
from ci_reporter.notify.alert import State
from ci_reporter.notify.delivery import Sent
from ci_reporter.notify.from_report import dedup_key
from ci_reporter.notify.outbox import Outbox, Waiting
from ci_reporter.notify.policies.state import Fate, entry_after
from ci_reporter.notify.policies.statefile import state_file
from ci_reporter.system.deadline import Deadline


def settle(context: Context, before: Sequence[Waiting], sent: Sequence[Sent], deadline: Deadline) -> str:
    """Note what became of the alerts that lay in the outbox before; what is wrong with the file, if anything is."""
    fates = list(
        _fates(before, {(each.alert.alert_id, each.channel) for each in Outbox(context.journal).pending()}, sent)
    )
    if not fates:
        return ""
    file = state_file(context)
    with file.lock(deadline):
        state, _ = file.read()
        entries = dict(state.entries)
        keys = {dedup_key(*key): key for key in entries}
        for about, fate in fates:
            if key := keys.get(about):
                entries[key] = entry_after(entries[key], fate)
        return file.write(replace(state, entries=entries)) if entries != state.entries else ""


def was_taken(each: Waiting, still: set[tuple[str, str]], sent: Mapping[str, Sent]) -> bool:
    """Whether a channel surely took an alert: it waits no more, alone or in a digest, and nothing was refused."""
    of = sent.get(each.channel)
    waits = (each.alert.alert_id, each.channel) in still
    return of is not None and of.taken > 0 and not waits and not of.waiting and not of.refused


def _fates(before: Sequence[Waiting], still: set[tuple[str, str]], sent: Sequence[Sent]) -> Iterator[tuple[str, Fate]]:
    by_channel = {each.channel: each for each in sent}
    for each in before:
        of = by_channel.get(each.channel)
        fate = Fate(over=each.alert.state is State.RESOLVED, at_s=each.alert.at_s or 0.0)
        waits = (each.alert.alert_id, each.channel) in still
        if was_taken(each, still, by_channel):
            reference = of.references.get(each.alert.alert_id) if of else None
            yield each.alert.dedup_key, replace(fate, taken={each.channel: reference})
        elif of and of.refused and not of.taken and not waits:
            yield each.alert.dedup_key, replace(fate, refused=(each.channel,))
        elif waits:
            yield each.alert.dedup_key, fate
