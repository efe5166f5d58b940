"""The judging thread's work, in this one: what arrives, with what came before it."""

import pytest

from ci_reporter.errors import StoreError
from ci_reporter.hub.alerts import feed
from ci_reporter.hub.alerts.book import Book
from ci_reporter.hub.alerts.outbox import DatabaseOutbox
from ci_reporter.hub.alerts.sender import Channels, Sender
from ci_reporter.hub.alerts.service import Alerts, Chore, Machinery, Worker
from ci_reporter.notify.delivery import Mailroom
from ci_reporter.schema import to_json
from tests.hub.alerts.conftest import T0, Robot, make_event, make_rules


@pytest.fixture
def hub(store, make_row):
    """Reports in, what is told out: `hub(rules, *events)`."""
    store.also_write(feed.put)
    made = []

    def run(rules, *events):
        robot = Robot()
        channels = Channels(notifier=lambda name: robot, mailroom=Mailroom())
        alerts = Alerts(
            Machinery(
                tables=store,
                book=Book(store, make_rules(rules)),
                sender=Sender(store, DatabaseOutbox(store), channels),
                reading=store.reading,
            )
        )
        made.append(alerts)
        import json

        for each in events:
            body = json.dumps({k: v for k, v in to_json(each.report).items() if v is not None})
            row = make_row(each.cause, at_ms=each.at_ms, received_ms=T0 * 2, body=body)
            store.write([[row]])
            alerts.judge()
        rows = store.select("SELECT transition FROM alert_message ORDER BY number")
        return [row[0].split()[0] for row in rows]

    yield run
    for each in made:
        if each._reading:
            each._reading.close()


def test_a_report_that_arrives_is_judged(hub):
    assert hub("  - { if: result == failure }\n", make_event("failure"), make_event("success", 1)) == [
        "first",
        "recovered",
    ]


def test_a_duration_is_compared_with_those_before_it(hub):
    steady = [make_event("success", n, step={"duration_ms": 1000 + n}) for n in range(5)]
    slow = make_event("success", 10, step={"duration_ms": 2000})
    assert hub('  - { if: "duration > +40%" }\n', *steady, slow) == ["first"]


def test_a_slow_drift_is_seen(hub):
    drift = [make_event("success", n, step={"duration_ms": round(1000 * 1.03**n)}) for n in range(25)]
    assert hub("  - { if: duration.rose > 25% }\n", *drift) == ["first"]


def test_noise_is_no_drift(hub):
    noise = [make_event("success", n, step={"duration_ms": 1000 + 137 * n % 400}) for n in range(25)]
    assert hub("  - { if: duration.rose > 25% }\n", *noise) == []


def test_a_step_whose_result_changes_though_its_code_does_not_is_flaky(hub):
    events = []
    for n in range(6):
        run = {"revision": f"{n:040d}"}
        events.append(make_event("failure" if n % 3 == 0 else "success", 2 * n, run=run))
        events.append(make_event("success", 2 * n + 1, run=run))
    assert hub("  - { if: flaky > 30% }\n", *events) == ["first"]


def test_a_chore_that_fails_is_said_once_and_tried_again(caplog):
    left = [StoreError("the database is gone")] * 3
    now_s = [0.0]

    def work():
        if left:
            raise left.pop()

    worker = Worker("test", [Chore(name="judging", every_s=0.5, work=work)], clock=lambda: now_s[0])
    problems = []
    for _ in range(5):
        worker.run_due()
        problems.append(worker.problems())
        now_s[0] += 2
    assert [len(each) for each in problems] == [1, 1, 1, 0, 0]
    assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == [
        "alerts: judging: the database is gone; it is tried again"
    ]
