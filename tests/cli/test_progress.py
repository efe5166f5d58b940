"""Live progress: a line of the terminal that makes room for messages, and nothing of it where nobody wants it."""

from __future__ import annotations

import os
import pty
import re
import socket

import pytest

from ci_reporter.cli.progress import bar, clock


@pytest.fixture
def slow_flush(run_program):
    """Flush one report to a server that never answers, within two seconds; what stderr got, a terminal or not."""
    run_program("run", "-q", "--", "true", env={"CI_REPORTER_PUSHGATEWAY": "http://127.0.0.1:9"})

    def flush(*, terminal, **env):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            given = {"CI_REPORTER_PUSHGATEWAY": url, "CI_REPORTER_BUDGET": "2s", "TERM": "xterm", "COLUMNS": "40"} | env
            return _on_terminal(run_program, given) if terminal else run_program("flush", env=given).stderr

    return flush


def _on_terminal(run_program, env):
    ours, theirs = pty.openpty()
    with run_program.start("flush", env=env, stderr=theirs):
        os.close(theirs)
        seen = b""
        try:
            while chunk := os.read(ours, 65536):
                seen += chunk
        except OSError:  # the other end is closed
            pass
    os.close(ours)
    return seen.decode()


@pytest.mark.slow
def test_a_terminal_sees_one_line_that_is_gone_before_a_message(slow_flush):
    drawn, _, said = slow_flush(terminal=True).rpartition("\r\x1b[K")
    lines = drawn.split("\r\x1b[K")[1:]
    assert lines and all(re.fullmatch(r"sending 1 report  [━╌]{12} 0:0\d o.*", each) for each in lines), lines
    assert max(map(len, lines)) < 40
    assert said.startswith("ci-reporter: warning: not delivered: no answer")


@pytest.mark.slow
@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"CI": "true"}], ids=["dumb terminal", "log"])
def test_elsewhere_nothing_is_drawn(slow_flush, env):
    assert "sending" not in slow_flush(terminal=True, **env)


@pytest.mark.parametrize(
    ("share", "drawn"), [(0, "╌" * 12), (0.5, "━" * 6 + "╌" * 6), (1, "━" * 12), (7, "━" * 12), (-1, "╌" * 12)]
)
def test_a_bar_is_as_long_as_what_is_done(share, drawn):
    assert bar(share) == drawn


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (65.4, "1:05"), (3600, "60:00"), (-1, "0:00")])
def test_a_time_is_minutes_and_seconds(seconds, shown):
    assert clock(seconds) == shown
