"""A storm of failures, and the real notifier of DingTalk before a robot that is as strict as DingTalk's.

Source: DingTalk's "custom robot": 20 messages a minute; whoever sends more is blocked for ten minutes.
"""

import json

import pytest

from ci_reporter.hub.alerts.book import Book
from ci_reporter.hub.alerts.outbox import DatabaseOutbox
from ci_reporter.hub.alerts.sender import Channels, Sender
from ci_reporter.notify.delivery import Mailroom
from ci_reporter.notify.dingtalk import DingtalkSettings
from ci_reporter.notify.language import Language
from tests.hub.alerts.conftest import MAIN_IS_RED, make_event, make_rules
from tests.hub.alerts.test_sender import Clock
from tests.vendors import serving


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_storm_never_gets_the_robot_blocked(store):
    clock, taken, blocked = Clock(), [], []

    def robot(asked):
        recent = [at for at, _ in taken if clock.now_s - 60 < at]
        if len(recent) >= 20:
            blocked.append(clock.now_s)
            return 200, {}, b'{"errcode": 130101, "errmsg": "send too fast"}'
        taken.append((clock.now_s, json.loads(asked.body)))
        return 200, {}, b'{"errcode": 0, "errmsg": "ok"}'

    with serving(robot) as url:
        settings = DingtalkSettings(url=f"{url}/robot/send?access_token=secret")
        notifier = settings.notifier({}, Language.EN)
        channels = Channels(notifier=lambda name: notifier, mailroom=Mailroom(sleep=clock.sleep))
        outbox = DatabaseOutbox(store, clock=clock, monotonic=clock)
        sender = Sender(store, outbox, channels, clock=clock, budget_s=5)
        for second in range(30):
            events = [make_event("failure", second, run={"branch": f"{second}-{n}"}) for n in range(4)]
            Book(store, make_rules(MAIN_IS_RED, "dingtalk"), clock=clock).judge(lambda run, events=events: events)
            sender.send()
            clock.now_s += 3
        clock.now_s += 60
        sender.send()
    assert blocked == []
    assert len(taken) > 20
    assert store.select("SELECT DISTINCT state FROM alert_message ORDER BY state") == [("folded",), ("sent",)]
