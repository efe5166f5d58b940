"""One request, one deadline: what comes back, what is tried again, what is said."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from email.utils import formatdate

import pytest

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.http import Access, Answer, Request, prepare, send
from ci_reporter.system.addresses import public_url
from ci_reporter.system.deadline import Deadline

BUDGET_S = 2.0


@pytest.fixture(autouse=True, scope="module")
def _loaded():
    """As the program does before it sends; importing requests takes longer than some deadlines here."""
    prepare()


def get(url, access=None, seconds=BUDGET_S, **more):
    return send(Request(method="GET", url=url, access=access or Access(), **more), Deadline(seconds))


def refusal(url, **more):
    with pytest.raises(DeliveryError) as caught:
        get(url, **more)
    return str(caught.value)


def drip_head(connection, over):
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while not over.wait(0.05):
        connection.sendall(b"X: y\r\n"[:1])


def drip_body(connection, over):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not over.wait(0.05):
        connection.sendall(b".")


def say_nothing(_, over):
    over.wait(10)


def test_an_answer_has_status_body_and_headers(vendor, answer):
    assert get(vendor(answer(200, b"yes", X_Y="z")).url) == Answer(
        status=200, body=b"yes", headers={"content-length": "3", "connection": "close", "x-y": "z"}
    )


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_failure_that_may_pass_is_tried_once_more(vendor, answer, status):
    server = vendor(answer(status), answer(200))
    assert get(server.url).status == 200
    assert len(server.seen) == 2


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 413])
def test_a_refusal_is_final(vendor, answer, status):
    server = vendor(answer(status), answer(200))
    with pytest.raises(Rejected) as caught:
        get(server.url)
    assert (caught.value.status, len(server.seen)) == (status, 1)


def test_a_closed_connection_is_tried_once_more(vendor, answer):
    assert get(vendor(b"", answer(200)).url).status == 200


def test_the_second_failure_is_said(vendor, answer):
    server = vendor(answer(503, b"down"))
    assert refusal(server.url) == f"{server.url} answered 503: down"
    assert len(server.seen) == 2


@pytest.mark.parametrize("when", ["1", lambda: formatdate(time.time() + 2, usegmt=True)], ids=["seconds", "date"])
def test_retry_after_is_honoured_where_it_fits(vendor, answer, when):
    server = vendor(answer(429, Retry_After=when if isinstance(when, str) else when()), answer(200))
    begun = time.monotonic()
    assert get(server.url, seconds=5).status == 200
    assert 0.9 < time.monotonic() - begun < 3


def test_retry_after_beyond_the_deadline_is_not_waited_for(vendor, answer):
    server = vendor(answer(429, b"slow down", Retry_After="30"), answer(200))
    begun = time.monotonic()
    assert refusal(server.url, seconds=5) == f"{server.url} answered 429: slow down"
    assert time.monotonic() - begun < 5


def test_retry_after_that_is_nonsense_is_passed_over(vendor, answer):
    assert get(vendor(answer(503, Retry_After="soon"), answer(200)).url).status == 200


@pytest.mark.parametrize("act", [say_nothing, drip_head, drip_body])
def test_the_deadline_holds_whatever_the_server_does(vendor, act):
    server = vendor(act)
    begun = time.monotonic()
    assert refusal(server.url) == f"no answer from {server.url} within 2 s"
    assert time.monotonic() - begun < BUDGET_S + 1


def test_the_deadline_holds_where_nobody_accepts():
    with socket.socket() as silent, socket.socket() as first, socket.socket() as second:
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        for each in (first, second):
            each.setblocking(False)
            each.connect_ex(silent.getsockname())
        begun = time.monotonic()
        assert "no answer from" in refusal(f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert time.monotonic() - begun < BUDGET_S + 1


def test_nothing_is_sent_when_no_time_is_left(vendor, answer):
    server = vendor(answer(200))
    deadline = Deadline(1, clock=iter([0.0, 2.0, 3.0]).__next__)
    with pytest.raises(DeliveryError, match=f"no time left for {server.url} "):
        send(Request(method="GET", url=server.url), deadline)
    assert server.seen == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "it does not speak HTTP: SSH-2.0-OpenSSH_9.2"),
        (b"\x00\xff\x1b[31m\r\n\r\n", "it does not speak HTTP: ÿ"),
        (b"\x00\x01\x02\r\n\r\n", "it does not speak HTTP"),
        (b"", "it closed the connection without an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "its answer broke off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "its answer broke off"),
    ],
    ids=["ssh", "binary", "control characters", "closed", "cut short", "bad chunks"],
)
def test_what_is_no_answer_is_named(vendor, given, said):
    server = vendor(given)
    message = refusal(server.url)
    assert message.startswith(f"cannot reach {server.url}: {said}")
    assert message.isprintable() and not message.endswith(":")


def test_refused_is_said(free_port):
    url = f"http://127.0.0.1:{free_port()}"
    assert refusal(url) == f"cannot reach {url}: connection refused"


def test_a_name_nobody_knows_is_said():
    message = refusal("http://gateway.invalid:9091/x", seconds=5)
    assert message.startswith("cannot reach http://gateway.invalid:9091: ")
    assert "name" in message.rpartition(": ")[2]


def test_a_server_without_tls_is_said(vendor, answer):
    server = vendor(answer(200))
    assert "TLS failed: " in refusal(server.url.replace("http", "https"), seconds=20)


def test_a_missing_bundle_is_named(vendor):
    access = Access(ca="/nowhere/ca.pem")
    assert "/nowhere/ca.pem" in refusal("https://127.0.0.1:1", access=access)


@pytest.mark.parametrize(
    ("base", "location", "target"),
    [
        ("/pg", "https://gw.example/pg/metrics/job/x", "https://gw.example/pg"),
        ("", "/sign-in?token=abc", "{url}/sign-in"),
        ("", "https://me:pass@login.example/", "https://login.example/"),
    ],
    ids=["to https", "to a page", "with a password"],
)
def test_a_redirect_is_said_with_the_address_to_set(vendor, answer, base, location, target):
    server = vendor(answer(301, Location=location), answer(200))
    message = refusal(f"{server.url}{base}/metrics/job/x", base=server.url + base)
    assert message.endswith(f"answered 301: it redirects to {target.format(url=server.url)}; set that address instead")
    assert len(server.seen) == 1


def test_a_redirect_to_nowhere_is_said_as_it_is(vendor, answer):
    assert refusal(vendor(answer(304)).url).endswith(" answered 304")


def test_a_redirect_to_no_address_is_final(vendor, answer):
    assert "answered 301" in refusal(vendor(answer(301, Location="http://[bad")).url)


def test_the_body_of_a_redirect_is_not_read_without_end(vendor):
    def flood(connection, over):
        connection.sendall(b"HTTP/1.1 301 -\r\nLocation: /x\r\n\r\n")
        while not over.is_set():
            connection.sendall(bytes(65536))

    assert "answered 301" in refusal(vendor(flood).url, seconds=5)


def test_a_refusal_that_breaks_off_is_said_as_far_as_it_came(vendor):
    broken = b"HTTP/1.1 400 -\r\nContent-Length: 999\r\n\r\nsent to the wrong door"
    assert refusal(vendor(broken).url).endswith(" answered 400: sent to the wrong door")


def test_an_endless_answer_is_cut(vendor):
    def flood(connection, over):
        connection.sendall(b"HTTP/1.1 200 -\r\n\r\n")
        while not over.is_set():
            connection.sendall(b"x" * 65536)

    assert len(get(vendor(flood).url, seconds=5).body) == 64 * 1024


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"line one\nline two\x1b[31m\x00", "line one line two"),
        (b"<!DOCTYPE html><title>Sign\nin</title><p>" + b"x" * 999, "a web page: Sign in"),
        (b"<html><body>x</body></html>", "a web page"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"x" * 9999, "x" * 399 + "…"),
    ],
    ids=["lines", "page", "page without title", "no text", "long"],
)
def test_a_body_becomes_one_short_line(body, text):
    assert Answer(status=400, body=body).text() == text


@pytest.mark.parametrize(
    ("access", "header"),
    [
        (Access(username="me", password="s3cret-pass"), "Basic bWU6czNjcmV0LXBhc3M="),
        (Access(token="t0ken-t0ken"), "Bearer t0ken-t0ken"),
        (Access(token="tökén-☃"), "Bearer tökén-☃"),
        (Access(), None),
    ],
    ids=["basic", "bearer", "any script", "none"],
)
def test_credentials_are_sent(vendor, answer, access, header):
    server = vendor(answer(200))
    get(server.url, access=access)
    assert (f"Authorization: {header}".encode() in server.seen[0]) == bool(header)


@pytest.mark.parametrize("access", [Access(username="me", password="s3cret-pass"), Access(token="s3cret-pass")])
def test_a_server_that_says_our_secrets_is_not_repeated(vendor, access):
    def echo(connection, _):
        body = f"denied: {access.header()} s3cret-pass".encode()
        connection.sendall(b"HTTP/1.1 401 -\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    message = refusal(vendor(echo).url, access=access)
    assert message.endswith((": denied: Basic *** ***", ": denied: Bearer *** ***"))


def test_secrets_are_not_in_what_is_printed_of_access():
    assert "s3cret" not in repr(Access(username="me", password="s3cret", token="s3cret"))
    assert public_url("https://me:s3cret@gw.example/x") == "https://gw.example/x"


def test_importing_it_is_cheap():
    heavy = "requests urllib3 ssl prometheus_client yaml asyncio http.client"
    code = f"import sys, ci_reporter.http, ci_reporter.metrics; print(*set('{heavy}'.split()) & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"
