"""POST /ci-report: what is taken, in the order in which it is checked, and what each refusal says."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import zlib

import pytest

from ci_reporter.system.standardwebhooks import signed_headers

NOW_S = 1_767_225_600
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDC2FVsBQIhrs="
MINIMAL = {"pipeline_id": "17", "job_name": "unit", "duration_ms": 1200, "exit_code": 0, "coverage_pct": 93.1}
REPORT = {**MINIMAL, "report_id": "0198c0de-0000-7000-8000-000000000001", "repository": "acme/shop", "step": "pytest"}


def signed(body, secret=SECRET, at_s=NOW_S, message_id="msg_1", **more):
    return {**signed_headers([secret], message_id, at_s, body), **more}


def by_script(body, secret=SECRET, at_s=NOW_S):
    signature = hmac.new(secret.encode(), b"%d.%b" % (at_s, body), hashlib.sha256).hexdigest()
    return {"x-ci-timestamp": str(at_s), "x-ci-signature-256": f"sha256={signature}"}


def raw(report):
    return json.dumps(report).encode()


def test_a_report_is_stored(post):
    reply, bodies = post(REPORT)
    assert (reply.status, reply.json) == (202, {"stored": 1, "known": 0})
    assert bodies == [REPORT]


def test_a_report_that_comes_again_is_known(post):
    replies, bodies = post.all(((raw(REPORT),), {}), ((raw(REPORT),), {}))
    assert [reply.json for reply in replies] == [{"stored": 1, "known": 0}, {"stored": 0, "known": 1}]
    assert len(bodies) == 1


def test_a_batch_is_stored_as_a_whole(post):
    batch = [{**REPORT, "report_id": f"r{n}"} for n in range(1000)]
    reply, bodies = post(batch)
    assert reply.json == {"stored": 1000, "known": 0}
    assert len(bodies) == 1000


def test_a_batch_with_a_mistake_is_refused_as_a_whole(post):
    reply, bodies = post([REPORT, {**REPORT, "report_id": "b", "duration_ms": -1}])
    assert (reply.status, reply.json["field"]) == (422, "[1].duration_ms")
    assert bodies == []


def test_no_reports_are_no_reports(post):
    assert post([])[0].json == {"stored": 0, "known": 0}


def test_the_minimal_form_gets_an_id(post):
    _, (body,) = post(MINIMAL)
    assert body.keys() == {"report_id", *MINIMAL}


@pytest.mark.parametrize("sign", [signed, by_script], ids=["webhook", "script"])
def test_a_signed_message_that_is_sent_again_is_one_report(post, sign):
    request = ((raw(MINIMAL),), {"headers": sign(raw(MINIMAL))})
    replies, bodies = post.all(request, request, secrets=SECRET)
    assert [reply.json["known"] for reply in replies] == [0, 1]
    assert len(bodies) == 1


def test_a_retry_with_a_new_time_is_the_same_webhook(post):
    requests = [((raw(MINIMAL),), {"headers": signed(raw(MINIMAL), at_s=NOW_S + more)}) for more in (0, 60)]
    replies, _ = post.all(*requests, secrets=SECRET)
    assert [reply.json["known"] for reply in replies] == [0, 1]


REFUSED_401 = {
    "unsigned": {},
    "another secret": signed(raw(REPORT), secret=OTHER),
    "late": signed(raw(REPORT), at_s=NOW_S - 301),
    "another body": signed(b"{}"),
}


@pytest.mark.parametrize("headers", REFUSED_401.values(), ids=REFUSED_401)
def test_who_is_not_let_in_is_not_told_why(post, headers):
    reply, bodies = post(REPORT, headers=headers, secrets=SECRET)
    assert reply.status == 401
    assert reply.json["detail"] == "the signature is missing, wrong, or more than five minutes old"
    assert bodies == []


@pytest.mark.parametrize("secret", [SECRET, OTHER])
def test_both_secrets_hold_while_one_is_replaced(post, secret):
    reply, _ = post(REPORT, headers=signed(raw(REPORT), secret=secret), secrets=f"{SECRET}\n{OTHER}")
    assert reply.status == 202


def test_a_body_is_not_parsed_before_its_signature_is_checked(post):
    assert post(b"{" * 100_000, secrets=SECRET)[0].status == 401


def test_a_signature_of_the_body_alone_needs_permission(post):
    signature = hmac.new(SECRET.encode(), raw(REPORT), hashlib.sha256).hexdigest()
    headers = {"x-ci-signature": f"sha256={signature}"}
    assert post(REPORT, headers=headers, secrets=SECRET)[0].status == 401
    assert post(REPORT, headers=headers, secrets=SECRET, bodies_alone=True)[0].status == 202


def test_a_repositorys_secret_signs_its_reports(post):
    headers = signed(raw(REPORT), **{"x-ci-repository": "acme/shop"})
    assert post(REPORT, headers=headers, secrets=f"acme/*: {SECRET}")[0].status == 202


def test_a_repositorys_secret_does_not_sign_those_of_another(post):
    report = {**REPORT, "repository": "other/shop"}
    headers = signed(raw(report), **{"x-ci-repository": "acme/shop"})
    reply, bodies = post(report, headers=headers, secrets=f"acme/*: {SECRET}")
    assert (reply.status, reply.json["field"], bodies) == (403, "repository", [])


def test_the_minimal_form_is_of_the_repository_whose_secret_signed_it(post):
    headers = signed(raw(MINIMAL), **{"x-ci-repository": "acme/shop"})
    _, (body,) = post(MINIMAL, headers=headers, secrets=f"acme/*: {SECRET}")
    assert body["repository"] == "acme/shop"


PROBLEMS = {
    "not JSON": (b"{", {}, 400, "the body is not JSON"),
    "not UTF-8": (b'{"a": "\xff"}', {}, 400, "the body is not UTF-8 text"),
    "NaN": (b'{"exit_code": NaN}', {}, 400, "NaN is not a number in JSON"),
    "a huge number": (b'{"exit_code": ' + b"1" * 5000 + b"}", {}, 400, "the body is not JSON"),
    "a text": (b'"report"', {}, 400, "a report is a JSON object, not 'report'"),
    "no end": (raw({"job_name": "unit"}), {}, 400, "exit_code: is missing"),
    "a wrong type": (raw({**MINIMAL, "exit_code": "a"}), {}, 400, "exit_code: expected a whole number, got 'a'"),
    "an id that is none": (raw({**MINIMAL, "report_id": "../x"}), {}, 400, "report_id: expected at most 100"),
    "coverage": (raw({**MINIMAL, "coverage_pct": 101}), {}, 422, "coverage_pct: 101 is not between 0 and 100"),
    "tests": (
        raw({**MINIMAL, "tests": {"total": 1, "passed": -1, "failed": 0, "errors": 0, "skipped": 0}}),
        {},
        422,
        "tests.passed: -1 is not between 0 and 1e+09",
    ),
    "more covered than there is": (
        raw({**MINIMAL, "coverage": {"unit": "line", "covered": 3, "total": 2}}),
        {},
        422,
        "coverage.covered: 3 is not between 0 and 2",
    ),
    "too many": (b"[" + b"{}," * 1000 + b"{}]", {}, 413, "1001 reports in one request, and 1000 are the most"),
    "too long": (b" " * (1024**2 + 1), {}, 413, "a request may have at most 1 MiB"),
    "a deep one": (b'{"a":' * 21 + b"1" + b"}" * 21, {}, 400, "nested more than 20 deep"),
    "a bomb of depth": (b"[" * 500_000, {}, 400, "nested more than 20 deep"),
    "wide and deep": (b'{"a": [' + b"[1]," * 30 + b"[" * 30 + b"]" * 30 + b"]}", {}, 400, "nested more than 20"),
    "a form": (raw(MINIMAL), {"content-type": "application/x-www-form-urlencoded"}, 415, "send Content-Type"),
    "no type": (raw(MINIMAL), {"content-type": None}, 415, "send Content-Type: application/json"),
    "brotli": (raw(MINIMAL), {"content-encoding": "br"}, 415, "only gzip, deflate and identity"),
    "not gzip": (raw(MINIMAL), {"content-encoding": "gzip"}, 400, "not what its Content-Encoding says"),
    "half a gzip": (gzip.compress(raw(MINIMAL))[:-9], {"content-encoding": "gzip"}, 400, "is cut short"),
    "a bomb": (gzip.compress(b" " * 5_000_000), {"content-encoding": "gzip"}, 413, "at most 1 MiB"),
    "a length that is none": (raw(MINIMAL), {"content-length": "-1"}, 413, "at most 1 MiB"),
}


@pytest.mark.parametrize(("body", "headers", "status", "detail"), PROBLEMS.values(), ids=PROBLEMS)
def test_each_problem_has_its_words(post, body, headers, status, detail):
    reply, bodies = post(body, headers=headers)
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")
    assert reply.json["status"] == status
    assert detail in reply.json["detail"]
    assert bodies == []


def test_only_post_sends_reports(post):
    reply, _ = post(b"", method="GET")
    assert (reply.status, reply.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
def test_a_compressed_report_is_signed_as_it_is_sent(post, compress):
    body = compress(raw(REPORT))
    encoding = "gzip" if compress is gzip.compress else "deflate"
    reply, bodies = post(body, headers={**signed(body), "content-encoding": encoding}, secrets=SECRET)
    assert (reply.status, len(bodies)) == (202, 1)


def test_a_body_may_come_in_pieces(post):
    body = raw(REPORT)
    assert post((body[:10], body[10:20], body[20:]))[0].status == 202


def test_a_body_that_ends_early_is_not_a_report(post):
    reply, bodies = post((raw(REPORT)[:10], b""), ends=False)
    assert (reply.status, bodies) == (400, [])


def test_a_body_in_pieces_is_not_read_beyond_the_limit(post):
    reply, _ = post((b" " * 600_000, b" " * 600_000, b""), ends=False)
    assert (reply.status, reply.headers["connection"]) == (413, "close")


def test_a_report_from_the_future_is_of_now(post, tmp_path):
    post({**REPORT, "finished_at": "2099-01-01T00:00:00Z"})
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(tmp_path / "hub.db")) as connection:
        assert connection.execute("SELECT at_ms FROM report").fetchone() == (NOW_S * 1000,)


def test_a_text_that_no_database_holds_is_shown_as_such(post):
    name = "a\ud800b\u0000c"
    reply, (body,) = post({**REPORT, "job_name": name, "branch": "\ud800"})
    assert (reply.status, body["job_name"]) == (202, name)
