"""Silences by form, and the page of those who run the hub."""

import re

import pytest

from ci_reporter.hub.auth.login import SESSION
from ci_reporter.hub.auth.users import begin_session
from ci_reporter.hub.exposition import Block, Type
from ci_reporter.hub.page.views.admin import hosts
from ci_reporter.hub.poll.ledger import Ledger, Told
from ci_reporter.hub.webhooks.deliveries import Delivery, Outcome, insert
from ci_reporter.hub.webhooks.event import Event
from ci_reporter.hub.webhooks.source import Source
from tests.hub.auth.conftest import DAY_MS, Site, now_ms
from tests.hub.page.conftest import HOSTILE


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A hub with an administrator, a viewer of acme, a target that cannot be looked at, and a delivery."""
    found = Site(tmp_path_factory.mktemp("forms") / "hub.db")
    found.user("ada", "admin")
    found.user("vera", "viewer", ["acme/*"])
    ledger = Ledger(found.store, "one", alone=True)
    ledger.claim(["github.com acme/shop"], {"github.com acme/shop": Told(1000, "the token is refused")}, now_ms())
    event = Event(repository="acme/shop")
    known = {"delivery_id": "d1", "digest": "x", "received_ms": now_ms(), "name": "workflow_run", "event": event}
    delivery = Delivery(source=Source.GITHUB, **known)
    found.store.transact(lambda run: insert(run, delivery, Outcome.RECORDED, ""))
    yield found
    found.close()


def signed_in(site, name):
    """The header of a session."""
    key = begin_session(site.store, name, now_ms(), now_ms() + DAY_MS)
    return {"Cookie": f"{SESSION}={key}"}


def csrf(site, headers):
    return re.search(rb'name="csrf" value="(\w+)"', site.ask("GET", "/silences", headers).body)[1].decode()


def add(site, headers, **fields):
    known = {"matchers": "repository=acme/shop", "duration": "2h", "comment": "moving", "csrf": csrf(site, headers)}
    return site.post_form("/silences", headers, **known | fields)


def test_a_silence_is_added_seen_and_ended(site):
    ada = signed_in(site, "ada")
    assert add(site, ada, comment="new database").headers["location"] == "/silences"
    body = site.ask("GET", "/silences", ada).body.decode()
    assert "new database" in body and "user ada" in body
    which = re.search(r'name="expire" value="([^"]+)" aria-label="End the silence of new database"', body)[1]
    assert site.post_form("/silences", ada, expire=which, csrf=csrf(site, ada)).status == 303
    assert f'value="{which}"' not in site.ask("GET", "/silences", ada).body.decode()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"matchers": "nice"}, "is not a matcher (write repository=acme/shop"),
        ({"matchers": ""}, "between 1 and 20 matchers"),
        ({"duration": "long"}, "Duration "),
        ({"comment": ""}, "a comment of 1 to 500 characters"),
    ],
    ids=str,
)
def test_a_form_with_a_mistake_comes_back_as_it_was_written(site, fields, said):
    reply = add(site, signed_in(site, "ada"), **{"matchers": "branch=kept", **fields})
    assert reply.status == 400
    body = reply.body.decode()
    assert said.lower() in body.lower()
    assert fields.get("matchers", "branch=kept") in body


@pytest.mark.parametrize("token", ["", "0" * 64], ids=["none", "wrong"])
def test_a_form_of_another_page_silences_nothing(site, token):
    ada = signed_in(site, "ada")
    assert add(site, ada, csrf=token, comment="not mine").status == 403
    assert b"not mine" not in site.ask("GET", "/silences", ada).body


def test_who_only_reads_sees_no_form_and_silences_nothing(site):
    vera = signed_in(site, "vera")
    assert b"<textarea" not in site.ask("GET", "/silences", vera).body
    token = re.search(rb'name="csrf" value="(\w+)"', site.ask("GET", "/", vera).body)[1].decode()
    assert add(site, vera, csrf=token).status == 403


def test_a_silence_of_a_repository_that_one_does_not_see_is_not_there(site):
    add(site, signed_in(site, "ada"), matchers="repository=other/secret", comment="hidden")
    assert b"other/secret" not in site.ask("GET", "/silences", signed_in(site, "vera")).body


def test_what_others_wrote_in_a_silence_is_text(site):
    ada = signed_in(site, "ada")
    add(site, ada, comment=HOSTILE)
    assert b"<script>alert" not in site.ask("GET", "/silences", ada).body


def test_the_form_knows_what_the_page_before_was_about(site):
    body = site.ask("GET", "/silences?repository=acme/shop&branch=main", signed_in(site, "ada")).body.decode()
    assert "repository=acme/shop\nbranch=main</textarea>" in body


def test_who_runs_the_hub_sees_what_goes_wrong(site):
    secret = site.token("read", name="grafana")
    body = site.ask("GET", "/admin", signed_in(site, "ada")).body.decode()
    text = " ".join(re.sub(r"<[^>]+>", " ", body).split())
    for each in ("github.com acme/shop", "the token is refused", "workflow_run", "recorded", "grafana", "vera"):
        assert each in text
    assert secret not in body and "scrypt" not in body


def test_nobody_else_sees_how_the_hub_is(site):
    assert site.ask("GET", "/admin", signed_in(site, "vera")).status == 403
    assert b'href="/admin"' not in site.ask("GET", "/", signed_in(site, "vera")).body


def test_the_rate_budget_of_a_host_comes_from_the_pollers_metrics():
    lines = [
        'ci_upstream_requests_total{host="h",code="200"} 7\n',
        'ci_upstream_requests_total{host="h",code="403"} 2\n',
    ]
    left = ['ci_upstream_ratelimit_remaining{host="h"} 4991\n']
    blocks = [Block("a", Type.COUNTER, "", lines), Block("b", Type.GAUGE, "", left)]
    assert hosts(blocks) == [("h", 9, 2, 4991)]
