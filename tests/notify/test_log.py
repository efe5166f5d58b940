"""A log line: one JSON object, or an event of structlog."""

import io
import json

import pytest
import structlog

from ci_reporter.errors import DeliveryError
from ci_reporter.frozen import replace
from ci_reporter.notify.alert import Level
from ci_reporter.notify.language import Language
from ci_reporter.notify.log import LogNotifier, LogSettings
from tests.notify.makers import hostile_alert, huge_alert, make_alert


@pytest.fixture
def fresh_structlog():
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


@pytest.fixture
def lines(fresh_structlog, deadline):
    """Send alerts; the lines that were written."""

    def write(*alerts):
        stream = io.StringIO()
        log = replace(LogSettings().notifier({}, Language.EN), stream=lambda: stream)
        for each in alerts:
            log.send(each, deadline)
        return stream.getvalue().splitlines()

    return write


def test_an_alert_is_one_line(lines):
    (line,) = lines(make_alert())
    found = json.loads(line)
    assert (found["message"], found["level"], found["logger"]) == ("unit failed", "error", "ci_reporter.notify")
    assert (found["timestamp"], found["ci_run_id"]) == ("2026-05-28T20:26:40.000Z", "github-17012345678-1")
    assert found["failed_tests"][0] == "tests/test_cart.py::test_total"


def test_no_text_breaks_the_line_or_moves_a_cursor(lines):
    (line,) = lines(hostile_alert())
    assert line.isprintable()
    assert "Bcc" in json.loads(line)["message"]


def test_no_text_is_a_command_to_azure_pipelines(lines):
    (line,) = lines(make_alert(title="##vso[task.setvariable variable=x]y"))
    assert "##" not in line
    assert json.loads(line)["message"] == "##vso[task.setvariable variable=x]y"


def test_a_line_is_not_too_long_for_loki(lines):
    (line,) = lines(huge_alert())
    assert len(line.encode()) < 110_000


@pytest.mark.parametrize("level", Level)
def test_structlog_gets_an_event_where_it_is_set_up(fresh_structlog, deadline, level):
    structlog.configure(processors=[structlog.testing.LogCapture()])
    with structlog.testing.capture_logs() as logged:
        LogNotifier(stream=lambda: None).send(make_alert(level=level), deadline)
    (event,) = logged
    assert (event["event"], event["log_level"]) == ("unit failed", level)
    assert event["ci_run_id"] == "github-17012345678-1"


@pytest.mark.parametrize("stream", [None, "closed"])
def test_a_stream_that_is_gone_is_said(fresh_structlog, deadline, stream):
    closed = io.StringIO()
    closed.close()
    with pytest.raises(DeliveryError, match="log: "):
        LogNotifier(stream=lambda: closed if stream else None).send(make_alert(), deadline)


def test_a_preview_is_the_line():
    assert json.loads(LogNotifier().preview(make_alert()))["message"] == "unit failed"


def test_it_can_be_always_on():
    assert LogSettings(on=True).is_set
    assert not LogSettings().is_set
