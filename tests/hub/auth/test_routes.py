"""Every route of the hub, asked by strangers and others: what is not named here is open to nobody."""

from __future__ import annotations

import json

import pytest

from ci_reporter.hub.api.routes import ROUTES
from ci_reporter.hub.auth import secret, users
from tests.hub.auth.conftest import DAY_MS, basic, bearer, now_ms

# What strangers may ask, and what they are answered. A new path that needs no sign-in has to be written here.
OPEN = {"/health": 200, "/livez": 200, "/readyz": 200, "/login": 200, "/static/x": 404}
# Whose signature is looked at by the endpoint itself.
SIGNED = ["/ci-report", *(f"/webhooks/{each}" for each in ("github", "gitlab", "gitea", "forgejo", "generic"))]
PAGES = [
    "/",
    "/cctray.xml",
    "/feed.atom",
    "/pipelines",
    "/compare",
    "/tests",
    "/tests/history",
    "/deployments",
    "/trends",
]
EXAMPLES = {"{ci_run_id}": "run-of-shop", "{report_id}": "of-shop"}
QUERIES = {"/tests/history": "?name=x", "/compare": "?base=run-of-shop&head=run-of-shop"}
REFUSAL = "sign in: the token, or the user and password, are missing, wrong or no longer valid"


def api_paths():
    for route in ROUTES:
        path = route.path
        for name, value in EXAMPLES.items():
            path = path.replace(name, value)
        yield f"/api/v1{path}{QUERIES.get(route.path, '')}"


SHOWN = [f"{path}{QUERIES.get(path, '')}" for path in PAGES]
READ = [
    "/metrics",
    "/api/v1/openapi.json",
    *api_paths(),
    *SHOWN,
    "/runs/run-of-shop",
    "/badges/result.svg?repository=acme/x",
    "/events",
]


def strangers(site):
    """Credentials that let nobody in."""
    revoked, expired = site.token("read", name="revoked"), site.token("read", expires_ms=now_ms() - 1)
    site.store.transact(lambda run: run("UPDATE auth_token SET revoked_ms = 1 WHERE name = 'revoked'"))
    unknown = "crh_" + "0" * 43 + "0" * 6
    return {
        "anonymous": {},
        "a token that nobody has": bearer(unknown),
        "no token": bearer("x"),
        "an empty token": {"Authorization": "Bearer"},
        "an expired token": bearer(expired),
        "a revoked token": bearer(revoked),
        "a header of another kind": {"Authorization": "Digest username=x"},
        "Basic without a colon": {"Authorization": "Basic eHg="},
        "a session that is not there": {"Cookie": f"ci_reporter_session={'a' * 43}"},
        "JSON Web Token without a signature": bearer("eyJhbGciOiJub25lIn0.eyJzY29wZSI6ImFkbWluIn0."),
    }


@pytest.fixture(scope="module")
def credentials(site):
    return strangers(site)


def test_each_path_of_the_hub_that_is_not_named_here_is_closed_to_strangers(site):
    paths = {f"{path}x" if path.endswith("/") else path for path in site.app.paths} - {"/webhooks/x"}
    assert paths >= {"/metrics", "/api/x", "/ci-report", *OPEN}
    answered = {path: site.get(path).status for path in paths - {*OPEN, *SIGNED}}
    assert {path: status for path, status in answered.items() if status != 401} == {}


@pytest.mark.parametrize("path", SIGNED)
def test_what_is_signed_is_refused_without_a_signature(site, path):
    assert site.ask("POST", path, {"Content-Type": "application/json"}, b"{}").status == 401


@pytest.mark.parametrize("path", [*READ, "/", "/nowhere", "/api", "/api/v1/nowhere", "//health", "/health/", "/LOGIN"])
def test_strangers_read_nothing(site, credentials, path):
    for who, headers in credentials.items():
        reply = site.ask("GET", path, headers)
        assert (who, reply.status) == (who, 401)
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.headers["www-authenticate"] == 'Bearer realm="ci-reporter hub"'
        assert reply.json["detail"] == REFUSAL, who


def test_a_user_that_is_not_there_is_refused_as_everybody_is(site):
    reply = site.ask("GET", "/metrics", basic("nobody"))
    assert (reply.status, reply.json["detail"]) == (401, REFUSAL)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"])
def test_another_method_is_no_way_in(site, method):
    assert {site.ask(method, path).status for path in ("/metrics", "/api/v1/runs", "/logout", "/nowhere")} == {401}


@pytest.mark.parametrize("path", OPEN)
def test_what_is_open_is_open(site, path):
    assert site.get(path).status == OPEN[path]


def test_strangers_send_nothing(site, credentials):
    for who, headers in credentials.items():
        assert (who, site.report(headers).status) == (who, 401)


@pytest.mark.parametrize("path", READ)
def test_who_may_read_reads(site, path):
    assert site.get(path, site.token("read")).status == 200
    assert site.get(path, site.token("admin")).status == 200
    assert site.ask("GET", path, basic(site.user(f"u{now_ms()}{abs(hash(path))}"))).status == 200


@pytest.mark.parametrize("path", READ)
def test_who_may_send_may_not_read(site, path):
    reply = site.get(path, site.token("ingest", name=f"shop of {path}"))
    assert reply.status == 403
    assert reply.json["detail"] == f"token shop of {path} may not do this: it needs the scope read (it has: ingest)"


@pytest.mark.parametrize("path", READ)
def test_who_sees_another_repository_sees_nothing_of_this_one(site, path):
    reply = site.get(path, site.token("read", repositories=["other/*"]))
    named_itself = path.endswith("openapi.json")
    assert named_itself or (b"acme/" not in reply.body and b"of-shop" not in reply.body.replace(b"run-of-shop", b""))


def test_a_session_reads_until_it_ends(site, eventually):
    now = now_ms()
    key = users.begin_session(site.store, site.user(f"s{now}"), now, now + DAY_MS)
    cookie = {"Cookie": f"ci_reporter_session={key}"}
    assert site.ask("GET", "/metrics", cookie).status == 200
    users.end_session(site.store, secret.digest(key))
    eventually(lambda: site.ask("GET", "/metrics", cookie).status == 401, "the session to end")


def test_who_may_read_may_not_send(site):
    assert site.report(bearer(site.token("read"))).status == 403


def test_a_token_sends_reports_of_its_repositories_alone(site):
    headers = bearer(site.token("ingest", repositories=["acme/*"], name="acme"))
    assert site.report(headers, repository="acme/shop").status == 202
    refused = site.report(headers, repository="other/shop")
    assert (refused.status, refused.json["detail"]) == (403, "the token acme does not speak for 'other/shop'")
    assert site.report(headers).status == 403


def test_a_report_without_a_repository_is_of_the_one_that_the_header_names(site):
    headers = {**bearer(site.token("ingest", repositories=["acme/*"])), "X-CI-Repository": "acme/cart"}
    assert site.report(headers, report_id="of-the-header").status == 202
    assert site.get("/api/v1/steps/of-the-header", site.token("read")).json["repository"] == "acme/cart"


def test_a_bad_signature_is_not_mended_by_a_token(site):
    headers = {**bearer(site.token("ingest")), "X-CI-Timestamp": "1", "X-CI-Signature-256": "sha256=00"}
    assert site.report(headers).status == 401


def test_health_tells_strangers_its_status_alone(site):
    assert site.get("/health").json == {"status": "pass"}
    assert site.get("/readyz").json == {"status": "pass"}
    assert "checks" in site.get("/health", site.token("read")).json
    assert site.get("/health", "wrong").json == {"status": "pass"}
    assert site.get("/health", site.token("ingest")).json == {"status": "pass"}


def test_a_scrape_shows_the_repositories_that_the_token_sees(site):
    everything = site.get("/metrics", site.token("read")).body
    assert b'repository="acme/secret"' in everything
    assert b"ci_hub_queue_depth" in everything
    seen = site.get("/metrics", site.token("read", repositories=["acme/s*p"])).body
    assert b'repository="acme/shop"' in seen
    assert b"secret" not in seen
    assert b"ci_hub_" not in seen


def test_answers_are_narrowed_to_the_repositories_of_the_asker(site):
    token = site.token("read", repositories=["acme/s?op", "acme/none"])
    assert {each["repository"] for each in site.get("/api/v1/steps", token).json["items"]} == {"acme/shop"}
    assert site.get("/api/v1/steps/of-secret", token).status == 404


def test_metrics_may_be_open_where_nothing_else_is(make_site):
    site = make_site(anonymous_metrics=True)
    assert (site.get("/metrics").status, site.get("/api/v1/runs").status) == (200, 401)


def test_reads_may_be_open_where_sending_is_not(make_site):
    site = make_site(anonymous_reads=True)
    assert (site.get("/metrics").status, site.get("/api/v1/runs").status) == (200, 200)
    assert (site.report().status, site.post_form("/logout").status) == (401, 403)


def test_two_headers_of_authorization_are_refused(site):
    right, wrong = bearer(site.token("read")), bearer("x")
    for pairs in ([*right.items(), *wrong.items()], [*wrong.items(), *right.items()]):
        reply = site.ask("GET", "/metrics", pairs)
        assert (reply.status, reply.json["detail"]) == (400, "there are two headers authorization")


@pytest.mark.parametrize("value", ["Bearer " + "x" * 9000, "Basic " + "A" * 9000])
def test_credentials_that_are_too_long_are_refused_unseen(site, value):
    assert site.ask("GET", "/metrics", {"Authorization": value}).status == 400


def test_a_scheme_is_known_in_any_case(site):
    token = site.token("read")
    assert site.ask("GET", "/metrics", {"Authorization": f"bEARER  {token} "}).status == 200


def test_a_websocket_of_a_stranger_is_not_opened(site):
    sent = site.ask("GET", "/ws", type="websocket")
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_a_person_is_led_to_the_sign_in_and_back(site):
    reply = site.get("/runs?branch=a b&x=%2F", Accept="text/html,*/*;q=0.8")
    assert (reply.status, reply.headers["location"]) == (303, "/login?next=/runs%3Fbranch%3Da%20b%26x%3D%252F")


def test_a_program_is_not_led_anywhere(site):
    assert site.get("/api/v1/runs", Accept="text/html").status == 401
    assert site.get("/runs", "wrong", Accept="text/html").status == 401


def test_a_database_that_cannot_be_asked_lets_nobody_in(make_site):
    site = make_site()
    token = site.token("read")
    site.store.transact(lambda run: run("ALTER TABLE auth_token RENAME TO gone"))
    reply = site.get("/metrics", token)
    assert (reply.status, reply.headers["retry-after"]) == (503, "5")


def test_a_token_that_was_revoked_by_another_process_ends_within_a_second(make_site, eventually):
    site = make_site()
    token = site.token("read", name="grafana")
    assert site.get("/metrics", token).status == 200
    site.store.transact(lambda run: run("UPDATE auth_token SET revoked_ms = 1"))
    eventually(lambda: site.get("/metrics", token).status == 401, "the token to be refused")


def test_when_a_token_was_used_last_is_written(make_site):
    site = make_site()
    token, day_ago = site.token("read"), now_ms() - DAY_MS
    for _ in range(3):
        site.get("/metrics", token)
    rows = site.store.select("SELECT used_ms FROM auth_token")
    assert rows == [(None,)]  # not while it is used
    database = site.store.path
    site.close()
    site.close = lambda: None
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT used_ms FROM auth_token").fetchone()[0] > day_ago


def test_refusals_of_reports_are_problem_documents(site):
    assert json.loads(site.report().body)["status"] == 401


@pytest.mark.parametrize("path", ["/health", "/login", "/static/x", "/ci-report", "/webhooks/github", "/api/v1/runs"])
def test_a_websocket_is_refused_where_none_is(site, path):
    headers = bearer(site.token("read"))
    assert site.ask("GET", path, headers, type="websocket") == [{"type": "websocket.close", "code": 1008}]


def test_the_first_scrape_counts_the_series_that_it_has(make_site):
    site = make_site()
    token = site.token("read", "ingest")
    assert site.report(bearer(token), repository="acme/shop").status == 202
    assert b"\nci_hub_series 1\n" in site.get("/metrics", token).body
