"""What waits → channels: once, at a pace that no channel bans, and through a database that comes and goes."""

import pytest

from ci_reporter.errors import StoreError
from ci_reporter.hub.alerts.book import Book
from ci_reporter.hub.alerts.outbox import DatabaseOutbox
from ci_reporter.hub.alerts.sender import Channels, Sender
from ci_reporter.hub.silences.matchers import parse
from ci_reporter.hub.silences.silence import Silences, new_silence
from ci_reporter.notify.delivery import Mailroom
from tests.hub.alerts.conftest import MAIN_IS_RED, T0, Robot, make_event, make_rules


class Clock:
    """A clock that a test sets."""

    def __init__(self, now_s: float = T0 / 1000) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture
def clock():
    return Clock()


def make_sender(store, robot, clock, **more):
    known = {"clock": clock, "monotonic": clock, "lease_s": 60.0}
    outbox = DatabaseOutbox(store, **known | more)
    channels = Channels(notifier=lambda name: robot, mailroom=Mailroom(sleep=clock.sleep))
    return Sender(store, outbox, channels, clock=clock, budget_s=5)


def fail(store, clock, *more, rules=MAIN_IS_RED):
    """One failure, or the events given, held against the rule."""
    Book(store, make_rules(rules), clock=clock).judge(lambda run: more or [make_event("failure")])


def waiting(store):
    return store.select("SELECT count(*) FROM alert_message WHERE state = 'pending'")[0][0]


def test_a_message_is_sent_once(store, clock):
    robot = Robot()
    sender = make_sender(store, robot, clock)
    fail(store, clock)
    sender.send()
    sender.send()
    assert robot.arrivals == 1
    assert robot.titles == ["firing: main is red (pytest)"]


def test_the_end_answers_the_message_of_the_beginning(store, clock):
    robot = Robot()
    sender = make_sender(store, robot, clock)
    fail(store, clock)
    sender.send()
    fail(store, clock, make_event("success", 5))
    sender.send()
    first, last = robot.taken.values()
    assert last.replies_to == {"robot": "thread-1"}
    assert first.dedup_key == last.dedup_key


def test_what_a_channel_does_not_take_waits_and_its_pauses_grow(store, clock):
    robot = Robot(is_down=True)
    sender = make_sender(store, robot, clock)
    fail(store, clock)
    tries = []
    for _ in range(60):
        if sender.send():
            tries.append(round(clock.now_s - T0 / 1000))
        clock.now_s += 1
    assert tries == [0, 5, 15, 35]
    robot.is_down = False
    clock.now_s += 60
    sender.send()
    assert robot.arrivals == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_thousand_failures_at_once_are_five_messages_of_which_one_counts_the_rest(store, clock):
    robot = Robot()
    sender = make_sender(store, robot, clock)
    fail(store, clock, *(make_event("failure", run={"branch": f"b{n}"}) for n in range(1000)))
    sender.send()
    assert robot.titles[-1] == "firing: 996 alerts"
    assert robot.arrivals == 5
    assert waiting(store) == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_storm_that_goes_on_stays_within_the_channels_limit(store, clock):
    robot = Robot(clock=clock)
    sender = make_sender(store, robot, clock)
    for second in range(24):
        fail(store, clock, *(make_event("failure", second, run={"branch": f"{second}-{n}"}) for n in range(6)))
        sender.send()
        clock.now_s += 3
    clock.now_s += 60
    sender.send()
    in_a_minute = [sum(at - 60 < each <= at for each in robot.times) for at in robot.times]
    told = sum(sum(each.digest.values()) or 1 for each in robot.taken.values())
    assert max(in_a_minute) <= 20
    assert told == 144


def test_of_two_replicas_one_sends(store, clock):
    robot = Robot()
    first, second = (make_sender(store, robot, clock) for _ in range(2))
    fail(store, clock)
    with first._outbox.turn("robot", None) as turn:
        assert turn
        second.send()
    assert robot.arrivals == 0
    second.send()
    assert robot.arrivals == 1


def test_the_turn_of_a_replica_that_died_ends(store, clock):
    robot = Robot()
    dead, alive = (make_sender(store, robot, clock) for _ in range(2))
    fail(store, clock)
    dead._outbox._take("robot")
    for _ in range(70):
        alive.send()
        clock.now_s += 1
    assert robot.arrivals == 1


def test_a_clock_that_jumps_takes_nobodys_turn(store, clock):
    robot, steady = Robot(), Clock()
    first, second = (make_sender(store, robot, clock, monotonic=steady) for _ in range(2))
    fail(store, clock)
    with first._outbox.turn("robot", None):
        second.send()
        clock.now_s += 86_400
        second.send()
    assert robot.arrivals == 0


@pytest.mark.parametrize("jump_s", [-86_400, 86_400], ids=["back", "ahead"])
def test_a_clock_that_jumps_delays_nothing(store, clock, jump_s):
    robot = Robot(is_down=True)
    sender = make_sender(store, robot, clock)
    fail(store, clock)
    sender.send()
    robot.is_down = False
    clock.now_s += jump_s
    sender.send()
    assert robot.arrivals == 1


class Flaky:
    """A database that is gone at times."""

    def __init__(self, store) -> None:
        self._store, self.is_gone = store, False

    def select(self, *args, **values):
        return self._look().select(*args, **values)

    def transact(self, work):
        return self._look().transact(work)

    def _look(self):
        if self.is_gone:
            raise StoreError("the database is gone")
        return self._store


def test_what_a_channel_took_while_the_database_was_gone_is_not_sent_again(store, clock):
    database = Flaky(store)
    robot = Robot()
    take = robot.send

    def send(alert, deadline):
        database.is_gone = True
        return take(alert, deadline)

    robot.send = send
    sender = make_sender(database, robot, clock)
    fail(store, clock)
    for _ in range(3):
        with pytest.raises(StoreError):
            sender.send()
    database.is_gone = False
    sender.send()
    assert robot.arrivals == 1
    assert waiting(store) == 0


def test_a_channel_that_is_not_set_up_is_said_and_holds_nothing_up(store, clock):
    robot = Robot()

    def notifier(name):
        if name == "gone":
            raise KeyError(name)
        return robot

    sender = Sender(store, DatabaseOutbox(store), Channels(notifier=notifier, mailroom=Mailroom()), clock=clock)
    Book(store, make_rules(MAIN_IS_RED, "gone", "robot"), clock=clock).judge(lambda run: [make_event("failure")])
    sender.send()
    reasons = store.select("SELECT channel, state, reason FROM alert_message ORDER BY channel")
    assert reasons == [("gone", "refused", "gone is not set up at this hub (KeyError)"), ("robot", "sent", None)]


def silence(store, clock, seconds):
    kept = new_silence(
        [parse("branch=main")],
        starts_ms=round(clock() * 1000),
        ends_ms=round((clock() + seconds) * 1000),
        author="ada",
        comment="moving house",
        now_ms=round(clock() * 1000),
    )
    Silences(store).add(kept)


def test_what_still_fails_when_its_silence_ends_is_told_then(store, clock):
    robot = Robot()
    sender = make_sender(store, robot, clock)
    silence(store, clock, 60)
    fail(store, clock)
    sender.release()
    sender.send()
    assert robot.arrivals == 0
    clock.now_s += 61
    assert sender.release() == 1
    sender.send()
    fail(store, clock, make_event("success", 100))
    sender.send()
    assert robot.titles == ["firing: main is red (pytest)", "resolved: main is red (pytest)"]


def test_what_was_mended_under_a_silence_is_never_told(store, clock):
    robot = Robot()
    sender = make_sender(store, robot, clock)
    silence(store, clock, 60)
    fail(store, clock, make_event("failure"), make_event("success", 5))
    clock.now_s += 61
    sender.release()
    sender.send()
    assert robot.arrivals == 0
