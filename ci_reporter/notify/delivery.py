"""Alerts to channels and back to the outbox: what was taken is forgotten, what may be taken later is kept.

The order of writes makes `kill -9` harmless: an alert is in the outbox before it is sent, and removed after the channel
took it. Killed in between it is sent twice; the other order could lose it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from ci_reporter.errors import CIReporterError, DeliveryError, Rejected, StateError
from ci_reporter.frozen import EMPTY, Frozen, replace
from ci_reporter.notify.alert import Alert
from ci_reporter.notify.digest import fold, urgency
from ci_reporter.notify.language import Language
from ci_reporter.notify.pace import room, wait_s
from ci_reporter.system.masking import Masking
from ci_reporter.system.parallel import run_together, run_until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.notify.notifier import Notifier
    from ci_reporter.notify.storage import Pacing, Storage
    from ci_reporter.system.deadline import Deadline

TOO_SOON = "the channel's rate limit leaves no room for it now"
_SHORT_S = 1.0  # our own pauses before another try are shorter
BUSY = "another process sends to this channel"


class Sent(Frozen):
    """What became of the alerts for one channel.

    How many messages it took, and for each other one why not: those that are `waiting` are in the outbox and go out
    with the next call, those that were `refused` are lost. `references` has what the channel calls a message, by
    alert id. `without_chart` says why a message that was taken stands there without its picture.
    """

    channel: str
    taken: int = 0
    waiting: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    references: Mapping[str, str] = EMPTY
    without_chart: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """Each reason once."""
        return tuple(dict.fromkeys((*self.refused, *self.waiting)))


class Mailroom(Frozen):
    """How alerts go out: the outbox (None keeps nothing), the language of digests, what hides secrets, the clock.

    A channel gets at most `most` messages at a time: what is more becomes a digest.
    """

    outbox: Storage | None = None
    language: Language = Language.EN
    masking: Masking = Masking()
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    most: int = 1000


class _Way(Frozen):
    """How messages go to one channel; without a `turn` its rate limit is not kept."""

    notifier: Notifier
    deadline: Deadline
    mailroom: Mailroom
    turn: Pacing | None = None


class _Attempt(Frozen):
    """One message to one channel: why it was not taken, and whether it never will be; else its name, if it has one.

    `pause_s` is for how long the channel wants to be left alone.
    """

    problem: str = ""
    final: bool = False
    pause_s: float = 0.0
    reference: str | None = None


def deliver(
    alerts: Sequence[Alert], notifiers: Sequence[Notifier], deadline: Deadline, mailroom: Mailroom
) -> list[Sent]:
    """Send alerts, and what waits in the outbox, to all channels side by side, all before the deadline.

    A channel that fails or hangs stops no other.
    """
    return run_together([partial(_to_channel, alerts, notifier, deadline, mailroom) for notifier in notifiers])


def _to_channel(alerts: Sequence[Alert], notifier: Notifier, deadline: Deadline, mailroom: Mailroom) -> Sent:
    if mailroom.outbox is not None:
        try:
            with mailroom.outbox.turn(notifier.name, deadline) as turn:
                if turn is None:
                    return _keep_new(alerts, notifier, mailroom, mailroom.outbox)
                return _in_turn(alerts, notifier, deadline, mailroom, turn)
        except StateError:
            return _without_turn(alerts, notifier, deadline, mailroom, mailroom.outbox)
    return _without_copies(alerts, notifier, deadline, mailroom)


def _keep_new(
    alerts: Sequence[Alert], notifier: Notifier, mailroom: Mailroom, outbox: Storage, why: str = BUSY
) -> Sent:
    """Leave what is new to the process that sends to this channel now, or to the next.

    What waits already is not touched: that process may just be sending it, and in a digest it would be said twice.
    """
    for each in _messages(alerts, notifier, notifier.rate.count, mailroom.language):
        outbox.keep(each, notifier.name)
    return Sent(channel=notifier.name, waiting=(why,))


def _without_turn(
    alerts: Sequence[Alert], notifier: Notifier, deadline: Deadline, mailroom: Mailroom, outbox: Storage
) -> Sent:
    """Send where the folder cannot be written, or the file of the rate limit cannot be used: better than not to send.

    What the outbox holds stays there until the channel takes it; for what it does not hold there is no second try.
    """
    kept = {each.alert.alert_id: each.alert for each in outbox.pending(notifier.name)}
    others = [each for each in alerts if each.alert_id not in kept]
    first = (
        _send_all(
            [*kept.values()][: notifier.rate.count], _Way(notifier=notifier, deadline=deadline, mailroom=mailroom)
        )
        if kept
        else None
    )
    second = _without_copies(others, notifier, deadline, mailroom) if others or not first else None
    return _sum(notifier.name, [each for each in (first, second) if each])


def _without_copies(alerts: Sequence[Alert], notifier: Notifier, deadline: Deadline, mailroom: Mailroom) -> Sent:
    """Send what nothing keeps: a message that may be taken later is lost, too."""
    messages = _messages(alerts, notifier, notifier.rate.count, mailroom.language)
    way = _Way(notifier=notifier, deadline=deadline, mailroom=replace(mailroom, outbox=None))
    sent = _send_all(messages, way)
    return replace(sent, refused=(*sent.refused, *sent.waiting), waiting=())


def _sum(channel: str, parts: Sequence[Sent]) -> Sent:
    return Sent(
        channel=channel,
        taken=sum(each.taken for each in parts),
        waiting=tuple(why for each in parts for why in each.waiting),
        refused=tuple(why for each in parts for why in each.refused),
        references={alert_id: name for each in parts for alert_id, name in each.references.items()},
        without_chart=tuple(why for each in parts for why in each.without_chart),
    )


def _in_turn(alerts: Sequence[Alert], notifier: Notifier, deadline: Deadline, mailroom: Mailroom, turn: Pacing) -> Sent:
    """Fold what waits and what is new into as many messages as the rate limit leaves room for, and send these."""
    outbox, name = mailroom.outbox, notifier.name
    assert outbox is not None  # noqa: S101
    pause_s = turn.pause_s(mailroom.clock())
    if pause_s >= deadline.left_s():
        return _keep_new(alerts, notifier, mailroom, outbox, f"it asked for a pause, which lasts {pause_s:.0f} s more")
    waiting = [each.alert for each in outbox.pending(name)]
    now_s = mailroom.clock()
    until_s = now_s + deadline.left_s() / 2  # half of the time is for the answers
    most = min(room(turn.sent_at(), notifier.rate, now_s, until_s), mailroom.most)
    messages = _messages([*waiting, *alerts], notifier, most, mailroom.language)
    # What is left out is said by a digest now, or by a later one with its key.
    outbox.fold(messages, {each.alert_id for each in waiting} - {each.alert_id for each in messages}, name)
    return _send_all(messages, _Way(notifier=notifier, deadline=deadline, mailroom=mailroom, turn=turn))


def _messages(alerts: Sequence[Alert], notifier: Notifier, most: int, language: Language) -> list[Alert]:
    """As many messages as there is room for; where an alert opens something, those with a key are never in a digest.

    A digest has no key, so what it opened nobody could close, and what is over would stay open. Of each key only the
    last message counts there; the most urgent ones go first, and what has no room waits.
    """
    if not getattr(notifier, "incidents", False) or len(alerts) <= most:
        return fold(alerts, most, language)
    keyed = {each.dedup_key: each for each in alerts if each.dedup_key}
    others = [each for each in alerts if not each.dedup_key]
    return [*sorted(keyed.values(), key=urgency), *fold(others, most - len(keyed), language)]


def _send_all(messages: Sequence[Alert], way: _Way) -> Sent:
    """Send one after the other, each as soon as the rate limit allows; after a failure that may pass, no further."""
    attempts: dict[str, _Attempt] = {}
    stopped, without_chart = _Attempt(), []
    outbox, name = way.mailroom.outbox, way.notifier.name
    for message in messages:
        attempt = stopped if stopped.problem else _attempt(message, way)
        attempts[message.alert_id] = attempt
        if attempt.problem and not attempt.final:
            stopped = attempt
            _keep(way.mailroom, message, name, attempt.problem)
        elif outbox is not None:
            outbox.remove(message.alert_id, name, attempt.problem)
        if message.charts and not attempt.problem:
            without_chart.append(_attempt_chart(message, attempt.reference, way).problem)
    failed = [each for each in attempts.values() if each.problem]
    return Sent(
        channel=name,
        taken=len(attempts) - len(failed),
        waiting=tuple(each.problem for each in failed if not each.final),
        refused=tuple(each.problem for each in failed if each.final),
        references={alert_id: each.reference for alert_id, each in attempts.items() if each.reference},
        without_chart=tuple(filter(None, without_chart)),
    )


def _attempt(message: Alert, way: _Way) -> _Attempt:
    return _in_time(way, lambda: way.notifier.send(message, way.deadline))


def _attempt_chart(message: Alert, reference: str | None, way: _Way) -> _Attempt:
    """Post the charts of a message that was taken, where the channel has a way to; that is not tried again."""
    if not getattr(way.notifier, "takes_charts", False):
        return _Attempt()
    post: Callable[..., None] = way.notifier.send_chart  # type: ignore[attr-defined]
    return _in_time(way, lambda: post(message, reference, way.deadline))


def _in_time(way: _Way, call: Callable[[], str | None]) -> _Attempt:
    """Wait until the rate limit allows a call, count it, make it."""
    rate, deadline = way.notifier.rate, way.deadline
    if way.turn:
        sent_at, now_s = way.turn.sent_at(), way.mailroom.clock()
        pause_s = wait_s(sent_at, rate, now_s)
        if pause_s >= deadline.left_s():
            return _Attempt(problem=TOO_SOON)
        way.mailroom.sleep(pause_s)
        way.turn.note([*sent_at, now_s + pause_s][-rate.count :])
    done = run_until(deadline, lambda: _outcome_of(call, way.mailroom.masking))
    if done and done[0].pause_s > _SHORT_S and way.turn:
        way.turn.pause(way.mailroom.clock(), done[0].pause_s)
    return done[0] if done else _Attempt(problem=f"no answer within {deadline.seconds:g} s")


def _outcome_of(call: Callable[[], str | None], masking: Masking) -> _Attempt:
    """Make the call; a channel's words never hold a secret of ours."""
    try:
        return _Attempt(reference=call())
    except CIReporterError as exc:
        asked_s = getattr(exc, "pause_s", 0.0)  # of a TryLaterError, which is not imported for this alone
        return _Attempt(problem=masking.mask(str(exc)), final=_is_final(exc), pause_s=asked_s)
    except Exception as exc:  # noqa: BLE001  a plug-in may raise anything, and its words may hold its secrets
        return _Attempt(
            problem=f"it failed with {type(exc).__name__}, a bug in the notifier; please report it", final=True
        )


def _is_final(error: CIReporterError) -> bool:
    """Whether trying again later is of no use."""
    return isinstance(error, Rejected) or not isinstance(error, DeliveryError)


def _keep(mailroom: Mailroom, message: Alert, channel: str, why: str) -> None:
    try:
        if mailroom.outbox is not None:
            mailroom.outbox.keep(message, channel, why)
    except StateError:
        pass  # it is in the outbox already, without the reason; or the folder is broken
