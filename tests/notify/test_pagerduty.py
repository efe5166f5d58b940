"""PagerDuty: what triggers and resolves, within its limits, and what its answers mean."""

import json

import pytest

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.model import seconds_of
from ci_reporter.notify.alert import Level, State
from ci_reporter.notify.language import Language
from ci_reporter.notify.pagerduty import PagerDutySettings, event
from tests.conftest import free_port
from tests.notify.makers import hostile_alert, huge_alert, make_alert

KEY = "0123456789abcdef0123456789abcdef"
SENT = json.dumps({"status": "success", "message": "Event processed", "dedup_key": "k"}).encode()


def check(sent):
    """Refuse what PagerDuty refuses. Source: its developer documentation, "Send an alert event"."""
    errors = []
    if sent.get("event_action") not in ("trigger", "acknowledge", "resolve"):
        errors.append("'event_action' is invalid")
    if not 0 < len(sent.get("dedup_key", "")) <= 255:
        errors.append("'dedup_key' is invalid")
    if sent.get("event_action") == "trigger":
        payload = sent.get("payload", {})
        if not 0 < len(payload.get("summary", "")) <= 1024:
            errors.append("'payload.summary' is missing or blank, or too long")
        if not payload.get("source"):
            errors.append("'payload.source' is missing or blank")
        if payload.get("severity") not in ("critical", "error", "warning", "info"):
            errors.append("'payload.severity' is invalid")
        if seconds_of(payload.get("timestamp")) is None:
            errors.append("'payload.timestamp' is invalid")
        if any(not link["href"].startswith(("https://", "http://")) for link in sent.get("links", [])):
            errors.append("'links' is invalid")
    return errors


def events(asked):
    """The Events API: 202 when it has taken one, 400 with a list of errors."""
    if asked.method != "POST" or asked.path != "/v2/enqueue":
        return 404, {}, b"Not Found"
    if len(asked.body) > 512 * 1024:
        return 413, {}, b""
    errors = check(asked.json) if asked.json.get("routing_key") == KEY else ["Invalid routing key"]
    if not asked.headers["content-type"].startswith("application/json") or errors:
        said = {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
        return 400, {"Content-Type": "application/json"}, json.dumps(said).encode()
    said = {"status": "success", "message": "Event processed", "dedup_key": asked.json["dedup_key"]}
    return 202, {"Content-Type": "application/json"}, json.dumps(said).encode()


def pagerduty(url, **more):
    return PagerDutySettings(**{"routing_key": KEY, "api": url} | more).notifier({}, Language.EN)


@pytest.mark.parametrize("alert", [make_alert(), hostile_alert(), huge_alert()], ids=["whole", "hostile", "huge"])
@pytest.mark.parametrize("language", Language)
def test_an_event_is_within_its_limits(alert, language):
    assert check(event(alert, language)) == []
    assert len(json.dumps(event(alert, language))) < 500_000


def test_an_alert_triggers_and_its_end_resolves(vendor, deadline):
    server = vendor(events)
    pagerduty(server.url).send(make_alert(), deadline)
    pagerduty(server.url).send(make_alert(state=State.RESOLVED, alert_id="other"), deadline)
    first, last = (asked.json for asked in server.asked)
    assert (first["event_action"], last["event_action"]) == ("trigger", "resolve")
    assert first["dedup_key"] == last["dedup_key"] == "acme/shop CI unit main"


def test_an_event_says_what_happened_and_where():
    made = event(make_alert())
    assert made["payload"]["summary"] == "unit failed"
    assert (made["payload"]["source"], made["payload"]["group"]) == ("acme/shop", "production")
    assert made["payload"]["custom_details"]["Failed tests"][0] == "tests/test_cart.py::test_total"
    assert made["client_url"] == "https://ci.example/acme/shop/runs/17012345678"


@pytest.mark.parametrize("level", Level)
def test_the_level_is_the_severity(level):
    assert event(make_alert(level=level))["payload"]["severity"] == level


def test_long_keys_that_differ_at_their_end_stay_different():
    one, two = (event(make_alert(dedup_key="k" * 300 + end))["dedup_key"] for end in "ab")
    assert one != two


def test_no_link_is_made_that_is_not_ours():
    links = [each["href"] for each in event(hostile_alert())["links"]]
    assert all(each.startswith("https://") for each in links)
    assert not any("evil.example" in each for each in links)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, b'{"message":"Event object is invalid","errors":["\'payload.source\' is missing"]}', "is missing"),
        (200, b"<html><title>Sign in</title></html>", "a web page: Sign in"),
        (202, b'{"status":"invalid event"}', "pagerduty refused"),
        (202, b"", "status 202"),
        (404, b"Not Found", "Not Found"),
    ],
)
def test_an_answer_that_says_no_is_not_asked_again(vendor, deadline, status, body, said):
    server = vendor(lambda asked: (status, {}, body))
    with pytest.raises(Rejected, match="pagerduty refused") as caught:
        pagerduty(server.url).send(make_alert(), deadline)
    assert said in str(caught.value)
    assert len(server.asked) == 1


def test_a_wrong_key_is_said_with_its_variable(vendor, deadline):
    server = vendor(events)
    with pytest.raises(Rejected, match=r"Invalid routing key \(check CI_REPORTER_PAGERDUTY"):
        pagerduty(server.url, routing_key="wrong-wrong-wrong").send(make_alert(), deadline)


@pytest.mark.parametrize("first", [(429, {"Retry-After": "0"}, b""), (500, {}, b""), (503, {}, SENT)])
def test_what_may_pass_is_tried_again(vendor, deadline, first):
    server = vendor(lambda asked: first if len(server.asked) == 1 else events(asked))
    pagerduty(server.url).send(make_alert(), deadline)
    assert len(server.asked) == 2


def test_an_end_of_nothing_in_particular_is_refused(deadline):
    with pytest.raises(Rejected, match="nothing says which alert is over"):
        pagerduty("http://127.0.0.1:1").send(make_alert(state=State.RESOLVED, dedup_key=""), deadline)


def test_a_server_that_is_away_may_come_back(deadline):
    with pytest.raises(DeliveryError, match="connection refused") as caught:
        pagerduty(f"http://127.0.0.1:{free_port()}").send(make_alert(), deadline)
    assert not isinstance(caught.value, Rejected)


def test_a_preview_hides_the_key():
    shown = pagerduty("https://events.eu.pagerduty.com").preview(make_alert(text=f"key {KEY}"))
    assert shown.startswith("POST https://events.eu.pagerduty.com/***\n")
    assert "unit failed" in shown
    assert KEY not in shown


def test_a_sample_is_no_incident_for_long(run_program, vendor):
    server = vendor(events)
    ended = run_program("notify", "test", env={"CI_REPORTER_PAGERDUTY": KEY, "CI_REPORTER_PAGERDUTY_API": server.url})
    assert (ended.returncode, ended.stdout) == (0, "ok    pagerduty\n")
    assert [asked.json["event_action"] for asked in server.asked] == ["trigger", "resolve"]
    assert len({asked.json["dedup_key"] for asked in server.asked}) == 1
