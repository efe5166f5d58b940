"""Many alerts → few messages: a storm ends in one that counts the others, and not in a ban of the channel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ci_reporter.model import uuid7
from ci_reporter.notify.alert import Alert, Level, State
from ci_reporter.notify.language import Language, more, words

_ORDER = tuple(Level)
_MOST_TITLES, _SHOWN = 100, 15


def fold(alerts: Sequence[Alert], room: int, language: Language = Language.EN) -> list[Alert]:
    """At most `room` messages (at least one) that say all of these alerts: the most urgent ones, then one digest."""
    if len(alerts) <= max(1, room):
        return list(alerts)
    urgent, alone = sorted(alerts, key=urgency), max(0, room - 1)
    return [*urgent[:alone], digest(urgent[alone:], language)]


def digest(alerts: Sequence[Alert], language: Language = Language.EN) -> Alert:
    """One alert that stands for several: how many they are, and how often each title came."""
    titles: Counter[str] = Counter()
    for each in alerts:
        titles.update(each.digest or {_title(each): 1})
    counted = dict(titles.most_common(_MOST_TITLES))
    lines = [f"{count} × {title}" for title, count in list(counted.items())[:_SHOWN]]
    left_out = titles.total() - sum(list(counted.values())[:_SHOWN])
    rest = titles.total() - sum(counted.values())
    return Alert(
        title=words("{} alerts", language).format(titles.total()),
        text="\n".join([*lines, more(left_out, language)] if left_out else lines),
        level=max((each.level for each in alerts), key=_ORDER.index),
        at_s=max((each.at_s for each in alerts if each.at_s is not None), default=None),
        alert_id=uuid7(),
        digest=counted | ({"…": rest} if rest else {}),
    )


def urgency(alert: Alert) -> tuple[int, float]:
    """The most urgent first, then the oldest."""
    return -_ORDER.index(alert.level), alert.at_s or 0.0


def _title(alert: Alert) -> str:
    return f"{words('Resolved', Language.EN)}: {alert.title}" if alert.state is State.RESOLVED else alert.title
