"""Who is let in and whom we trust: users, tokens, certificates, proxies."""

from __future__ import annotations

import re
import urllib.request
from urllib.parse import urlsplit

import pytest

PASSWORD = "correct-horse"
HASH = "$2b$04$xr1L9Cn95pPZcv17KqIxO.hL/h2spgI5gcQbDnyAb91fPI2vS/5Z2"  # of the password, bcrypt with the least cost
TOKEN = "t0ken-t0ken"


def run(program, url, **env):
    settings = {f"CI_REPORTER_{name.upper()}": str(value) for name, value in env.items()}
    return program("run", "--", "true", env={"CI_REPORTER_PUSHGATEWAY": url, "CI_REPORTER_BUDGET": "3s"} | settings)


@pytest.fixture
def guarded(start_pushgateway, tmp_path):
    """A real gateway that wants the user `ci` and the password."""
    config = tmp_path / "web.yml"
    config.write_text(f"basic_auth_users:\n  ci: {HASH}\n")
    return start_pushgateway(f"--web.config.file={config}")


@pytest.fixture
def password_file(tmp_path):
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n")
    return path


@pytest.mark.services
@pytest.mark.parametrize("source", ["variable", "file", "address"])
def test_basic_authentication_opens_the_real_gateway(run_program, guarded, password_file, source):
    env = {
        "variable": {"pushgateway_username": "ci", "pushgateway_password": PASSWORD},
        "file": {"pushgateway_username": "ci", "pushgateway_password_file": password_file},
        "address": {},
    }[source]
    url = guarded.url.replace("://", f"://ci:{PASSWORD}@") if source == "address" else guarded.url
    ended = run(run_program, url, **env)
    assert (ended.stderr.endswith(" · pushed\n"), run_program.spooled()) == (True, [])


@pytest.mark.services
@pytest.mark.parametrize("password", ["wrong-horse", None])
def test_without_the_right_password_it_says_401(run_program, guarded, password):
    env = {"pushgateway_username": "ci", "pushgateway_password": password} if password else {}
    ended = run(run_program, guarded.url, **env)
    assert f"{guarded.url} answered 401: Unauthorized" in ended.stderr
    assert (ended.returncode, len(run_program.spooled())) == (0, 1)
    assert "wrong-horse" not in ended.stderr + run_program.spooled()[0]["reason"]


@pytest.mark.parametrize("source", ["variable", "file"])
def test_a_token_is_sent_as_bearer(run_program, vendor, answer, tmp_path, source):
    (tmp_path / "token").write_text(TOKEN)
    server = vendor(answer(200))
    variable, value = (
        ("pushgateway_token", TOKEN) if source == "variable" else ("pushgateway_token_file", tmp_path / "token")
    )
    run(run_program, server.url, **{variable: value})
    assert f"\r\nAuthorization: Bearer {TOKEN}\r\n".encode() in server.seen[0]


@pytest.mark.parametrize(
    ("env", "header"),
    [({"pushgateway_token": TOKEN}, f"Bearer {TOKEN}".encode()), ({}, None)],
    ids=["with a token", "with nothing"],
)
def test_netrc_has_no_say(run_program, vendor, answer, env, header):
    netrc = run_program.home / ".netrc"
    netrc.write_text("default login somebody password else\n")
    netrc.chmod(0o600)
    server = vendor(answer(200))
    run(run_program, server.url, **env)
    found = re.search(rb"Authorization: (.*)\r\n", server.seen[0])
    assert (found[1] if found else None) == header


def test_a_server_that_says_our_token_is_not_repeated(run_program, vendor):
    def echo(connection, _):
        body = f"no user has the token {TOKEN}".encode()
        connection.sendall(b"HTTP/1.1 403 -\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    ended = run(run_program, vendor(echo).url, pushgateway_token=TOKEN)
    assert "answered 403: no user has the token ***" in ended.stderr
    assert TOKEN not in ended.stderr + run_program.spooled()[0]["reason"]


def test_a_user_agent_says_who_we_are(run_program, vendor, answer):
    server = vendor(answer(200))
    run(run_program, server.url)
    assert re.search(rb"\r\nUser-Agent: ci-reporter/\d+\.\d+", server.seen[0])


@pytest.fixture
def secure(start_pushgateway, certificates, tmp_path):
    """A real gateway that speaks TLS with a certificate of our own authority."""
    config = tmp_path / "tls.yml"
    config.write_text(f"tls_server_config:\n  cert_file: {certificates}/gw.pem\n  key_file: {certificates}/gw.key\n")
    return start_pushgateway(f"--web.config.file={config}", authority=certificates / "ca.pem")


@pytest.mark.services
def test_a_certificate_of_our_own_authority_is_trusted_when_named(run_program, secure, certificates):
    ended = run(run_program, secure.url, pushgateway_ca=certificates / "ca.pem")
    assert (ended.stderr.endswith(" · pushed\n"), run_program.spooled()) == (True, [])


@pytest.mark.services
@pytest.mark.parametrize("authority", [None, "other.pem"])
def test_a_certificate_of_an_unknown_authority_is_said(run_program, secure, certificates, authority):
    env = {"pushgateway_ca": certificates / authority} if authority else {}
    ended = run(run_program, secure.url, **env)
    assert (
        f"cannot reach {secure.url}: certificate is not trusted: unable to get local issuer certificate" in ended.stderr
    )
    assert (ended.returncode, len(run_program.spooled())) == (0, 1)


@pytest.mark.services
def test_a_certificate_for_another_host_is_said(run_program, secure, certificates):
    url = f"https://localhost:{secure.port}"
    ended = run(run_program, url, pushgateway_ca=certificates / "ca.pem")
    assert "certificate is not trusted: hostname mismatch" in ended.stderr


@pytest.mark.services
def test_tls_where_there_is_none_is_said(run_program, pushgateway):
    ended = run(run_program, pushgateway.url.replace("http:", "https:"))
    assert "TLS failed: " in ended.stderr


@pytest.mark.services
def test_no_tls_where_there_is_some_is_said(run_program, secure):
    ended = run(run_program, secure.url.replace("https:", "http:"))
    assert "answered 400: Client sent an HTTP request to an HTTPS server." in ended.stderr


@pytest.fixture
def proxy(vendor):
    """A proxy that forwards to wherever it is told."""

    def forward(connection, _):
        head, _, body = server.seen[-1].partition(b"\r\n\r\n")
        method, url = head.split(b" ", 2)[:2]
        request = urllib.request.Request(url.decode(), data=body or None, method=method.decode())
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as response:
            connection.sendall(b"HTTP/1.1 %d -\r\nContent-Length: 0\r\n\r\n" % response.status)

    server = vendor(forward)
    return server


@pytest.mark.services
def test_a_proxy_is_used(run_program, proxy, pushgateway, values):
    env = {"CI_REPORTER_PUSHGATEWAY": pushgateway.url, "http_proxy": proxy.url}
    assert run_program("run", "--", "true", env=env).stderr.endswith(" · pushed\n")
    assert proxy.seen[0].startswith(f"POST {pushgateway.url}/metrics/".encode())
    assert values(pushgateway)["ci_step_success"] == 1


def test_the_proxys_own_user_goes_to_the_proxy(run_program, vendor, answer):
    proxy = vendor(answer(200))
    url = f"http://me:{PASSWORD}@127.0.0.1:{proxy.port}"
    run_program("run", "--", "true", env={"CI_REPORTER_PUSHGATEWAY": "http://gw.example", "http_proxy": url})
    assert b"\r\nProxy-Authorization: Basic bWU6Y29ycmVjdC1ob3JzZQ==\r\n" in proxy.seen[0]
    assert b"\r\nAuthorization:" not in proxy.seen[0]


@pytest.mark.services
def test_a_host_without_proxy_is_reached_directly(run_program, proxy, pushgateway):
    env = {"CI_REPORTER_PUSHGATEWAY": pushgateway.url, "http_proxy": proxy.url, "no_proxy": "127.0.0.1"}
    assert run_program("run", "--", "true", env=env).stderr.endswith(" · pushed\n")
    assert proxy.seen == []


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("http://me:s3c-ret@127.0.0.1:{port}", "cannot reach http://gw.example: the proxy: connection refused"),
        ("http://me:s3c-ret@proxy.invalid:3128", "cannot reach http://gw.example: the proxy: "),
        ("http://me:s3c/ret@127.0.0.1:2", "malformed address, ours or the proxy's (http_proxy, https_proxy)"),
        ("http://me:s3c[ret@127.0.0.1:2", "malformed address, ours or the proxy's (http_proxy, https_proxy)"),
    ],
    ids=["dead", "unknown", "slash in password", "bracket in password"],
)
def test_a_proxy_that_is_none_is_said(run_program, free_port, proxy, said):
    env = {"CI_REPORTER_PUSHGATEWAY": "http://gw.example", "http_proxy": proxy.format(port=free_port())}
    ended = run_program("run", "--", "true", env=env)
    assert (ended.returncode, said in ended.stderr, len(run_program.spooled())) == (0, True, 1)
    assert "s3c" not in ended.stderr + run_program.spooled()[0]["reason"]


def test_a_proxy_that_refuses_to_connect_through_is_said(run_program, vendor, answer):
    env = {"CI_REPORTER_PUSHGATEWAY": "https://gw.example", "https_proxy": vendor(answer(407)).url}
    ended = run_program("run", "--", "true", env=env)
    assert "cannot reach https://gw.example: the proxy: tunnel connection failed: 407" in ended.stderr.lower()


def test_user_and_password_of_the_address_are_nowhere_to_be_seen(run_program, free_port):
    url = f"http://ci:{PASSWORD}@127.0.0.1:{free_port()}"
    ended = run_program("run", "--dry-run", "--json", "--", "true", env={"CI_REPORTER_PUSHGATEWAY": url})
    assert f"POST http://{urlsplit(url).netloc.rpartition('@')[2]}/metrics/" in ended.stdout
    assert "Authorization: Basic ***" in ended.stdout
    assert PASSWORD not in ended.stdout + ended.stderr
