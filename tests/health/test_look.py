"""`ci-reporter health URL` against servers that are well, unwell and no servers at all."""

import json
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ci_reporter.health.look import Wanted, describe
from ci_reporter.http import Answer

SHA = "c0ffee1" + "0" * 33


def reply(**keys):
    return json.dumps(keys).encode()


def lines(ended):
    """First word and name of each line of the table."""
    return {line.split()[1]: line.split()[0] for line in ended.stdout.splitlines()[1:]}


def test_a_service_that_is_well_is_a_table_and_0(run_program, vendor, answer):
    body = reply(status="pass", version="1.2", revision=SHA, checks={"db": [{"status": "pass"}]})
    server = vendor(answer(200, body))
    ended = run_program("health", server.url + "/health")
    assert ended.returncode == 0
    first, port, *rest = ended.stdout.splitlines()
    assert first == f"{server.url}/health  version 1.2"
    assert port.startswith("ok    port      answers in ")
    assert rest == [
        "ok    status    pass (HTTP 200)",
        f"ok    revision  {SHA}",
        "ok    check db  pass",
    ]


def test_what_it_is_asked(run_program, vendor, answer):
    server = vendor(answer(200))
    run_program("health", server.url.replace("//", "//ann:s3cret@") + "/health")
    head = server.seen[0].decode().lower()
    assert head.startswith("get /health http/1.1")
    assert "accept: application/health+json" in head
    assert "cache-control: no-cache" in head
    assert "authorization: basic yw5uonmzy3jlda==" in head


def test_an_unwell_service_is_1_and_its_words_are_shown(run_program, vendor, answer):
    body = reply(status="DOWN", components={"db": {"status": "DOWN", "description": "refused\x1b[2J" + "x" * 5000}})
    ended = run_program("health", vendor(answer(503, body)).url)
    assert ended.returncode == 1
    assert "FAIL  status    fail (HTTP 503)" in ended.stdout
    assert "FAIL  check db  fail: refusedxxx" in ended.stdout


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (reply(status="warn", checks={"mail": [{"status": "fail", "critical": False}]}), 0),
        (reply(status="pass", checks={"mail": [{"status": "fail"}]}), 1),
        (reply(status="pass", checks={"mail": [{"status": "odd"}]}), 0),
        (b"Degraded", 0),
        (b"Unhealthy", 1),
    ],
    ids=["not critical", "a check fails", "an odd word", "degraded text", "unhealthy text"],
)
def test_the_exit_code_is_of_status_and_checks(run_program, vendor, answer, body, code):
    assert run_program("health", vendor(answer(200, body)).url).returncode == code


@pytest.mark.parametrize(
    ("expected", "served", "word"),
    [
        (SHA, SHA[:7], "ok"),
        (SHA[:7].upper(), SHA, "ok"),
        ("deadbee", SHA, "FAIL"),
        (SHA, "abc", "FAIL"),
        (SHA, None, "FAIL"),
    ],
    ids=["short served", "short expected", "another", "cannot be told", "not told"],
)
def test_the_revision_that_answers_is_held_against_the_expected_one(
    run_program, vendor, answer, expected, served, word
):
    server = vendor(answer(200, reply(status="pass", commit=served)))
    ended = run_program("health", server.url, env={"CI_REPORTER_HEALTH_EXPECT_REVISION": expected})
    assert (lines(ended)["revision"], ended.returncode) == (word, int(word == "FAIL"))


def test_the_revision_is_read_where_it_is_told(run_program, vendor, answer):
    server = vendor(answer(200, b"ok", X_Build=SHA))
    ended = run_program("health", server.url, "--revision-at", "header:X-Build", "--json")
    assert json.loads(ended.stdout)["revision"] == SHA


def test_a_redirect_is_no_yes(run_program, vendor, answer):
    ended = run_program("health", vendor(answer(302, Location="https://login.example/")).url)
    assert ended.returncode == 1
    assert "HTTP 302: it redirects to https://login.example/; look there instead" in ended.stdout


def test_a_port_nobody_listens_on_is_1(run_program, free_port):
    url = f"http://127.0.0.1:{free_port()}"
    ended = run_program("health", url)
    assert (ended.returncode, lines(ended)) == (1, {"port": "FAIL"})
    assert "connection refused" in ended.stdout


def test_a_server_that_says_nothing_is_not_waited_for(run_program, vendor):
    ended = run_program("health", vendor(lambda _, over: over.wait(20)).url, "--timeout", "300ms")
    assert (ended.returncode, lines(ended)) == (1, {"port": "FAIL"})
    assert ended.seconds < 5


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["ftp://x"], "'ftp://x' is not an http(s) address"),
        (["http://"], "is not an http(s) address"),
        (["http://ann:s3cret@[::1"], "is not an http(s) address"),
        (["http://x", "--timeout", "soon"], "option --timeout: 'soon'"),
        (["http://x", "--timeout", "0s"], "option --timeout: '0s' is not above zero"),
        (["http://x", "--expect-revision", "main"], "option --expect-revision: 'main' is not a commit"),
        (["http://x", "--ca", "none.pem"], "option --ca: there is no none.pem"),
    ],
    ids=["scheme", "no host", "malformed", "time", "no time", "revision", "ca"],
)
def test_what_is_wrong_with_an_option_is_said(run_program, args, said):
    ended = run_program("health", *args)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "s3cret" not in ended.stderr


def test_a_token_comes_from_a_file(run_program, vendor, answer, tmp_path):
    (tmp_path / "token").write_text("t0psecret\n")
    server = vendor(answer(200))
    run_program("health", server.url, env={"CI_REPORTER_HEALTH_TOKEN_FILE": str(tmp_path / "token")})
    assert b"Authorization: Bearer t0psecret" in server.seen[0]


def test_a_token_file_that_is_not_there_is_2(run_program):
    ended = run_program("health", "http://127.0.0.1:1", env={"CI_REPORTER_HEALTH_TOKEN_FILE": "none"})
    assert (ended.returncode, "variable CI_REPORTER_HEALTH_TOKEN_FILE: cannot read none" in ended.stderr) == (2, True)


def test_a_secret_the_server_repeats_is_not_shown(run_program, vendor, answer):
    body = reply(status="fail", version="t0psecret", checks={"you": [{"status": "fail", "output": "sent t0psecret"}]})
    server = vendor(answer(503, body))
    ended = run_program("health", server.url, env={"CI_REPORTER_HEALTH_TOKEN": "t0psecret"})
    assert "fail: sent ***" in ended.stdout
    assert "t0psecret" not in ended.stdout + ended.stderr


class _Well(BaseHTTPRequestHandler):
    def do_GET(self):
        body = reply(status="pass")
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture(params=["HTTP/1.0", "HTTP/1.1"])
def tls(request, tmp_path):
    """An HTTPS server whose certificate ends in so many days: its address, and whom to trust."""
    servers = []

    def start(days):
        def openssl(*args):
            subprocess.run(["openssl", *args], cwd=tmp_path, check=True, capture_output=True)

        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem")
        names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1")
        openssl("req", "-x509", *key, *names, "-days", str(days), "-out", "cert.pem")
        handler = type("Handler", (_Well,), {"protocol_version": request.param})
        server = HTTPServer(("127.0.0.1", 0), handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return f"https://127.0.0.1:{server.server_port}", str(tmp_path / "cert.pem")

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("days", "limit", "word"), [(30, None, "ok"), (10, None, "warn"), (30, "60", "warn")])
def test_the_certificates_end_is_told_in_days(run_program, tls, days, limit, word):
    url, ca = tls(days)
    ended = run_program("health", url, "--ca", ca, *(["--tls-days", limit] if limit else []))
    assert (ended.returncode, lines(ended)["tls"]) == (0, word)
    assert f"certificate valid for {days - 1} days, until " in ended.stdout


def test_a_certificate_nobody_vouches_for_fails(run_program, tls):
    ended = run_program("health", tls(30)[0])
    assert (ended.returncode, lines(ended)) == (1, {"tls": "FAIL"})
    assert "certificate is not trusted" in ended.stdout


@pytest.mark.parametrize(
    ("days", "status", "said"),
    [(0.5, "warn", "0 days"), (1.5, "warn", "1 day,"), (14.5, "pass", "14 days"), (None, "warn", "cannot be told")],
)
def test_days_are_whole_ones(days, status, said):
    ends = None if days is None else days * 86400
    found = describe("https://x", Answer(status=200, body=b"", expires_at_s=ends), Wanted(), took_ms=1, now_s=0)
    (tls_line,) = [each for each in found.findings if each.name == "tls"]
    assert (tls_line.status, said in tls_line.said) == (status, True)


def test_a_web_page_is_called_one():
    page = Answer(status=200, body=b"<html><title>Welcome</title>")
    found = describe("http://x", page, Wanted(), took_ms=1, now_s=0)
    assert found.findings[1].said == "pass (HTTP 200, from a web page: Welcome)"
