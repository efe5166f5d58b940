"""What macOS and Windows use instead, tried here as far as it runs here."""

import os
import signal
import sys
import threading
import time

import pytest

from ci_reporter.runner import windows
from ci_reporter.runner.interrupt import Interrupted, interruptible
from ci_reporter.runner.signals import HandledSignals


@pytest.fixture
def signals():
    handlers = HandledSignals(frozenset({signal.SIGUSR1, signal.SIGINT}))
    yield handlers
    handlers.release()


def test_without_sigtimedwait_a_signal_is_an_event(signals):
    os.kill(os.getpid(), signal.SIGUSR1)
    assert signals.next(5.0).number == signal.SIGUSR1


def test_without_sigtimedwait_waiting_ends_when_one_comes(signals):
    threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGUSR1)).start()
    event = signals.next(10.0)
    assert (event.number, event.from_terminal) == (signal.SIGUSR1, False)


def test_without_sigtimedwait_no_signal_is_none(signals):
    assert signals.next(0.01) is None


def test_without_sigtimedwait_waiting_costs_no_time(signals):
    """What has woken us once does not wake us again: a command may run for hours after a first signal."""
    os.kill(os.getpid(), signal.SIGUSR1)
    signals.next(5.0)
    before = time.process_time()
    assert signals.next(0.5) is None
    assert time.process_time() - before < 0.1


def test_without_sigtimedwait_a_stop_that_has_come_is_taken_before_others(signals):
    os.kill(os.getpid(), signal.SIGUSR1)
    os.kill(os.getpid(), signal.SIGINT)
    assert (signals.has_stop(), signals.take_stop(), signals.take_stop()) == (True, signal.SIGINT, None)
    assert signals.next(1.0).number == signal.SIGUSR1


def test_without_sigtimedwait_a_signal_interrupts_what_is_done_after_the_command(signals):
    threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(Interrupted, match="SIGINT"):
        interruptible(lambda: time.sleep(30), signals)


def test_without_sigtimedwait_what_is_done_after_the_command_gives_its_result():
    with HandledSignals(frozenset({signal.SIGCHLD, signal.SIGINT})) as signals:
        assert interruptible(lambda: "done", signals) == "done"


def test_handlers_are_given_back():
    before = signal.getsignal(signal.SIGINT)
    HandledSignals(frozenset({signal.SIGINT})).release()
    assert signal.getsignal(signal.SIGINT) is before


def test_windows_gives_the_exit_code():
    begun = []
    ended = windows.run([sys.executable, "-c", "raise SystemExit(5)"], os.environ, None, lambda: begun.append(1))
    assert (ended.exit_code, ended.timed_out, begun) == (5, False, [1])


def test_windows_ends_the_command_at_the_timeout():
    ended = windows.run([sys.executable, "-c", "import time; time.sleep(30)"], os.environ, 0.2, lambda: None)
    assert (ended.exit_code, ended.timed_out) == (124, True)


def test_windows_does_not_start_what_is_not_there():
    with pytest.raises(FileNotFoundError):
        windows.run(["no-such-command"], os.environ, None, lambda: None)
