"""The API's side of HTTP: methods, parameters, ETag, errors, who may see what."""

from __future__ import annotations

import gzip
import json

import jsonschema
import pytest

from ci_reporter.hub.api import silences
from ci_reporter.hub.api.routes import ROUTES
from ci_reporter.hub.api.schemas import PROBLEM
from ci_reporter.hub.auth.access import Access


def test_an_answer_is_json_with_an_etag(shop):
    reply = shop.get("/runs")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert reply.headers["content-length"] == str(len(reply.body))
    assert reply.headers["etag"].startswith('"')


def test_who_has_the_answer_gets_none(shop):
    etag = shop.get("/runs").headers["etag"]
    for known in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        reply = shop.get("/runs", headers={"if-none-match": known})
        assert (reply.status, reply.body, reply.headers["etag"]) == (304, b"", etag)


def test_an_answer_that_has_changed_is_sent(hub, make_flat):
    hub.add(make_flat(1))
    etag = hub.get("/runs").headers["etag"]
    hub.add(make_flat(2))
    assert hub.get("/runs", headers={"if-none-match": etag}).status == 200


def test_head_is_get_without_the_body(shop):
    got, head = shop.get("/steps"), shop.get("/steps", method="HEAD")
    assert (head.status, head.body, head.headers) == (200, b"", got.headers)


def test_a_long_answer_is_in_gzip_for_who_takes_it(shop):
    plain, zipped = shop.get("/steps"), shop.get("/steps", headers={"accept-encoding": "br, gzip"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert (gzip.decompress(zipped.body), zipped.headers["content-length"]) == (plain.body, str(len(zipped.body)))
    assert len(zipped.body) < len(plain.body) / 5


def test_a_short_answer_is_as_it_is(hub):
    assert "content-encoding" not in hub.get("/steps", headers={"accept-encoding": "gzip"}).headers


def test_other_bytes_have_another_etag(shop):
    plain, zipped = shop.get("/steps"), shop.get("/steps", headers={"accept-encoding": "gzip"})
    assert plain.headers["etag"] != zipped.headers["etag"]
    assert plain.headers["vary"] == zipped.headers["vary"] == "authorization, cookie, accept-encoding"


@pytest.mark.parametrize("had", ["", "gzip"])
@pytest.mark.parametrize("wanted", ["", "gzip"])
def test_who_has_the_answer_in_either_form_gets_none(shop, had, wanted):
    etag = shop.get("/steps", headers={"accept-encoding": had}).headers["etag"]
    reply = shop.get("/steps", headers={"accept-encoding": wanted, "if-none-match": etag})
    assert (reply.status, reply.body, "accept-encoding" in reply.headers["vary"]) == (304, b"", True)


def test_head_has_the_length_in_gzip(shop):
    how = {"headers": {"accept-encoding": "gzip"}}
    got, head = shop.get("/steps", **how), shop.get("/steps", method="HEAD", **how)
    assert (head.status, head.body, head.headers) == (200, b"", got.headers)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
def test_other_methods_are_not_allowed(shop, method):
    reply = shop.get("/runs", method=method)
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_options_tells_the_methods(shop):
    reply = shop.get("/runs", method="OPTIONS")
    assert (reply.status, reply.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


REFUSED = {
    "another name": ("/runs?brnach=main", "no parameter named 'brnach' (known: repository, pipeline, branch, "),
    "twice": ("/runs?branch=a&branch=b", "branch: is given twice"),
    "an empty text": ("/runs?branch=", "branch: expected 1 to 400 characters, got 0"),
    "a long text": ("/runs?branch=" + "a" * 401, "branch: expected 1 to 400 characters, got 401"),
    "another result": ("/runs?result=failed", "result: expected one of success, failure, error, timeout, "),
    "too many": ("/runs?per_page=101", "per_page: expected a whole number from 1 to 100"),
    "none": ("/runs?per_page=0", "per_page: expected a whole number from 1 to 100"),
    "another script's digits": ("/runs?per_page=%D9%A3", "per_page: expected a whole number from 1 to 100"),
    "a long number": ("/runs?per_page=" + "1" * 5000, "per_page: expected a whole number"),
    "a day": ("/runs?since=2026-01-31", "since: expected a time such as 2026-01-31T12:00:00Z"),
    "no zone": ("/runs?since=2026-01-31T12:00:00", "since: expected a time such as"),
    "no such day": ("/runs?since=2026-02-31T12:00:00Z", "since: expected a time such as"),
    "bytes": ("/runs?branch=%FF", "the query string is not UTF-8 text"),
    "raw bytes": ("/runs?branch=\udcff", "the query string is not UTF-8 text"),
    "many": ("/runs?" + "&".join(f"a{n}=1" for n in range(60)), "the query string has more than 50 parameters"),
    "much": ("/runs?branch=" + "a" * 10_000, "the query string has more than 8192 bytes"),
    "a path of bytes": ("/runs/%FF", "the path is not UTF-8 text"),
}


@pytest.mark.parametrize(("target", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_understood_is_refused(shop, target, said):
    reply = shop.get(target)
    assert (reply.status, reply.headers["content-type"]) == (400, "application/problem+json")
    assert reply.json["detail"].startswith(said)
    jsonschema.validate(reply.json, PROBLEM)


@pytest.mark.parametrize("path", ["/nope", "/runs/", "/runs//", "/runs/a/b", "/", "", "/steps/nope", "/../runs"])
def test_what_is_not_there_is_not_found(shop, path):
    reply = shop.get(path)
    assert (reply.status, reply.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("text", ["' OR 1=1 --", "%00", "%25", "a%2Fb", "😀", "${jndi:x}", "\\"], ids=ascii)
def test_a_hostile_text_is_a_text(shop, text):
    assert shop.get(f"/steps?repository={text}").json["items"] == []


def test_an_id_may_have_a_slash(hub, make_flat):
    hub.add(make_flat(1, ci_run_id="jenkins-team/shop-17"))
    assert hub.get("/runs/jenkins-team%2Fshop-17").json["step_count"] == 1


def test_a_plus_that_nobody_encoded_is_a_plus(shop):
    assert shop.get("/runs?since=2026-01-01T01:00:00+01:00").status == 200


def test_a_repository_that_one_may_not_see_is_not_there(shop):
    shops = Access(repositories=("acme/shop",))
    assert {each["repository"] for each in shop.items("/runs", access=shops)} == {"acme/shop"}
    assert {each["repository"] for each in shop.items("/series", access=shops)} == {"acme/shop"}
    assert {each["repository"] for each in shop.items("/pipelines", access=shops)} == {"acme/shop"}
    assert shop.get("/steps/r0900", access=shops).status == 404
    assert shop.get("/runs/run-1", access=shops).json["repository"] == "acme/shop"
    assert shop.get("/runs?repository=acme/secret", access=shops).json["items"] == []


def test_who_is_not_known_is_not_let_in(shop):
    reply = shop.get("/runs", access=None)
    assert (reply.status, reply.headers["www-authenticate"]) == (401, 'Bearer realm="ci-reporter hub"')


def test_who_may_see_nothing_sees_nothing(shop):
    assert [shop.items(path, access=Access(repositories=())) for path in ("/runs", "/steps", "/series")] == [[]] * 3


def test_secrets_and_mail_addresses_are_masked(hub, make_flat):
    token = "ghp_" + "a" * 36
    hub.add(
        make_flat(
            1,
            actor="jane.doe@acme.example",
            reason=f"push with {token} failed",
            run_url="https://deploy:hunter2@ci.acme.example/1",
            tags={"api_token": "abcdef", "team": "web"},
            output_tail="key AKIAABCDEFGHIJKLMNOP, mail a@b.example",
        )
    )
    reply = hub.get("/steps/r0001")
    text = reply.body.decode()
    assert [each for each in ("jane", token, "hunter2", "abcdef", "AKIAABC", "a@b") if each in text] == []
    assert reply.json["tags"] == {"api_token": "***", "team": "web"}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_answers_are_as_their_schema_says(shop, route):
    target = route.path.format(ci_run_id="run-3", report_id="r0902")
    required = {"name": "test_cart", "base": "run-2", "head": "run-3"}
    query = "&".join(f"{each.name}={required[each.name]}" for each in route.params if each.required)
    reply = shop.get(f"{target}?{query}")
    assert reply.status == 200, reply.body
    jsonschema.validate(reply.json, route.schema)


def test_the_document_names_every_route(shop):
    document = shop.get("/openapi.json").json
    assert document["openapi"] == "3.1.0"
    assert [*document["paths"]] == [*(f"/api/v1{route.path}" for route in ROUTES), *silences.PATHS]
    assert json.dumps(document).count('"operationId"') == len(ROUTES) + 3  # silences are read, added and ended
