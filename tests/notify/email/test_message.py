"""A mail as it arrives: its headers, its parts, and nothing that others have put into it."""

import base64
import re
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.notify.alert import Level, State
from ci_reporter.notify.email import EmailSettings
from ci_reporter.notify.email.address import Server, address, server
from ci_reporter.notify.email.message import message
from ci_reporter.notify.language import Language
from ci_reporter.system.deadline import Deadline
from tests.notify.email.conftest import PASSWORD, USER
from tests.notify.makers import CHARTS, hostile_alert, huge_alert, make_alert

TO = ("ada@acme.example", "bob@acme.example")
HEADERS = {
    *("Subject", "From", "To", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted"),
    *("X-Auto-Response-Suppress", "Content-Language", "MIME-Version", "Content-Type"),
}


def mail(alert=None, language=Language.EN):
    return message(alert or make_alert(), USER, TO, language)


def received(start_server, email, alert):
    """The mail as a server took it."""
    box, port = start_server("none")
    email(port, to=TO).send(alert, Deadline(30))
    return box.messages[0]


def test_it_says_who_it_is(start_server, email):
    found = received(start_server, email, make_alert())
    assert (found["Subject"], found["To"]) == ("🔴 unit failed", "ada@acme.example, bob@acme.example")
    assert found["From"] == f"ci-reporter <{USER}>"
    assert found["Date"] == "Thu, 28 May 2026 20:26:40 +0000"
    assert found["Message-ID"] == "<0198c0de-0000-7000-8000-000000000001@acme.example>"
    assert found["Auto-Submitted"] == "auto-generated"


def test_it_can_be_read_as_plain_text(start_server, email):
    text = received(start_server, email, make_alert()).get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert text.splitlines()[:5] == [
        "🔴 unit failed",
        "2026-05-28 20:26:40 UTC",
        "",
        "3 of 200 tests failed.",
        "The first one is test_total.",
    ]
    assert "\nDuration: 2 min 3 s\n" in text
    assert "\n  - tests/test_cart.py::test_total\n" in text
    assert "\nRun: https://ci.example/acme/shop/runs/17012345678\n" in text
    assert text.endswith("\n-- \nci-reporter\n")


@pytest.mark.parametrize("alert", [hostile_alert(), huge_alert()], ids=["hostile", "huge"])
def test_nobody_adds_a_header_or_a_recipient(start_server, email, alert):
    box, port = start_server("none")
    email(port, to=TO).send(alert, Deadline(30))
    assert set(box.messages[0].keys()) == HEADERS
    assert box.envelopes[0].rcpt_tos == list(TO)
    assert all(len(line) <= 998 for line in box.envelopes[0].content.split(b"\r\n"))
    assert all(char < 128 for char in box.envelopes[0].content)


@given(st.text(min_size=1, max_size=300), st.text(max_size=80), st.text(max_size=80))
def test_any_text_gives_one_message(title, alert_id, key):
    made = mail(make_alert(title=title, alert_id=alert_id, dedup_key=key, replies_to={"email": key}))
    assert set(made.keys()) - {"In-Reply-To", "References"} == HEADERS - {"In-Reply-To", "References"}
    assert b"\r\n\r\n" in made.as_bytes()
    assert made.as_bytes().partition(b"\r\n\r\n")[0].isascii()


def test_a_chart_stands_in_the_page_and_comes_with_it():
    made = message_from_bytes(message(make_alert(charts=CHARTS), "ci@x.example", TO).as_bytes(), policy=policy.default)
    kinds = [each.get_content_type() for each in made.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
    shown, image = [*made.walk()][-2:]
    assert f'src="cid:{image["Content-ID"][1:-1]}" alt="latency, ms: p95, p50"' in shown.get_content()
    assert image.get_content().startswith(b"\x89PNG")


def test_what_is_about_the_same_is_one_thread():
    first = mail()
    last = mail(make_alert(state=State.RESOLVED, alert_id="other"))
    assert first["Message-ID"] != last["Message-ID"]
    assert first["References"] == first["In-Reply-To"] == last["References"] == last["In-Reply-To"]
    assert mail(make_alert(dedup_key="else"))["References"] != first["References"]


def test_what_is_about_nothing_in_particular_is_a_thread_of_its_own():
    assert mail(make_alert(dedup_key=""))["References"] is None


def test_an_answer_names_the_message_it_answers():
    sent = mail()
    answer = mail(make_alert(replies_to={"email": sent["Message-ID"]}))
    assert answer["In-Reply-To"] == sent["Message-ID"]
    assert answer["References"].split() == [sent["References"], sent["Message-ID"]]


def test_the_same_alert_is_the_same_message():
    assert mail()["Message-ID"] == mail()["Message-ID"]


@pytest.mark.parametrize(("level", "importance"), [(Level.CRITICAL, "high"), (Level.ERROR, None)])
def test_only_what_is_critical_is_important(level, importance):
    assert mail(make_alert(level=level))["Importance"] == importance


def test_it_can_be_in_chinese():
    made = mail(make_alert(title="部署失败", state=State.RESOLVED), Language.ZH)
    assert (made["Subject"], made["Content-Language"]) == ("✅ 已恢复: 部署失败", "zh")
    assert "失败的测试:" in made.get_body(("plain",)).get_content()


def test_a_preview_shows_both_parts_and_no_password():
    settings = EmailSettings(to=TO, sender=USER, server=Server(host="mail.example"), username=USER, password=PASSWORD)
    shown = settings.notifier({}, Language.EN).preview(make_alert(text=f"password {PASSWORD}"))
    assert shown.startswith("SMTP mail.example:587\nSubject: 🔴 unit failed\n")
    assert "[text/plain]\n🔴 unit failed" in shown
    assert "[text/html]\n<!DOCTYPE html>" in shown
    assert PASSWORD not in shown and base64.b64encode(PASSWORD.encode()).decode() not in shown


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"to": TO}, "no server (set CI_REPORTER_EMAIL_SERVER)"),
        ({"to": TO, "server": Server(host="m")}, "no sender (set CI_REPORTER_EMAIL_FROM)"),
        ({"to": TO, "server": Server(host="m"), "sender": USER, "password": "x"}, "no user"),
        ({"to": TO, "server": Server(host="m"), "username": USER, "password": "pässword"}, "outside ASCII"),
        ({"to": TO, "server": Server(host="m"), "username": USER, "password": PASSWORD}, None),
        ({}, None),
    ],
)
def test_half_a_set_up_is_said(settings, problem):
    found = EmailSettings(**settings).problem()
    assert found is None if problem is None else problem in found


def test_a_fork_whose_password_is_withheld_is_no_mistake():
    settings = EmailSettings(to=TO, server=Server(host="m"), username=USER)
    assert "no password" in settings.doubt({})
    assert settings.doubt({"CI_REPORTER_EMAIL_PASSWORD": ""}) is None


@pytest.mark.parametrize(
    "text", ["ada", "ada@", "@x", "a b@x", "Ada <a@x>", "a@x\r\nBcc: b@x", "a@x,b@x", "a@" + "ä" * 70]
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match=r"is not|has a control"):
        address(text)


def test_a_domain_is_written_as_dns_knows_it():
    assert address("ada@bücher.example") == "ada@xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("mail.example", "mail.example", 587),
        ("mail.example:465", "mail.example", 465),
        ("smtps://mail.example", "mail.example", 465),
        ("smtp://mail.example:25/", "mail.example", 25),
        ("[::1]:2525", "::1", 2525),
    ],
)
def test_a_server_is_a_host_and_a_port(text, host, port):
    assert vars(server(text)) == {"host": host, "port": port}


@pytest.mark.parametrize(
    "text", ["", "a b", "http://mail.example", "mail.example:0", "mail.example:99999", "u@m", "a..b"]
)
def test_what_is_no_server_is_refused(text):
    with pytest.raises(ValueError, match="is not a mail server"):
        server(text)


def test_it_is_sent_from_the_command_line(run_program, start_server, certificates):
    box, port = start_server("starttls", auth=True)
    env = {
        "CI_REPORTER_EMAIL": ",".join(TO),
        "CI_REPORTER_EMAIL_SERVER": f"127.0.0.1:{port}",
        "CI_REPORTER_EMAIL_USERNAME": USER,
        "CI_REPORTER_EMAIL_PASSWORD": PASSWORD,
        "CI_REPORTER_EMAIL_CA": str(certificates / "ca.pem"),
        "CI_REPORTER_BUDGET": "30s",
    }
    ended = run_program("notify", "--title", "nightly import is late", env=env)
    assert (ended.returncode, [each.rcpt_tos for each in box.envelopes]) == (0, [list(TO)])
    assert re.search("email took it", ended.stderr)
