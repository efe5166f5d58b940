"""What requests and environments bring is read as the standards say, and hostile ones bring nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.logs import carriers
from ci_reporter.logs.current import Context

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NEW_TRACE = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01")

run_ids = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=200).filter(
    lambda text: text == text.strip()
)
keys = st.text("abcXYZ019!#$%&'*+-.^_`|~", min_size=1, max_size=10).filter(lambda key: key != "ci_run_id")
values = st.text("abc019%!#+-./:@[]=", max_size=10)
contexts = st.builds(
    Context,
    ci_run_id=run_ids | st.none(),
    traceparent=st.from_regex(r"00-[0-9a-f]{31}1-[0-9a-f]{15}1-[0-9a-f]{2}", fullmatch=True),
    tracestate=st.sampled_from(["", "a=1,b@c=2"]),
    baggage=st.dictionaries(keys, values, max_size=5),
)


@given(contexts)
def test_headers_bring_what_they_were_given(context):
    sent = carriers.headers(context)
    assert carriers.from_headers({name.lower(): value for name, value in sent.items()}) == context


@given(contexts)
def test_variables_bring_what_they_were_given(context):
    assert carriers.from_environment(carriers.variables(context)) == context


@given(contexts)
def test_the_baggage_brings_the_run_through_services_that_know_no_header_of_ours(context):
    sent = {name.lower(): value for name, value in carriers.headers(context).items() if name != carriers.RUN_HEADER}
    assert carriers.from_headers(sent).ci_run_id == context.ci_run_id


@given(st.dictionaries(st.sampled_from(["x-ci-run-id", "traceparent", "tracestate", "baggage"]), st.text()))
def test_whatever_comes_in_what_goes_out_is_headers(found):
    sent = carriers.headers(carriers.from_headers(found))
    assert all(re.fullmatch(r"[\x20-\x7e]+", value) for value in sent.values())


def test_variables_have_the_names_opentelemetry_gives_them():
    context = Context(ci_run_id="r", traceparent=TRACEPARENT, tracestate="a=1", baggage={"k": "v"})
    assert carriers.variables(context) == {
        "CI_RUN_ID": "r",
        "TRACEPARENT": TRACEPARENT,
        "TRACESTATE": "a=1",
        "BAGGAGE": "ci_run_id=r,k=v",
    }


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (TRACEPARENT, TRACEPARENT),
        (TRACEPARENT.replace("00-", "cc-", 1), TRACEPARENT),
        (TRACEPARENT.replace("00-", "cc-", 1) + "-what-the-future-holds", TRACEPARENT),
    ],
    ids=["version 00", "a later version", "a longer later version"],
)
def test_a_trace_goes_on(sent, read):
    assert carriers.from_headers({"traceparent": sent}).traceparent == read


@pytest.mark.parametrize(
    "sent",
    [
        "",
        TRACEPARENT.upper(),
        TRACEPARENT + "-more",
        TRACEPARENT + " ",
        TRACEPARENT.replace("00-", "ff-", 1),
        TRACEPARENT.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32),
        TRACEPARENT.replace("b7ad6b7169203331", "0" * 16),
        TRACEPARENT.replace("b7ad", "xyza"),
        "00-" * 100_000,
        f"{TRACEPARENT},{TRACEPARENT}",
    ],
    ids=["none", "capitals", "too long", "space", "ff", "no trace", "no parent", "no hex", "huge", "two"],
)
def test_a_malformed_trace_is_as_if_none_came(sent):
    found = carriers.from_headers({"traceparent": sent, "tracestate": "a=1"})
    assert NEW_TRACE.fullmatch(found.traceparent)
    assert found.tracestate == ""


@pytest.mark.parametrize(
    "sent",
    ["", " ", "a\nb", "a\x1b[2J", "ü", "x" * 201, "a\x00", "\ud800"],
    ids=["empty", "blank", "line break", "escape", "beyond ASCII", "too long", "NUL", "surrogate"],
)
def test_a_run_id_that_is_none_is_not_taken(sent):
    assert carriers.from_headers({"x-ci-run-id": sent}).ci_run_id is None


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("a=1,b=2", {"a": "1", "b": "2"}),
        (" a = 1 ; p = 2;q , b=2 ", {"a": "1;p = 2;q", "b": "2"}),
        ("a=1,=2,b,c=\u00fc,d=x y,e=,f=1;=", {"a": "1", "e": ""}),
        ("a=%20%C3%BC", {"a": "%20%C3%BC"}),
        ("a=1,a=2", {"a": "2"}),
        (",".join(f"k{number}=v" for number in range(100)), {f"k{number}": "v" for number in range(64)}),
        ("a=1,b=" + "x" * 9000, {"a": "1"}),
        ("," * 1_000_000, {}),
    ],
    ids=["two", "properties", "malformed members", "percent", "twice", "too many", "too long", "nothing but commas"],
)
def test_baggage_is_read_as_far_as_it_is_well(sent, read):
    assert carriers.baggage(sent) == read


def test_the_header_wins_over_the_baggage():
    assert carriers.from_headers({"x-ci-run-id": "a", "baggage": "ci_run_id=b"}).ci_run_id == "a"
