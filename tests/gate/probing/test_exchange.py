"""Probes over TLS, kept connections, redirects and proxies: who is trusted, and where a probe's headers may go."""

import subprocess

import pytest

from ci_reporter.gate.probing.asserts import problem
from ci_reporter.gate.probing.probe import Line
from ci_reporter.gate.probing.target import Expect, Target

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SECRET = {"Authorization": "Bearer geheim-token"}


@pytest.fixture
def ask(probe_once):
    """Probe a target, several times one after the other: the probes."""

    def asked(url, times=1, proxies=None, **more):
        target = Target(signal="x", url=url, **({"timeout_s": 2.0} | more))

        line = Line(target=target, proxies=proxies or {})
        try:
            return [probe_once(line) for _ in range(times)]
        finally:
            for each in line.idle:
                each.close()

    return asked


@pytest.fixture
def tls(tmp_path, start_nginx, free_port):
    """Start nginx with a certificate of its own for 127.0.0.1: its address, and that certificate."""

    def start(days="2", name="IP:127.0.0.1", location="return 200 ok;", server=""):
        def openssl(*args):
            subprocess.run(["openssl", *args], cwd=tmp_path, check=True, capture_output=True)

        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem")
        openssl("req", *key, "-subj", "/CN=shop", "-out", "asked.pem")
        (tmp_path / "names").write_text(f"subjectAltName={name}")
        signed = ("-req", "-in", "asked.pem", "-signkey", "key.pem", "-extfile", "names")
        openssl("x509", *signed, "-days", days, "-out", "cert.pem")
        port = free_port()
        trust = f"ssl_certificate {tmp_path}/cert.pem; ssl_certificate_key {tmp_path}/key.pem;"
        secure = f"server {{ listen 127.0.0.1:{port} ssl; {trust} {server} location / {{ {location} }} }}"
        start_nginx(f"location / {{ return 302 https://127.0.0.1:{port}/there; }}", secure)
        return f"https://127.0.0.1:{port}/", str(tmp_path / "cert.pem")

    return start


def test_a_trusted_certificate_is_good(ask, tls):
    url, certificate = tls()
    (found,) = ask(url, ca=certificate)
    assert (found.ok, found.status) == (True, 200)


@pytest.mark.parametrize(
    ("how", "trusted", "reason"),
    [
        ({}, False, "self-signed certificate"),
        ({"days": "-1"}, True, "certificate has expired"),
        ({"name": "DNS:other.example"}, True, "IP address mismatch"),
    ],
    ids=["stranger", "expired", "of-another"],
)
def test_no_other_certificate_is(ask, tls, how, trusted, reason):
    url, certificate = tls(**how)
    (found,) = ask(url, ca=certificate if trusted else None)
    assert (found.ok, found.status) == (False, None)
    assert found.reason.startswith("certificate is not trusted: ")
    assert reason in found.reason


@pytest.mark.parametrize(("with_cert", "status"), [(True, 200), (False, 400)], ids=["with", "without"])
def test_a_client_certificate_is_shown_to_who_asks_for_it(ask, tls, tmp_path, with_cert, status):
    url, certificate = tls(server=f"ssl_verify_client on; ssl_client_certificate {tmp_path}/cert.pem;")
    ours = {"cert": certificate, "key": str(tmp_path / "key.pem")} if with_cert else {}
    (found,) = ask(url, ca=certificate, **ours)
    assert found.status == status


def test_a_key_with_a_password_asks_nobody(ask, tls, tmp_path):
    url, certificate = tls()
    command = ["openssl", "ec", "-in", "key.pem", "-aes256", "-passout", "pass:geheim", "-out", "locked.pem"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (found,) = ask(url, ca=certificate, cert=certificate, key=str(tmp_path / "locked.pem"))
    assert found.reason == "the key of the client's certificate has a password; give one without"


def test_a_server_that_knows_no_tls_is_said(ask, vendor):
    (found,) = ask(vendor(b"HTTP/1.1 400 -\r\n\r\n").url.replace("http:", "https:"))
    assert found.reason.startswith("TLS failed: ")


@pytest.mark.parametrize(("fresh", "connections"), [(True, 3), (False, 1)], ids=["fresh", "kept"])
def test_connections_are_fresh_or_kept(ask, start_nginx, fresh, connections):
    nginx = start_nginx("location / { return 503 $connection; }")
    assert len({each.response for each in ask(nginx.url, times=3, fresh=fresh)}) == connections


def test_a_kept_connection_that_was_closed_is_no_failure(ask, vendor):
    server = vendor(OK)
    assert [each.ok for each in ask(server.url, times=3, fresh=False)] == [True] * 3
    assert len(server.seen) == 3


def test_a_failure_on_a_kept_connection_is_not_retried_unseen(ask, start_nginx, vendor):
    def once_then_garbage(connection, _):
        connection.sendall(OK)
        connection.recv(65536)
        connection.sendall(b"garbage\r\n")

    found = ask(vendor(once_then_garbage, OK).url, times=2, fresh=False)
    assert [each.reason for each in found] == [None, "it does not speak HTTP"]


def test_a_post_is_never_sent_twice(ask, vendor):
    def once(connection, _):
        connection.sendall(OK)
        connection.recv(65536)  # and hang up

    found = ask(vendor(once, OK).url, times=2, fresh=False, method="POST", body=b"{}")
    assert found[0].ok
    assert found[1].reason in ("it closed the connection without an answer", "connection reset")


def test_a_redirect_to_tls_on_the_same_host_is_followed(ask, tls, start_nginx):
    url, certificate = tls()
    plain = start_nginx(f"location / {{ return 301 {url}there; }}")
    assert [each.ok for each in ask(plain.url, times=3, ca=certificate, fresh=False)] == [True] * 3


def test_secrets_do_not_follow_a_redirect_away_from_tls_or_to_another_port(ask, tls, vendor, answer):
    other = vendor(answer(200))
    url, certificate = tls(location=f"return 302 {other.url}/;")
    (found,) = ask(url, ca=certificate, headers=SECRET)
    assert found.reason == f"it redirects to another port, or away from TLS: {other.url}"
    (found,) = ask(vendor(answer(302, location=other.url)).url, headers=SECRET)
    assert found.reason == f"it redirects to another port, or away from TLS: {other.url}"
    assert other.seen == []


@pytest.mark.parametrize("there", ["http://[::", "http://127.0.0.1:99999/", "//"], ids=["bracket", "port", "nowhere"])
def test_a_redirect_to_nonsense_is_a_failed_probe(ask, vendor, answer, there):
    (found,) = ask(vendor(answer(302, location=there)).url)
    assert not found.ok
    assert found.reason


def test_a_path_is_escaped(ask, vendor, answer):
    server = vendor(answer(302, location="/a b?ü=1"), answer(200))
    ask(server.url)
    assert server.seen[1].startswith(b"GET /a%20b?%C3%83%C2%BC=1 HTTP/1.1\r\n")


def test_headers_given_replace_the_usual_ones_whatever_their_case(ask, vendor, answer):
    server = vendor(answer(200))
    ask(server.url, headers={"user-agent": "me", "host": "shop.example"})
    head = server.seen[0].lower()
    assert (head.count(b"user-agent:"), head.count(b"host:")) == (1, 1)
    assert b"\r\nhost: shop.example\r\n" in head


def test_a_post_without_a_body_says_that_it_has_none(ask, vendor, answer):
    server = vendor(answer(200))
    ask(server.url, method="POST")
    assert b"\r\nContent-Length: 0\r\n" in server.seen[0]


def test_interim_answers_without_end_are_a_failure(ask, vendor):
    (found,) = ask(vendor(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000).url)
    assert found.reason == "it sends interim answers without end"


def test_a_proxy_that_is_not_there_is_not_the_services_fault(ask, free_port):
    port = free_port()
    (found,) = ask("http://shop.invalid/", proxies={"http_proxy": f"127.0.0.1:{port}"})
    assert found.reason == f"the proxy 127.0.0.1:{port} cannot be reached"


def test_a_proxys_password_is_never_told(ask):
    (found,) = ask("http://shop.invalid/", proxies={"http_proxy": "http://user:geh#eim@proxy:80"})
    assert found.reason == "the proxy's address is malformed"


def test_a_proxy_that_hangs_costs_no_connection(ask, vendor):
    closed = []

    def hang(connection, over):
        connection.settimeout(5)
        closed.append(connection.recv(1) == b"")

    server = vendor(hang)
    (found,) = ask("https://shop.invalid/", proxies={"https_proxy": server.url}, timeout_s=0.3)
    assert found.reason == "timed out after 0.3 s (connecting)"
    server._threads[-1].join()
    assert closed == [True]


def test_a_secret_that_comes_back_is_not_told(ask, vendor, answer):
    server = vendor(answer(200, b'{"token": "geheim-token"}'))
    (found,) = ask(server.url, headers=SECRET, expect=Expect(json={"token": "x"}))
    assert "geheim" not in f"{found.reason} {found.response}"


def test_json_nested_deeply_is_only_wrong():
    body = b'{"a": ' + b"[" * 900 + b"]" * 900 + b"}"
    assert problem(Expect(json={"a": "x"}), 200, body).startswith("json a is ")
