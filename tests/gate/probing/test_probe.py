"""One probe and the loop that sends them: every way an answer can go wrong, and the clock."""

import json
import socket
import struct
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ci_reporter.errors import CIReporterError
from ci_reporter.gate.probing.asserts import problem
from ci_reporter.gate.probing.openloop import Loop
from ci_reporter.gate.probing.probe import Line
from ci_reporter.gate.probing.prober import Prober
from ci_reporter.gate.probing.target import Expect, Target


@pytest.fixture
def ask(probe_once):
    """Probe a target once."""

    def once(url, proxies=None, **more):
        target = Target(signal="x", url=url, **({"timeout_s": 1.0} | more))

        return probe_once(Line(target=target, proxies=proxies or {}))

    return once


def then(*pieces, pause_s=0.0):
    """An act that sends these pieces, then waits for the end of the test."""

    def act(connection, over):
        for piece in pieces:
            connection.sendall(piece)
            over.wait(pause_s)
        over.wait(5)

    return act


def reset(connection, _):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def endless(connection, _):
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(1024):
        connection.sendall(b"x" * 1024 * 1024)


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (then(), "timed out after 1 s (waiting for the answer)"),
        (then(HEAD), "timed out after 1 s (waiting for the answer)"),
        (then(*[b"HTTP/1.1 200 OK\r\nX-A: b\r\n"] * 50, pause_s=0.1), "timed out after 1 s (waiting for the answer)"),
        (then(HEAD + b"Content-Length: 5\r\n\r\nab"), "timed out after 1 s (reading the answer)"),
        (then(HEAD + b"\r\n", *[b"x"] * 50, pause_s=0.1), "timed out after 1 s (reading the answer)"),
        (HEAD + b"Content-Length: 5\r\n\r\nab", "its answer broke off"),
        (HEAD + b"Content-Length: x\r\n\r\nab", "its Content-Length is not a number"),
        (HEAD + b"X: y\r\n", "its answer broke off"),
        (b"", "it closed the connection without an answer"),
        (b"SSH-2.0-OpenSSH\r\n", "it does not speak HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x28", "it does not speak HTTP"),
        (HEAD + b"X: " + b"y" * 70_000 + b"\r\n\r\n", "its headers are larger than 64 KiB, or more than 100"),
        (HEAD + b"X: yyyyyyy\r\n" * 10_000 + b"\r\n", "its headers are larger than 64 KiB, or more than 100"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n", "its answer broke off"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX\r\n0\r\n\r\n", "its answer broke off"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", "its answer broke off"),
        (HEAD + b"Content-Length: 99999999999\r\n\r\n", "its body is larger than 1024 KiB"),
        (endless, "its body is larger than 1024 KiB"),
        (reset, "connection reset"),
        (b"HTTP/1.1 302 -\r\nLocation: http://evil.example/x\r\n\r\n", "it redirects to another host: evil.example"),
        (b"HTTP/1.1 302 -\r\nLocation: /again\r\n\r\n", "it redirects more than 5 times"),
        (b"HTTP/1.1 302 -\r\nLocation: file:///etc/passwd\r\n\r\n", "it redirects to another host: "),
    ],
    ids=[
        *(
            "black-hole",
            "half-head",
            "drip",
            "half-body",
            "body-drip",
            "cut-body",
            "bad-length",
            "cut-head",
            "nothing",
            "ssh",
            "tls",
        ),
        *(
            "long-header",
            "many-headers",
            "bad-chunk-size",
            "bad-chunk",
            "huge-chunk",
            "huge-length",
            "endless",
            "reset",
        ),
        *("redirect-away", "redirect-loop", "redirect-to-file"),
    ],
)
def test_what_goes_wrong_has_a_name(ask, vendor, act, reason):
    found = ask(vendor(act).url)
    assert (found.ok, found.latency_ms, found.reason) == (False, None, reason)


def test_nobody_there(ask, free_port):
    assert ask(f"http://127.0.0.1:{free_port()}").reason == "connection refused"
    assert ask(f"http://localhost:{free_port()}").reason == "connection refused"
    assert ask("http://nowhere.invalid/").reason == "name not known"


@pytest.mark.parametrize(
    ("expect", "body", "status", "reason"),
    [
        (Expect(), b"", 204, None),
        (Expect(), b"", 503, "status 503, not 2xx"),
        (Expect(statuses=("200", "418")), b"", 418, None),
        (Expect(statuses=("200",)), b"", 204, "status 204, not 200"),
        (Expect(json={"status": "ok"}), b'{"status": "ok"}', 200, None),
        (Expect(json={"status": "ok"}), b'{"status": "no"}', 200, "json status is 'no', not 'ok'"),
        (Expect(json={"a.b.0": "true"}), b'{"a": {"b": [true]}}', 200, None),
        (Expect(json={"a": "1.5"}), b'{"a": 1.5}', 200, None),
        (Expect(json={"a": "x"}), b"<html>", 200, "json a is missing, not 'x'"),
        (Expect(json={"queue": "< 10"}), b'{"queue": 9}', 200, None),
        (Expect(json={"queue": " < 10 "}), b'{"queue": 9}', 200, None),
        (Expect(json={"$.queues[0].depth": "< 10"}), b'{"queues": [{"depth": 9}]}', 200, None),
        (Expect(json={"queue": "< 10"}), b'{"queue": 10}', 200, "json queue is '10', not '< 10'"),
        (Expect(json={"queue": ">=10.5"}), b'{"queue": 10.5}', 200, None),
        (Expect(json={"queue": "!= 0"}), b'{"queue": 0}', 200, "json queue is '0', not '!= 0'"),
        (Expect(json={"queue": "> 0"}), b'{"queue": "1"}', 200, "json queue is '1', not '> 0'"),
        (Expect(json={"queue": "> 0"}), b'{"queue": true}', 200, "json queue is 'true', not '> 0'"),
        (Expect(json={"queue": "> 0"}), b"{}", 200, "json queue is missing, not '> 0'"),
        (
            Expect(),
            b'{"status": "fail", "checks": {"db": [{"status": "fail"}], "disk": [{"status": "pass"}]}}',
            503,
            "status 503, not 2xx (failing: db)",
        ),
        (Expect(body="h.llo"), b"oh hello", 200, None),
        (Expect(body="h.llo"), b"oh no", 200, "the body does not match /h.llo/"),
        (Expect(healthy=True), b'{"status": "DOWN"}', 200, "it says of itself that it is not healthy"),
        (Expect(healthy=True), b'{"status": "warn"}', 200, None),
        (Expect(healthy=True), b"hello", 200, None),
    ],
)
def test_an_answer_is_held_against_what_is_expected(expect, body, status, reason):
    assert problem(expect, status, body) == reason


def test_a_bad_answer_keeps_its_status_and_latency(ask, vendor, answer):
    found = ask(vendor(answer(503)).url)
    assert (found.ok, found.status) == (False, 503)
    assert found.latency_ms > 0


def test_chunks_and_early_hints_are_read(ask, vendor):
    body = b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    body += b'14;x=y\r\n{"revision": "c0ffee\r\n5\r\n123"}\r\n0\r\nTrailer: x\r\n\r\n'
    found = ask(vendor(body).url)
    assert (found.ok, found.revision) == (True, "c0ffee123")


def test_a_redirect_within_the_host_is_followed(ask, vendor, answer):
    server = vendor(b"HTTP/1.1 302 -\r\nLocation: /there?a=b\r\n\r\n", answer(200, b"ok"))
    assert ask(f"{server.url}/here").ok
    assert server.seen[1].startswith(b"GET /there?a=b HTTP/1.1\r\n")


def test_method_headers_body_and_cache_buster_are_sent(ask, vendor, answer):
    server = vendor(answer(200))
    ask(f"{server.url}/p?q=1", method="POST", headers={"X-Key": "geheim"}, body=b"{}", cache_bust=True)
    head, _, body = server.seen[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /p?q=1&ci-reporter=")
    assert b"\r\nX-Key: geheim\r\n" in head
    assert b"\r\nCache-Control: no-cache\r\n" in head
    assert b"\r\nUser-Agent: ci-reporter/" in head
    assert (b"\r\nContent-Length: 2" in head, body) == (True, b"{}")


def test_the_answer_of_a_bad_probe_is_kept_in_short_and_without_secrets(ask, vendor, answer):
    server = vendor(answer(500, b"\x1b[31m you sent\r\n geheim-token " + b"x" * 1000))
    found = ask(server.url, headers={"Authorization": "Bearer geheim-token"})
    assert found.response.startswith("you sent *** xxx")
    assert len(found.response) == 200


class SixthServer(HTTPServer):
    address_family = socket.AF_INET6


class Quiet(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):  # http.server writes each request to stderr
        pass


def test_ipv6_is_asked_where_it_is_wanted(ask):
    with SixthServer(("::1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        port = server.server_address[1]
        found = [ask(f"http://[::1]:{port}/"), ask(f"http://[::1]:{port}/", family=6)]
        refused = ask(f"http://127.0.0.1:{port}/", family=4)
        server.shutdown()
        thread.join()
    assert [each.ok for each in found] == [True, True]
    assert refused.reason == "connection refused"


def test_a_proxy_is_asked_for_the_whole_address(ask, vendor, answer):
    proxy = vendor(answer(200))
    address = proxy.url.replace("//", "//user:pa%20ss@")
    assert ask("http://shop.invalid/health", proxies={"http_proxy": address}).ok
    assert proxy.seen[0].startswith(b"GET http://shop.invalid/health HTTP/1.1\r\nHost: shop.invalid\r\n")
    assert b"\r\nProxy-Authorization: Basic dXNlcjpwYSBzcw==" in proxy.seen[0]
    assert (
        ask("http://shop.invalid/", proxies={"http_proxy": address, "no_proxy": ".invalid"}).reason == "name not known"
    )


def test_a_tunnel_is_asked_of_a_proxy_for_https(ask, vendor, answer):
    proxy = vendor(answer(403))
    found = ask("https://shop.invalid/health", proxies={"https_proxy": proxy.url})
    assert found.reason == "the proxy answered 403"
    assert proxy.seen[0].startswith(b"CONNECT shop.invalid:443 HTTP/1.1\r\nHost: shop.invalid:443\r\n")


def looped(targets, seconds, most=1000):
    """Run the open loop so long; what it said."""
    said = []

    loop = Loop([Line(target=each) for each in targets], said.append, most)
    timer = threading.Timer(seconds, loop.stop)
    timer.start()
    loop.run(time.monotonic())
    timer.join()
    return [json.loads(each) for each in said]


def test_probes_begin_on_the_clock_though_none_has_come_back(vendor):
    target = Target(signal="x", url=vendor(then()).url, rate=50, timeout_s=1.0)
    found = [each for each in looped([target], 1.0) if "t" in each]
    assert len(found) > 40  # it begins late on a machine that is busy, and none is left out
    assert sorted(each["t"] for each in found) == pytest.approx([at / 50 for at in range(len(found))])
    assert {each["reason"] for each in found} == {"timed out after 1 s (waiting for the answer)"}


def test_latency_counts_from_the_intended_start(backend):
    service = backend()
    service.delay_s = 0.2
    target = Target(signal="x", url=service.url, rate=20)
    found = [each for each in looped([target], 0.5) if "t" in each]
    assert all(each["latency_ms"] >= 200 for each in found)


def test_what_could_not_be_sent_is_told(vendor):
    target = Target(signal="x", url=vendor(then()).url, rate=50, timeout_s=1.0)
    found = [each for each in looped([target], 0.5, most=5) if "t" in each]
    lost = [each for each in found if each["reason"].startswith("not sent: 5 probes still wait")]
    assert len(found) - len(lost) == 5


def test_several_addresses_of_a_signal_take_turns(vendor, answer):
    targets = [Target(signal="x", url=f"{vendor(answer(200)).url}/{name}", rate=10) for name in "ab"]
    found = sorted((each for each in looped(targets, 1.5) if "t" in each), key=lambda each: each["t"])
    assert [each["url"][-1] for each in found][:10] == ["a", "b"] * 5


def test_nothing_is_settled_while_it_is_under_way(vendor):
    target = Target(signal="x", url=vendor(then()).url, rate=10, timeout_s=0.6)
    told = [each["settled"] for each in looped([target], 0.5) if "settled" in each]
    assert told[:3] == [0.0, 0.0, 0.0]
    assert told[-1] == pytest.approx(0.5, abs=0.11)


def test_a_prober_probes_from_start_to_stop(backend):
    service = backend()
    with Prober([Target(signal="x", url=service.url, rate=20)]) as prober:
        prober.start()
        time.sleep(1.0)
        assert 0 < prober.settled_s() <= prober.elapsed_s() + 0.1
        prober.stop()
        found = prober.poll()
    assert len(found) >= 19
    assert prober.settled_s() == pytest.approx(len(found) / 20, abs=1e-6)
    assert all(signal == "x" and each.ok for signal, each in found)


def test_a_prober_that_dies_is_said(backend):
    with Prober([Target(signal="x", url=backend().url, rate=20)]) as prober:
        prober.start()
        prober._process.kill()
        prober._process.wait()
        with pytest.raises(CIReporterError, match=r"the prober has ended by itself \(exit code -9\)"):
            prober.poll()


def test_secrets_are_not_in_the_list_of_processes(backend):
    target = Target(signal="x", url=backend().url, headers={"Authorization": "Bearer geheim-token"})
    with Prober([target]) as prober:
        prober.start()
        listed = subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True).stdout
        assert "ci_reporter.gate.probing.openloop" in listed
        assert "geheim-token" not in listed


def test_the_prober_needs_nothing_heavy():
    heavy = "('requests', 'click', 'yaml')"
    code = f"import sys, ci_reporter.gate.probing.openloop; print([each for each in {heavy} if each in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


HOSTS = """
import socket
real = socket.getaddrinfo
def two(host, port, *rest):
    if host != "shop.test":
        return real(host, port, *rest)
    return [entry for each in ("127.0.0.1", "127.0.0.9") for entry in real(each, port, *rest)]
socket.getaddrinfo = two
"""


def test_every_address_of_a_name_is_probed_and_named(tmp_path, backend, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(HOSTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    url = backend().url.replace("127.0.0.1", "shop.test")
    with Prober([Target(signal="x", url=url, rate=20)]) as prober:
        prober.start()
        time.sleep(1.0)
        prober.stop()
        found = [each for _, each in prober.poll()]
    well, dead = ([each for each in found if each.ok is ok] for ok in (True, False))
    assert abs(len(well) - len(dead)) <= 1
    assert {each.address for each in well} == {"127.0.0.1"}
    assert {each.reason for each in dead} == {"connection refused (127.0.0.9)"}
