"""A hub that needs no sign-in: this machine alone reaches it, and no page of another site through a browser."""

from __future__ import annotations

import pytest

from tests.hub.auth.conftest import basic, bearer


def test_without_any_set_up_everything_is_open(make_site):
    site = make_site(secrets="")
    assert [site.get(path).status for path in ("/metrics", "/api/v1/runs", "/health")] == [200] * 3
    assert site.report().status == 202
    assert "checks" in site.get("/health").json


LOCAL = ["127.0.0.1:8750", "localhost", "localhost:8750", "[::1]:8750", "127.1.2.3", "hub.localhost:1", "LOCALHOST"]
FOREIGN = [
    "evil.example",
    "evil.example:8750",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "192.0.2.1",
    "",
    "[",
]


@pytest.mark.parametrize("host", LOCAL)
def test_it_answers_to_names_of_this_machine(make_site, host):
    assert make_site(secrets="").ask("GET", "/metrics", {"Host": host}).status == 200


@pytest.mark.parametrize("host", FOREIGN)
def test_a_name_that_dns_could_lead_here_is_refused(make_site, host):
    site = make_site(secrets="")
    for method, path in (("GET", "/metrics"), ("GET", "/api/v1/runs"), ("POST", "/ci-report"), ("GET", "/")):
        reply = site.ask(method, path, {"Host": host})
        assert (path, reply.status) == (path, 421)
    assert "ci-reporter hub user add" in reply.json["detail"]


def test_two_hosts_are_refused(make_site):
    pairs = [("Host", "localhost"), ("Host", "evil.example")]
    assert make_site(secrets="").ask("GET", "/metrics", pairs).status == 400


def test_with_a_sign_in_every_name_is_good(make_site):
    site = make_site()
    assert site.ask("GET", "/metrics", {**bearer(site.token("read")), "Host": "hub.example"}).status == 200


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_a_page_of_another_site_changes_nothing(make_site, headers):
    site = make_site(secrets="")
    assert site.post_form("/logout", headers).status == 403
    assert site.report(headers).status == 403


def test_credentials_are_no_matter_where_none_are_needed(make_site):
    site = make_site(secrets="")
    assert site.ask("GET", "/metrics", basic("somebody", "wrong")).status == 200


@pytest.mark.parametrize("first", ["user", "token"])
def test_from_the_first_user_or_token_on_one_has_to_sign_in(make_site, eventually, first):
    site = make_site(secrets="")
    assert site.get("/metrics").status == 200
    site.user("jane") if first == "user" else site.token("read")
    eventually(lambda: site.get("/metrics").status == 401, "the hub to ask who it is")
    assert site.report().status == 401


def test_it_stays_so_when_the_last_one_is_gone(make_site):
    site = make_site(secrets="")
    site.user("jane")
    site.store.transact(lambda run: run("UPDATE auth_user SET removed_ms = 1"))
    assert site.get("/metrics").status == 401


def test_an_address_that_others_reach_always_needs_a_sign_in(make_site):
    site = make_site(secrets="", host="0.0.0.0")
    assert site.get("/metrics").status == 401
    assert site.report().status == 401
    assert site.report(bearer(site.token("ingest"))).status == 202
