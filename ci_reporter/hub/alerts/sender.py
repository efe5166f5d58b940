"""The outbox → channels, by what jobs send with (`notify.delivery`): digests, rate limits, retries.

Beside that the references that channels give their messages find their way back to what the rules know, so that "it is
over" answers the message that said it began; and what a silence held back is told when the silence has ended and the
thing has not.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ci_reporter.frozen import replace
from ci_reporter.hub.alerts.book import PENDING, REFUSED, SILENCED, entry_of, lock
from ci_reporter.hub.alerts.outbox import DatabaseOutbox
from ci_reporter.hub.silences.silence import Silence, active
from ci_reporter.hub.silences.windows import Window
from ci_reporter.hub.store.tables import Statement, Tables
from ci_reporter.notify.alert import State, from_json
from ci_reporter.notify.delivery import BUSY, TOO_SOON, Mailroom, Sent, deliver
from ci_reporter.notify.policies.state import Entry, Fate, entry_after
from ci_reporter.notify.policies.statefile import entry_to_json
from ci_reporter.system.deadline import Deadline
from ci_reporter.system.parallel import run_together

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.notify.notifier import Notifier

BUDGET_S = 10.0  # a hub that is stopped waits for no longer
MOST_AT_ONCE = 5  # messages a channel and turn: what is more becomes a digest
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 5.0, 300.0
_log = logging.getLogger("ci_reporter.hub.alerts")


@dataclass(frozen=True, kw_only=True)
class Channels:
    """How to reach people: `notifier` makes a channel by its name, or raises; `mailroom` has language and masking."""

    notifier: Callable[[str], Notifier]
    mailroom: Mailroom


class Sender:
    """Sends what waits. Calls raise StoreError where the database is gone; nothing is lost then."""

    def __init__(
        self,
        tables: Tables,
        outbox: DatabaseOutbox,
        channels: Channels,
        *,
        windows: Sequence[Window] = (),
        budget_s: float = BUDGET_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._tables = tables
        self._outbox = outbox
        self._channels = channels
        self._windows = windows
        self._budget_s = budget_s
        self._clock = clock

    def send(self) -> list[Sent]:
        """Send what waits to the channels that are not in a pause; what became of it, channel by channel."""
        names = self._due()
        return run_together([lambda name=name: self._to(name) for name in names]) if names else []  # type: ignore[misc]

    def release(self) -> int:
        """Put into the outbox what a silence held back, where the silence has ended and the thing goes on."""
        sql = "SELECT count(*) FROM alert_message WHERE state = :silenced"
        waits = self._tables.select(sql, silenced=SILENCED)[0][0]
        return self._tables.transact(self._release) if waits else 0

    def _due(self) -> list[str]:
        now_ms = round(self._clock() * 1000)
        rows = self._tables.select(
            "SELECT DISTINCT m.channel, coalesce(c.retry_ms, 0) FROM alert_message m"
            " LEFT JOIN alert_channel c ON c.channel = m.channel WHERE m.state = :pending ORDER BY 1",
            pending=PENDING,
        )
        # A time that lies further ahead than any pause is of a clock that was set back.
        return [name for name, retry_ms in rows if not now_ms < retry_ms <= now_ms + 2 * _LONGEST_PAUSE_S * 1000]

    def _to(self, name: str) -> Sent:
        try:
            notifier = self._channels.notifier(name)
        except Exception as exc:  # noqa: BLE001  a plug-in may raise anything, and its words may hold its secrets
            why = f"{name} is not set up at this hub ({type(exc).__name__})"
            return self._refuse_all(name, why)
        ours = replace(self._channels.mailroom, outbox=self._outbox, clock=self._clock, most=MOST_AT_ONCE)
        sent = deliver((), [notifier], Deadline(self._budget_s), ours)[0]
        self._note(name, sent)
        for why in dict.fromkeys(sent.refused):
            _log.error("an alert was refused for good by %s: %s", name, why)
        return sent

    def _refuse_all(self, name: str, why: str) -> Sent:
        waiting = self._outbox.pending(name)
        for each in waiting:
            self._outbox.remove(each.alert.alert_id, name, why)
        _log.error("%d alerts for %s are lost: %s", len(waiting), name, why)
        return Sent(channel=name, refused=(why,) * len(waiting))

    def _note(self, name: str, sent: Sent) -> None:
        """Write down what the channel calls its messages, and how long to leave it alone after a failure."""
        if not (sent.taken or sent.refused or {*sent.waiting} - {BUSY, TOO_SOON}):
            return

        def work(run: Statement) -> None:
            lock(run)
            _note_failures(run, name, sent, round(self._clock() * 1000))
            for alert_id, reference in sent.references.items():
                _note_reference(run, name, alert_id, reference)

        self._tables.transact(work)

    def _release(self, run: Statement) -> int:
        now_ms = round(self._clock() * 1000)
        lock(run)
        rows = run(
            "SELECT message_id, channel, rule, grp, labels, alert FROM alert_message"
            " WHERE state = :silenced ORDER BY number LIMIT 1000",
            silenced=SILENCED,
        )
        silences: list[Silence | Window] = [*active(run, now_ms), *self._windows]
        return sum(_release(run, row, silences, now_ms) for row in rows)


def _release(run: Statement, row: Sequence[str], silences: Sequence[Silence | Window], now_ms: int) -> bool:
    message_id, channel, rule, grp, labels, alert = row
    if any(each.holds_back(json.loads(labels), now_ms) for each in silences):
        return False
    entry = _entry(run, rule, grp)
    at_s = from_json(json.loads(alert)).at_s or 0.0
    goes_on = entry.episode is not None and entry.episode.since_s <= at_s and channel not in entry.episode.told
    sql = (
        "UPDATE alert_message SET state = :state, created_ms = :now WHERE message_id = :message_id"
        " AND channel = :channel AND state = :silenced RETURNING message_id"
    )
    state = PENDING if goes_on else REFUSED
    changed = run(sql, state=state, now=now_ms, message_id=message_id, channel=channel, silenced=SILENCED)
    if changed and goes_on:
        fate = Fate(over=False, at_s=at_s, taken={channel: None})
        _write(run, rule, grp, entry_after(entry, fate))
    return bool(changed) and goes_on


def _note_failures(run: Statement, name: str, sent: Sent, now_ms: int) -> None:
    """After a failure the channel is left alone for 5 s, then for twice as long each time, up to five minutes."""
    if not sent.waiting or sent.taken:
        run("UPDATE alert_channel SET failures = 0, retry_ms = 0 WHERE channel = :channel", channel=name)
        return
    rows = run("SELECT failures FROM alert_channel WHERE channel = :channel", channel=name)
    failures = int(rows[0][0]) if rows else 0
    pause_s = min(_FIRST_PAUSE_S * 2 ** min(failures, 10), _LONGEST_PAUSE_S)
    run(
        "UPDATE alert_channel SET failures = :failures, retry_ms = :retry WHERE channel = :channel",
        failures=failures + 1,
        retry=now_ms + round(pause_s * 1000),
        channel=name,
    )


def _note_reference(run: Statement, name: str, alert_id: str, reference: str | None) -> None:
    """What the channel calls a message: the rule's episode has it, for later messages to answer it."""
    rows = run(
        "UPDATE alert_message SET reference = :reference WHERE message_id = :id AND channel = :channel"
        " RETURNING rule, grp, alert",
        reference=reference,
        id=alert_id,
        channel=name,
    )
    for rule, grp, text in rows:
        alert, entry = from_json(json.loads(text)), _entry(run, rule, grp)
        if alert.state is State.FIRING and entry.episode and entry.episode.since_s <= (alert.at_s or 0.0):
            references: Mapping[str, str] = {name: reference or "", **entry.episode.references}
            _write(run, rule, grp, replace(entry, episode=replace(entry.episode, references=references)))


def _entry(run: Statement, rule: str, grp: str) -> Entry:
    rows = run("SELECT entry FROM alert_entry WHERE rule = :rule AND grp = :grp", rule=rule, grp=grp)
    return (entry_of(rows[0][0]) if rows else None) or Entry()


def _write(run: Statement, rule: str, grp: str, entry: Entry) -> None:
    run(
        "UPDATE alert_entry SET entry = :entry WHERE rule = :rule AND grp = :grp",
        entry=json.dumps(entry_to_json(entry)),
        rule=rule,
        grp=grp,
    )
