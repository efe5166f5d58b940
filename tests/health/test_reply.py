"""Replies in every framework's words, and in nobody's."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.errors import UsageError
from ci_reporter.health.reply import (
    Check,
    checks_of,
    document_of,
    is_json_path,
    json_at,
    revision_of,
    same_revision,
    status_of,
)

SHA = "c0ffee1234567890abcdef1234567890abcdef12"
texts = st.text(max_size=20)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def body(**keys):
    return json.dumps(keys).encode()


@pytest.mark.parametrize(
    ("reply", "http_status", "status"),
    [
        (b'{"status": "pass"}', 200, "pass"),
        (b'{"status": " UP "}', 200, "pass"),
        (b'{"status": "warn"}', 207, "warn"),
        (b'{"status": "OUT_OF_SERVICE"}', 200, "fail"),
        (b'{"status": "UNKNOWN"}', 200, "pass"),
        (b'{"Status": "Degraded", "entries": {}}', 200, "warn"),
        (b'{"status": "shutting_down"}', 503, "fail"),
        (b'{"status": "ok"}', 503, "fail"),
        (b'{"healthy": true}', 200, "pass"),
        (b'{"status": false}', 200, "fail"),
        (b"Healthy", 200, "pass"),
        (b"\xef\xbb\xbfDegraded\r\n", 200, "warn"),
        (b"Unhealthy", 200, "fail"),
        (b"ok", 200, "pass"),
        (b"true", 200, "pass"),
        (b"<html>Welcome</html>", 200, "pass"),
        (b"\xff\xfe", 200, "pass"),
        (b"", 204, "pass"),
        (b"", 302, None),
        (b'{"status": {"status": "down"}}', 200, "pass"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_status_in_any_words_is_understood(reply, http_status, status):
    assert status_of(document_of(reply), http_status) == status


@given(documents, st.integers(400, 599))
def test_an_error_code_is_never_healthy(document, http_status):
    assert status_of(document, http_status) == "fail"


@given(documents, st.integers(100, 399))
def test_any_document_has_a_status_or_none(document, http_status):
    assert status_of(document, http_status) in {"pass", "warn", "fail", None}


@pytest.mark.parametrize(
    ("document", "checks"),
    [
        ({"checks": {"db:time": [{"status": "pass"}]}}, [Check(name="db:time", status="pass")]),
        ({"checks": {"db": {"status": "fail", "output": "slow"}}}, [Check(name="db", status="fail", said="slow")]),
        ({"checks": [{"name": "db", "status": "DOWN"}]}, [Check(name="db", status="fail")]),
        ({"components": {"disk": {"status": "UP"}}}, [Check(name="disk", status="pass")]),
        ({"entries": {"redis": {"status": "Degraded"}}}, [Check(name="redis", status="warn")]),
        ({"info": {"db": {"status": "up"}}, "details": {"db": {"status": "up"}}}, [Check(name="db", status="pass")]),
        ({"checks": {"db": "ok", "queue": 7}}, [Check(name="db", status="pass"), Check(name="queue", status=None)]),
        ("ok", []),
    ],
    ids=["draft", "flat draft", "microprofile", "spring", "asp.net", "terminus", "words", "text"],
)
def test_the_checks_of_every_framework_are_read(document, checks):
    assert list(checks_of(document)) == checks


@given(documents)
def test_no_document_has_checks_without_end(document):
    assert len(checks_of({"checks": document})) <= 100
    assert len(checks_of({"checks": [{"name": "x"}] * 200})) == 100


@pytest.mark.parametrize(
    "reply",
    [
        body(commit=SHA),
        body(gitCommit=SHA),
        body(revision=SHA, version="1.0"),
        body(git={"commit": {"id": {"abbrev": SHA[:7], "full": SHA}}}),
        body(git={"commit": {"id": SHA}}),
        body(**{"git.commit.id.full": SHA}),
        body(build={"revision": SHA}),
        body(releaseId=SHA),
        body(version={"sha": SHA}),
        body(version=f"1.2.dev3+g{SHA}"),
        body(version=f"v1.2-3-g{SHA}-dirty"),
        body(commit="unknown", revision=7, releaseId=SHA),
        body(commit=None, sha="", git_sha=SHA),
    ],
    ids=lambda reply: reply.decode()[:40],
)
def test_the_usual_places_of_a_revision_are_known(reply):
    assert revision_of(reply, {}) == SHA


def test_the_order_of_places_is_kept():
    both = body(version=f"1+g{'b' * 40}", revision="c" * 40, commit="a" * 40)
    assert revision_of(both, {"X-Revision": "d" * 40}) == "a" * 40
    assert revision_of(both, {}, "revision") == "c" * 40


@pytest.mark.parametrize("name", ["X-Revision", "x-commit"])
def test_a_header_tells_the_revision_where_the_body_does_not(name):
    assert revision_of(b"ok", {name: SHA}) == SHA


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("deep.list.1.sha", "1111111"),
        ("$.deep.list.0.sha", "0000000"),
        ("header:X-Build", "2222222"),
        ('regex:"sha": "(1+)"', "1111111"),
        ("regex:0{7}", "0000000"),
        ("nowhere", SHA),
        ("header:X-None", SHA),
    ],
)
def test_a_configured_place_comes_first(place, found):
    reply = body(deep={"list": [{"sha": "0" * 7}, {"sha": "1" * 7}]}, commit=SHA)
    assert revision_of(reply, {"x-build": "2222222"}, place) == found


def test_a_broken_regular_expression_is_named():
    with pytest.raises(UsageError, match=r"revision: 'regex:\(' is not a regular expression"):
        revision_of(b"", {}, "regex:(")


@pytest.mark.parametrize(
    "reply",
    [
        *(b"", b"ok", b"\xff", b"[" * 100_000, b"{" * 100_000, b" " * 2_000_000, b"1" * 10_000),
        *(body(commit="x" * 300), body(commit="\x1b[31mred"), body(commit=[SHA])),
        *(body(version="1.2.3"), body(version=f"1+{SHA}")),
    ],
    ids=lambda reply: f"{reply[:20]!r} of {len(reply)}",
)
def test_a_reply_without_a_revision_has_none(reply):
    assert revision_of(reply, {}) is None


@given(st.binary(max_size=200), st.dictionaries(texts, texts, max_size=3), texts.filter(lambda text: ":" not in text))
def test_no_reply_is_an_error(reply, headers, place):
    found = revision_of(reply, headers, place)
    assert found is None or found.isprintable()


@given(documents, st.lists(texts.filter(lambda text: text and "." not in text), min_size=1, max_size=3))
def test_what_is_put_at_a_path_is_found_there(value, keys):
    document = value
    for key in reversed(keys):
        document = {key: document}
    assert json_at([document], ".".join(["0", *keys])) == value


@pytest.mark.parametrize("path", ["a.b.0.c", "$.a.b[0].c", "$['a']['b'][0]['c']", '$["a"].b.0.c'])
def test_a_path_may_be_a_json_path_to_one_place(path):
    assert json_at({"a": {"b": [{"c": 5}]}}, path) == 5


def test_a_name_in_brackets_may_hold_dots():
    assert json_at({"x.y": {"z": 1}}, "$['x.y'].z") == 1


@pytest.mark.parametrize("path", ["$", "$q", "$..c", "$.a[*]", "$.a[?(@.c)]", "$.a[-1]", "$.a[0:1]", "$.a["])
def test_a_path_to_more_or_less_than_one_place_is_not_one(path):
    assert (is_json_path(path), json_at({"a": [1]}, path)) == (False, None)


@pytest.mark.parametrize("path", ["a.5", "a.-1", "a.x", "a.0.b", "b", "a.9999999999999999999999", "a.٣", "."])
def test_a_path_that_leads_nowhere_gives_none(path):
    assert json_at({"a": [1]}, path) is None


@given(st.text("0123456789abcdef", min_size=7, max_size=40), st.integers(7, 40))
def test_a_prefix_of_seven_is_the_same_either_way_round(revision, length):
    short = revision[:length].upper()
    assert same_revision(revision, short) is same_revision(short, revision) is True


def test_another_revision_is_not_the_same():
    assert same_revision("a" * 40, "a" * 39 + "b") is False


@pytest.mark.parametrize("served", ["", "abc123", "unknown", "1.2.3", "c0ffee1-dirty", "v" + SHA])
def test_what_is_no_revision_cannot_be_told(served):
    assert same_revision(SHA, served) is same_revision(served, SHA) is None
