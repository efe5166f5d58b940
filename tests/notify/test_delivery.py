"""Alerts to channels that fail, hang, refuse and are limited: none stops another, none is lost, none is banned."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.frozen import Frozen, replace
from ci_reporter.http import TryLaterError
from ci_reporter.journal import Journal
from ci_reporter.notify.alert import Alert, Level, State
from ci_reporter.notify.delivery import Mailroom, deliver
from ci_reporter.notify.notifier import Rate
from ci_reporter.notify.outbox import Outbox
from ci_reporter.system.deadline import Deadline
from ci_reporter.system.masking import Masking
from tests.notify.makers import CHARTS, make_alert


class Channel(Frozen):
    """A channel in this process: `act` is called with each message, and may raise or hang."""

    name: str = "chat"
    rate: Rate = Rate(count=20, per_s=60.0)
    incidents: bool = False
    act: object = None
    taken: list

    def send(self, alert, deadline):
        reference = self.act(alert) if self.act else None
        self.taken.append(alert)
        return reference


def channel(name="chat", act=None, **more):
    return Channel(name=name, act=act, taken=[], **more)


def failing(error):
    def act(alert):
        raise error

    return act


def alerts(count, **more):
    return [make_alert(title=f"t{at}", alert_id=f"id-{at:05}", **more) for at in range(count)]


def ends(count):
    """Alerts that are over, each with a key of its own."""
    return [make_alert(alert_id=f"end-{at:02}", dedup_key=f"k{at}", state=State.RESOLVED) for at in range(count)]


@pytest.fixture
def outbox(tmp_path):
    return Outbox(Journal(str(tmp_path / "state")))


@pytest.fixture
def mailroom(outbox):
    return Mailroom(outbox=outbox)


def test_what_a_channel_takes_is_forgotten(mailroom, outbox, deadline):
    chat = channel(act=lambda alert: f"ts-{alert.title}")
    (sent,) = deliver(alerts(2), [chat], deadline, mailroom)
    assert (sent.taken, sent.problems, sent.references) == (2, (), {"id-00000": "ts-t0", "id-00001": "ts-t1"})
    assert len(outbox) == 0


def test_what_may_be_taken_later_waits_and_goes_out_with_the_next_call(mailroom, outbox, deadline):
    (sent,) = deliver(alerts(2), [channel(act=failing(DeliveryError("no answer")))], deadline, mailroom)
    assert (sent.taken, sent.waiting) == (0, ("no answer", "no answer"))
    assert [(each.alert.title, each.reason) for each in outbox.pending()] == [("t0", "no answer"), ("t1", "no answer")]
    again = channel()
    deliver((), [again], deadline, mailroom)
    assert again.taken == alerts(2)
    assert len(outbox) == 0


def test_after_a_failure_that_may_pass_the_channel_is_left_alone(mailroom, deadline):
    asked = []
    deliver(
        alerts(5),
        [channel(act=lambda alert: asked.append(alert) or failing(DeliveryError("503"))(alert))],
        deadline,
        mailroom,
    )
    assert len(asked) == 1


def test_what_is_refused_is_said_once_and_not_kept(mailroom, outbox, deadline):
    (sent,) = deliver(alerts(1), [channel(act=failing(Rejected("invalid token")))], deadline, mailroom)
    assert (sent.refused, len(outbox)) == (("invalid token",), 0)


def test_a_refused_message_does_not_hold_up_the_others(mailroom, deadline):
    chat = channel(act=lambda alert: failing(Rejected("too long"))(alert) if alert.title == "t0" else None)
    (sent,) = deliver(alerts(3), [chat], deadline, mailroom)
    assert (sent.taken, sent.refused) == (2, ("too long",))


@pytest.mark.parametrize("error", [Rejected("no"), DeliveryError("later"), RuntimeError("hunter2secret")])
def test_one_channel_that_fails_stops_no_other(mailroom, deadline, error):
    good = channel("good")
    sent = deliver(alerts(1), [channel("bad", failing(error)), good], deadline, mailroom)
    assert [each.taken for each in sent] == [0, 1]
    assert "hunter2secret" not in str(sent)


def test_a_channel_that_hangs_stops_no_other_and_holds_nobody_up(mailroom, outbox):
    good, begun = channel("good"), time.monotonic()
    sent = deliver(alerts(1), [channel("bad", lambda alert: time.sleep(60)), good], Deadline(1), mailroom)
    assert time.monotonic() - begun < 30
    assert (sent[0].waiting, good.taken) == (("no answer within 1 s",), alerts(1))
    assert [each.channel for each in outbox.pending()] == ["bad"]


def test_a_secret_in_the_words_of_a_channel_is_masked(outbox, deadline):
    mailroom = Mailroom(outbox=outbox, masking=Masking(["hunter2secret"]))
    (sent,) = deliver(alerts(1), [channel(act=failing(Rejected("bad token hunter2secret")))], deadline, mailroom)
    assert sent.refused == ("bad token ***",)


def test_a_storm_stays_within_the_rate_limit_and_ends_in_a_digest(mailroom, outbox, deadline):
    chat = channel(rate=Rate(count=20, per_s=60.0))
    (sent,) = deliver(alerts(10_000), [chat], deadline, mailroom)
    assert (sent.taken, len(chat.taken), len(outbox)) == (20, 20, 0)
    assert chat.taken[-1].title == "9981 alerts"
    deliver(alerts(10_000, level=Level.CRITICAL), [chat], Deadline(1), mailroom)
    assert len(chat.taken) == 20
    (waiting,) = outbox.pending()
    assert (waiting.alert.title, waiting.alert.level) == ("10000 alerts", Level.CRITICAL)


def test_storms_of_many_processes_share_the_rate_limit(mailroom, tmp_path, deadline):
    """Each process has one alert; the channel appends a line to a file."""
    script = """
import sys
from ci_reporter.journal import Journal
from ci_reporter.notify.alert import Alert
from ci_reporter.notify.delivery import Mailroom, deliver
from ci_reporter.notify.outbox import Outbox
from ci_reporter.system.deadline import Deadline
from tests.notify.test_delivery import channel
from ci_reporter.notify.notifier import Rate

def act(alert):
    with open(sys.argv[1], "a") as file:
        file.write(f"{sum(alert.digest.values()) or 1}\\n")

alert = Alert(title="t", alert_id=sys.argv[3])
mailroom = Mailroom(outbox=Outbox(Journal(sys.argv[2])))
deliver([alert], [channel(act=act, rate=Rate(count=3, per_s=600.0))], Deadline(60), mailroom)
"""
    lines = tmp_path / "lines"
    line = [sys.executable, "-c", script, str(lines), str(tmp_path / "state")]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    started = [subprocess.Popen([*line, f"id-{at}"], env=env) for at in range(6)]
    assert [each.wait(100) for each in started] == [0] * 6
    counts = [int(each) for each in lines.read_text().split()]
    waiting = sum(sum(each.alert.digest.values()) or 1 for each in mailroom.outbox.pending())
    assert len(counts) == 3
    assert sum(counts) + waiting == 6


def test_what_another_process_may_be_sending_is_not_said_in_a_digest_too(mailroom, outbox, deadline):
    first, second, third = alerts(3)
    outbox.keep(first, "chat")
    outbox.keep(second, "chat")
    with outbox.turn("chat", deadline):
        (sent,) = deliver([third], [channel()], Deadline(0), mailroom)
    assert sent.waiting == ("another process sends to this channel",)
    assert [each.alert for each in outbox.pending()] == [first, second, third]


def test_killed_while_it_sends_the_alert_is_kept(tmp_path, outbox, eventually):
    script = """
import sys, time
from ci_reporter.journal import Journal
from ci_reporter.notify.alert import Alert
from ci_reporter.notify.delivery import Mailroom, deliver
from ci_reporter.notify.outbox import Outbox
from ci_reporter.system.deadline import Deadline
from tests.notify.test_delivery import channel

def act(alert):
    open(sys.argv[2], "w").close()
    time.sleep(60)

mailroom = Mailroom(outbox=Outbox(Journal(sys.argv[1])))
deliver([Alert(title="t", alert_id="id-1")], [channel(act=act)], Deadline(60), mailroom)
"""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    mark = tmp_path / "sending"
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "state"), str(mark)], env=env)
    eventually(mark.exists, what="the channel to be asked")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert [each.alert.title for each in outbox.pending("chat")] == ["t"]


def test_where_the_state_folder_cannot_be_written_it_is_sent_all_the_same(tmp_path, deadline):
    (tmp_path / "state").write_text("a file")
    chat = channel()
    (sent,) = deliver(alerts(1), [chat], deadline, Mailroom(outbox=Outbox(Journal(str(tmp_path / "state")))))
    assert (sent.taken, len(chat.taken)) == (1, 1)


def block_turn(outbox):
    os.makedirs(os.path.join(outbox.path, "chat.sent"))  # what should be a file


def test_what_waits_goes_out_where_the_file_of_the_rate_limit_cannot_be_used(mailroom, outbox, deadline):
    block_turn(outbox)
    outbox.keep(*alerts(1), "chat")
    chat = channel()
    (sent,) = deliver((), [chat], deadline, mailroom)
    assert (sent.taken, sent.problems, chat.taken, len(outbox)) == (1, (), alerts(1), 0)


def test_what_fails_there_goes_on_waiting_and_is_said(mailroom, outbox, deadline):
    block_turn(outbox)
    outbox.keep(*alerts(1), "chat")
    (sent,) = deliver((), [channel(act=failing(DeliveryError("no answer")))], deadline, mailroom)
    assert (sent.waiting, sent.refused, len(outbox)) == (("no answer",), (), 1)


def test_what_nothing_keeps_is_lost_and_not_said_to_wait(deadline):
    (sent,) = deliver(alerts(1), [channel(act=failing(DeliveryError("no answer")))], deadline, Mailroom())
    assert (sent.waiting, sent.refused) == ((), ("no answer",))


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"alert":{}}', b'{"alert":{"title":1}}', b"[" * 99_999]
)
def test_a_damaged_file_in_the_outbox_is_passed_over(outbox, mailroom, deadline, content):
    outbox.keep(Alert(title="good", alert_id="id-2"), "chat")
    Path(outbox.path, "id-1.chat.json").write_bytes(content)
    chat = channel()
    deliver((), [chat], deadline, mailroom)
    assert [each.title for each in chat.taken] == ["good"]


def test_a_fifo_in_the_outbox_hangs_nobody(outbox, mailroom, deadline):
    outbox.keep(Alert(title="good", alert_id="id-2"), "chat")
    os.mkfifo(f"{outbox.path}/id-1.chat.json")
    chat = channel()
    deliver((), [chat], deadline, mailroom)
    assert [each.title for each in chat.taken] == ["good"]


@pytest.mark.parametrize("content", [b"x", b"{}", b'["a"]', b"[1e999]", b"[null]"])
def test_damaged_times_of_sending_close_no_channel(outbox, mailroom, deadline, content):
    os.makedirs(outbox.path)
    Path(outbox.path, "chat.sent").write_bytes(content)
    (sent,) = deliver(alerts(1), [channel()], deadline, mailroom)
    assert sent.taken == 1


def test_what_opens_incidents_is_told_of_each_end_by_itself(mailroom):
    pager = channel(incidents=True)
    storm = [*alerts(30, dedup_key=""), *ends(10)]
    (sent,) = deliver(storm, [pager], Deadline(20), mailroom)
    assert [each.alert_id for each in pager.taken if each.state is State.RESOLVED] == [
        f"end-{at:02}" for at in range(10)
    ]
    assert (sent.taken, pager.taken[-1].title) == (20, "21 alerts")


def test_what_can_be_resolved_by_its_key_is_in_no_digest_and_waits(mailroom, outbox):
    pager = channel(incidents=True)
    storm = [make_alert(alert_id=f"id-{at:02}", dedup_key=f"key-{at}") for at in range(30)]
    (sent,) = deliver(storm, [pager], Deadline(5), mailroom)
    assert [each.dedup_key for each in (*pager.taken, *(one.alert for one in outbox.pending()))] == [
        each.dedup_key for each in storm
    ]
    assert sent.taken == 20


def test_of_one_key_only_the_last_message_counts_in_a_storm(mailroom, outbox):
    pager = channel(incidents=True)
    deliver([*alerts(30), *alerts(1, state=State.RESOLVED)], [pager], Deadline(5), mailroom)
    assert [each.state for each in pager.taken] == [State.RESOLVED]
    assert outbox.pending() == []


def test_an_end_that_has_no_room_waits(mailroom, outbox):
    pager = channel(incidents=True)
    (sent,) = deliver(ends(30), [pager], Deadline(5), mailroom)
    assert (sent.taken, len(outbox.pending())) == (20, 10)


class PictureChannel(Channel):
    """A channel that takes pictures beside its messages."""

    takes_charts = True
    charts: object = None

    def send_chart(self, alert, reference, deadline):
        self.taken.append((alert.title, reference))
        if self.charts:
            self.charts()


@pytest.fixture
def chart_alert():
    return make_alert(title="t", charts=CHARTS)


def picture_channel(**more):
    return PictureChannel(taken=[], **{"act": lambda alert: "ref"} | more)


def test_a_chart_follows_its_message(chart_alert, mailroom, deadline):
    chat = picture_channel()
    (sent,) = deliver([chart_alert], [chat], deadline, mailroom)
    assert (chat.taken, sent.without_chart) == ([chart_alert, ("t", "ref")], ())


def test_a_chart_that_is_refused_costs_no_message(chart_alert, mailroom, outbox, deadline):
    def refuse():
        raise Rejected("chat refused: too large")

    (sent,) = deliver([chart_alert], [picture_channel(charts=refuse)], deadline, mailroom)
    assert (sent.taken, sent.problems, sent.without_chart) == (1, (), ("chat refused: too large",))
    assert outbox.pending() == []


def test_no_chart_follows_a_message_that_was_not_taken(chart_alert, mailroom, deadline):
    chat = picture_channel(act=failing(DeliveryError("no")))
    (sent,) = deliver([chart_alert], [chat], deadline, mailroom)
    assert (chat.taken, sent.waiting, sent.without_chart) == ([], ("no",), ())


def test_a_chart_counts_in_the_rate_limit(chart_alert, mailroom):
    chat = picture_channel(rate=Rate(count=1, per_s=3600.0))
    (sent,) = deliver([chart_alert], [chat], Deadline(2), mailroom)
    assert (len(chat.taken), sent.without_chart) == (1, ("the channel's rate limit leaves no room for it now",))


def test_a_channel_that_asks_for_a_pause_is_left_alone_by_the_next_process(mailroom, outbox, deadline):
    deliver(alerts(1), [channel(act=failing(TryLaterError("429", 600.0)))], deadline, mailroom)
    later = channel()
    (sent,) = deliver(alerts(2), [later], deadline, replace(mailroom, clock=lambda: time.time() + 590))
    assert (later.taken, sent.waiting) == ([], ("it asked for a pause, which lasts 10 s more",))
    (sent,) = deliver((), [later], deadline, replace(mailroom, clock=lambda: time.time() + 601))
    assert (sent.taken, len(outbox)) == (2, 0)


def test_a_pause_is_at_most_an_hour(mailroom, deadline):
    deliver(alerts(1), [channel(act=failing(TryLaterError("429", 1e9)))], deadline, mailroom)
    (sent,) = deliver((), [channel()], deadline, replace(mailroom, clock=lambda: time.time() + 3601))
    assert sent.taken == 1
