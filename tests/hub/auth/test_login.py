"""People: Basic, the form, the session's cookie, CSRF, the throttle."""

from __future__ import annotations

import asyncio
import base64
import re

import pytest

from ci_reporter.hub.auth import passwords, users
from ci_reporter.hub.auth.throttle import WINDOW_S, Throttle
from tests.hub.auth.conftest import CHEAP, PASSWORD, Site, basic, now_ms

COOKIE = re.compile(r"(__Host-)?ci_reporter_session=([\w-]{43}); (.*)")
TLS = {"X-Forwarded-Proto": "https"}
HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A hub; what the database has of sessions is tried on both kinds in test_routes.py."""
    found = Site(tmp_path_factory.mktemp("site") / "hub.db")
    yield found
    found.close()


def shown_form(site, target="/login", **headers):
    """The form's fields that are hidden, and the cookie that came with it."""
    reply = site.get(target, **headers)
    nonce = re.match(r"ci_reporter_login=[\w-]{43}", reply.headers["set-cookie"])[0]
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', reply.body.decode()))
    return hidden, {"Cookie": nonce}


def sign_in(site, name, password=PASSWORD, headers=(), **more):
    hidden, cookie = shown_form(site)
    return site.post_form("/login", {**cookie, **dict(headers)}, username=name, password=password, **hidden | more)


def session_of(reply):
    return re.match(r"[\w-]+=[\w-]{43}", reply.headers["set-cookie"])[0]


def test_the_right_password_begins_a_session(site):
    reply = sign_in(site, site.user("anna"))
    assert (reply.status, reply.headers["location"]) == (303, "/")
    _, _, attributes = COOKIE.fullmatch(reply.headers["set-cookie"]).groups()
    assert attributes == "Path=/; Max-Age=604800; HttpOnly; SameSite=Lax"
    assert site.get("/metrics", Cookie=session_of(reply)).status == 200


def test_behind_tls_the_cookie_is_bound_to_it_and_to_the_host(site):
    reply = sign_in(site, site.user("bert"), headers=TLS)
    prefix, _, attributes = COOKIE.fullmatch(reply.headers["set-cookie"]).groups()
    assert (prefix, attributes.endswith("; Secure")) == ("__Host-", True)
    assert site.get("/metrics", Cookie=session_of(reply)).status == 401
    assert site.get("/metrics", Cookie=session_of(reply), **TLS).status == 200


def test_who_is_not_a_proxy_of_ours_says_nothing_of_tls(site):
    reply = site.ask("GET", "/login", TLS, client=("192.0.2.1", 4000))
    assert "Secure" not in reply.headers["set-cookie"]


def test_a_session_is_kept_as_its_hash(site):
    key = session_of(sign_in(site, site.user("carl"))).partition("=")[2]
    kept = site.store.select("SELECT hash FROM auth_session")
    assert kept and not any(key in hashed for (hashed,) in kept)


def test_each_sign_in_begins_another_session(site):
    name = site.user("dora")
    given = {"Cookie": f"ci_reporter_session={'a' * 43}"}
    first = session_of(sign_in(site, name))
    hidden, nonce = shown_form(site)
    cookie = {"Cookie": f"{nonce['Cookie']}; {given['Cookie']}"}
    second = session_of(site.post_form("/login", cookie, username=name, password=PASSWORD, **hidden))
    assert len({first, second, given["Cookie"]}) == 3


def test_two_cookies_of_one_name_are_none(site):
    session = session_of(sign_in(site, site.user("emil")))
    assert site.get("/metrics", Cookie=f"{session}; ci_reporter_session={'b' * 43}").status == 401


def test_a_session_ends(site):
    session = session_of(sign_in(site, site.user("fred")))
    site.store.transact(lambda run: run("UPDATE auth_session SET expires_ms = :now WHERE user_name = 'fred'", now=1))
    assert site.get("/metrics", Cookie=session).status == 401


def csrf_of(site, session):
    """What a page of the hub has in its form to sign out."""
    page = site.get("/", Cookie=session).body.decode()
    form = page.partition('action="/logout"')[2]
    return re.search(r'name="csrf" value="([0-9a-f]{64})"', form)[1]


def test_who_has_no_session_sees_no_way_to_sign_out(site):
    assert b"/logout" not in site.ask("GET", "/", basic(site.user("hans"))).body


def test_signing_out_ends_the_session_at_once(site):
    session = session_of(sign_in(site, site.user("gina")))
    assert site.get("/metrics", Cookie=session).status == 200
    reply = site.post_form("/logout", {"Cookie": session}, csrf=csrf_of(site, session))
    assert (reply.status, reply.headers["location"]) == (303, "/login")
    assert "=; Path=/; Max-Age=0" in reply.headers["set-cookie"]
    assert site.get("/metrics", Cookie=session).status == 401


@pytest.mark.parametrize("given", [{}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": "é"}])
def test_a_form_without_what_it_has_to_bring_back_changes_nothing(site, given):
    name = f"hugo{now_ms()}"
    session = session_of(sign_in(site, site.user(name)))
    assert site.post_form("/logout", {"Cookie": session}, **given).status == 403
    assert site.get("/metrics", Cookie=session).status == 200


def test_what_a_form_brings_back_is_of_its_session_alone(site):
    first = session_of(sign_in(site, site.user("ida")))
    second = session_of(sign_in(site, "ida"))
    assert site.post_form("/logout", {"Cookie": first}, csrf=csrf_of(site, second)).status == 403


CROSS = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:9999"},
    {"Origin": "http://["},
]


@pytest.mark.parametrize("headers", CROSS, ids=str)
def test_another_site_sends_no_form(site, headers):
    name = f"jan{now_ms()}"
    session = session_of(sign_in(site, site.user(name)))
    given = {"Cookie": session, **headers}
    assert site.post_form("/logout", given, csrf=csrf_of(site, session)).status == 403
    assert site.post_form("/logout", {**basic(name), **headers}, csrf="x").status == 403
    assert sign_in(site, name, headers=headers).status == 403
    assert site.ask("GET", "/ws", given, type="websocket") == [{"type": "websocket.close", "code": 1008}]


def test_another_site_may_lead_to_a_page(site):
    session = session_of(sign_in(site, site.user("kim")))
    assert site.get("/metrics", Cookie=session, **{"Sec-Fetch-Site": "cross-site"}).status == 200


def test_a_sign_in_without_the_forms_cookie_is_refused(site):
    hidden, _ = shown_form(site)
    reply = site.post_form("/login", username=site.user("lena"), password=PASSWORD, **hidden)
    assert reply.status == 403
    assert "set-cookie" in reply.headers and "ci_reporter_session" not in reply.headers["set-cookie"]


def test_a_wrong_password_and_a_wrong_name_read_the_same(site):
    site.user("mia")
    replies = [sign_in(site, name, "not the password") for name in ("mia", "nobody-of-this-name")]
    pages = {re.sub(r'value="[^"]*"', "", reply.body.decode()) for reply in replies}
    assert ([reply.status for reply in replies], len(pages)) == ([401, 401], 1)
    assert "The user or the password is wrong." in pages.pop()


def test_a_name_is_shown_as_text(site):
    reply = sign_in(site, '"><script>alert(1)</script>')
    assert b"<script>" not in reply.body
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")


TARGETS = {
    "/runs?branch=main": "/runs?branch=main",
    "//evil.example": "/",
    "/\\evil.example": "/",
    "https://evil.example": "/",
    "/x\r\nset-cookie: a=b": "/",
    "javascript:alert(1)": "/",
    "/logout": "/",
    "": "/",
    "/" + "x" * 3000: "/",
}


@pytest.mark.parametrize(("target", "led_to"), TARGETS.items(), ids=lambda each: each[:20])
def test_one_is_led_to_a_page_of_the_hub_alone(site, target, led_to):
    name = f"nils{abs(hash(target))}"
    assert sign_in(site, site.user(name), next=target).headers["location"] == led_to


def test_the_form_knows_where_one_wanted_to_go(site):
    assert shown_form(site, "/login?next=/runs%3Fbranch%3Dmain")[0]["next"] == "/runs?branch=main"


def test_basic_works_for_every_route_and_needs_the_password_once(site):
    headers = basic(site.user("olga"))
    assert site.ask("GET", "/metrics", headers).status == 200
    site.store.transact(lambda run: run("UPDATE auth_user SET role = 'admin' WHERE name = 'olga'"))
    assert site.ask("GET", "/api/v1/runs", headers).status == 200


def test_a_password_may_have_any_characters(site):
    name = site.user("pia", password="pässwörd: mit:Doppelpunkten")
    assert site.ask("GET", "/metrics", basic(name, "pässwörd: mit:Doppelpunkten")).status == 200


def test_a_name_is_known_in_any_case(site):
    site.user("quinn")
    assert site.ask("GET", "/metrics", basic("Quinn")).status == 200


def test_another_password_ends_basic_and_sessions(make_site, eventually):
    site = make_site()
    session = session_of(sign_in(site, site.user("rosa")))
    assert site.ask("GET", "/metrics", basic("rosa")).status == 200
    users.set_password(site.store, "rosa", passwords.encode("another good password", CHEAP))
    eventually(lambda: site.get("/metrics", Cookie=session).status == 401, "the session to end")
    eventually(lambda: site.ask("GET", "/metrics", basic("rosa")).status == 401, "the old password to be refused")
    assert site.ask("GET", "/metrics", basic("rosa", "another good password")).status == 200


def test_a_user_that_was_removed_is_let_in_no_more(make_site, eventually):
    site = make_site()
    session = session_of(sign_in(site, site.user("sven")))
    assert users.remove(site.store, "sven", now_ms())
    eventually(lambda: site.get("/metrics", Cookie=session).status == 401, "the session to end")
    eventually(lambda: site.ask("GET", "/metrics", basic("sven")).status == 401, "the password to be refused")


def test_after_some_wrong_passwords_even_the_right_one_has_to_wait(make_site):
    site = make_site()
    site.user("tina")
    for _ in range(5):
        assert site.ask("GET", "/metrics", basic("tina", "wrong")).status == 401
    reply = site.ask("GET", "/metrics", basic("tina"))
    assert reply.status == 429
    assert 0 < int(reply.headers["retry-after"]) <= WINDOW_S
    assert sign_in(site, "tina").status == 429
    elsewhere = site.ask("GET", "/metrics", basic("tina"), client=("192.0.2.1", 4000))
    assert elsewhere.status == 200


def ask_at_once(site, *passwords_of):
    """How requests with these passwords are answered that come together."""

    async def run():
        asks = [site._ask("GET", "/metrics", basic("vera", each), b"", {}) for each in passwords_of]
        return sorted(reply.status for reply in await asyncio.gather(*asks))

    return site._runner.run(run())


def test_passwords_that_are_tried_at_once_count_as_those_that_come_one_by_one(make_site):
    site = make_site()
    site.user("vera")
    assert ask_at_once(site, *map(str, range(12))) == [401] * 5 + [429] * 7


def test_the_right_password_may_come_often_at_once(make_site):
    site = make_site()
    site.user("vera")
    assert ask_at_once(site, *[PASSWORD] * 40) == [200] * 40
    assert ask_at_once(site, "wrong", PASSWORD) == [200, 401]


def test_who_is_behind_a_proxy_of_ours_is_counted_by_his_own_address(make_site):
    site = make_site()
    site.user("ute")
    for _ in range(5):
        site.ask("GET", "/metrics", {**basic("ute", "wrong"), "X-Forwarded-For": "203.0.113.9, 192.0.2.7"})
    assert site.ask("GET", "/metrics", {**basic("ute"), "X-Forwarded-For": "192.0.2.7"}).status == 429
    assert site.ask("GET", "/metrics", {**basic("ute"), "X-Forwarded-For": "203.0.113.9"}).status == 200


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_a_proxy_on_the_same_machine_is_believed(site, peer):
    assert "Secure" in site.ask("GET", "/login", TLS, client=(peer, 4000)).headers["set-cookie"]


def test_without_a_user_the_form_is_there_and_lets_nobody_in(make_site):
    site = make_site()
    assert sign_in(site, "admin", "admin").status == 401


def test_a_form_that_is_too_large_is_refused(site):
    assert site.post_form("/login", username="x" * 70_000).status == 413


def test_a_form_of_another_kind_is_refused(site):
    assert site.ask("POST", "/login", {"Content-Type": "text/plain"}, b"username=a").status == 415


def test_another_method_is_refused(site):
    reply = site.ask("DELETE", "/login")
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD, POST")


# ---- the parts


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


def test_failures_are_forgotten_after_a_time():
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(5):
        throttle.note_failure("a", "192.0.2.1")
    assert throttle.wait_s("a", "192.0.2.1") == WINDOW_S
    clock.now_s = WINDOW_S
    assert throttle.wait_s("a", "192.0.2.1") == 0


def test_many_names_of_one_address_are_one_guesser():
    throttle = Throttle(Clock())
    for number in range(30):
        throttle.note_failure(f"user{number}", "2001:db8::1")
    assert throttle.wait_s("somebody", "2001:db8::2:1") > 0
    assert throttle.wait_s("somebody", "2001:db8:0:1::1") == 0


def test_many_addresses_of_one_name_are_one_guesser_in_the_end():
    throttle = Throttle(Clock())
    for number in range(50):
        throttle.note_failure("admin", f"192.0.2.{number}")
    assert throttle.wait_s("admin", "198.51.100.1") > 0


def test_success_forgets_what_was_mistyped():
    throttle = Throttle(Clock())
    for _ in range(4):
        throttle.note_failure("a", "192.0.2.1")
    throttle.note_success("a", "192.0.2.1")
    throttle.note_failure("a", "192.0.2.1")
    assert throttle.wait_s("a", "192.0.2.1") == 0


def test_what_was_no_failure_counts_for_nobody():
    throttle = Throttle(Clock())
    for number in range(100):
        throttle.note_failure("a", f"192.0.2.{number % 2}")
        throttle.withdraw("a", f"192.0.2.{number % 2}")
    assert len(throttle) == 0


def test_the_memory_of_failures_is_bounded():
    throttle = Throttle(Clock())
    for number in range(6_000):  # each is three counts
        throttle.note_failure(f"user{number}", f"10.{number >> 8}.{number & 255}.1")
    assert len(throttle) <= 10_000


def test_a_password_is_kept_so_that_nobody_can_read_it():
    first, second = (passwords.encode(PASSWORD, CHEAP) for _ in range(2))
    assert first != second
    assert PASSWORD not in first
    assert base64.b64encode(PASSWORD.encode()).decode() not in first
    assert passwords.matches(PASSWORD, first)
    assert not passwords.matches(f"{PASSWORD} ", first)


def test_nobody_has_the_password_of_nobody():
    assert not passwords.matches("", passwords.of_nobody(CHEAP))


def test_a_user_that_is_not_there_costs_as_much_as_one_that_is():
    """The parameters are what a sign-in costs; times are not measured, as they depend on the machine."""
    known, nobody = passwords.encode(PASSWORD), passwords.of_nobody(passwords.Cost())
    assert known.split("$")[:4] == nobody.split("$")[:4] == ["scrypt", "14", "8", "5"]
