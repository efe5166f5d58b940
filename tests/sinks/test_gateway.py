"""How a group is addressed and what a gateway says it holds."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.http import Access
from ci_reporter.metrics import GROUPING
from ci_reporter.sinks.gateway import Gateway

NAMES = {
    "slashes": "feature/x",
    "encoded slash": "a%2Fb",
    "signs": "feature/ü+?#..",
    "dot": ".",
    "dots": "..",
    "nothing": "",
    "long": "x" * 300,
    "scripts": "分支 שלום 🚀",
    "combining": "e\u0301",
    "quotes": "a\"b\\c'd",
    "spaces": "  a  b  ",
    "base64": "job@base64",
    "equals": "===",
}


def split_labels(path):
    """Port of the gateway's own reading. Source: prometheus/pushgateway, handler/push.go, splitLabels."""
    parts = path.removeprefix("/metrics/").split("/")
    assert len(parts) % 2 == 0, "odd number of components"
    found = {}
    for name, value in zip(parts[::2], parts[1::2], strict=True):
        label = name.removesuffix("@base64")
        assert re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", label)
        raw = value.rstrip("=")
        found[label] = base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)).decode()
        assert re.fullmatch("[A-Za-z0-9_-]*", raw)
    return found


@given(st.fixed_dictionaries({name: st.text(st.characters(exclude_categories=["Cs"])) for name in GROUPING}))
def test_the_gateway_reads_any_key_as_it_was(key):
    url = Gateway(url="http://gw", access=Access()).group_url(key)
    assert split_labels(url.removeprefix("http://gw")) == key
    assert url.startswith("http://gw/metrics/job@base64/")


@given(st.text())
def test_any_text_makes_a_key(text):
    url = Gateway(url="http://gw", access=Access()).group_url({"job": "j", "step": text})
    assert split_labels(url.removeprefix("http://gw"))["step"] == text.encode("utf-8", "replace").decode()


@pytest.mark.services
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_the_real_gateway_reads_any_key_as_it_was(pushgateway, gateway, deadline, name):
    key = dict.fromkeys(GROUPING, name) | {"job": "ci_reporter"}
    gateway(pushgateway).push(key, b"# TYPE ci_x gauge\nci_x 1\n", deadline)
    (group,) = gateway(pushgateway).groups(deadline)
    assert group.labels == key
    assert (group.value("ci_x"), group.failed_at) == (1.0, 0.0)


@pytest.mark.services
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_group_of_any_name_can_be_deleted(pushgateway, gateway, deadline, eventually, name):
    key = dict.fromkeys(GROUPING, name) | {"job": "ci_reporter"}
    gateway(pushgateway).push(key, b"# TYPE ci_x gauge\nci_x 1\n", deadline)
    gateway(pushgateway).delete(gateway(pushgateway).groups(deadline)[0].labels, deadline)
    eventually(lambda: not gateway(pushgateway).groups(deadline), what="the group to go")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"data": 1}',
        b'{"data": null}',
        b'{"data": [1, {"labels": 2}, {}]}',
        b"[" * 100000,
        b"<html>",
        b"\xff",
    ],
    ids=["empty", "list", "object", "number", "null", "no groups", "deep", "page", "no text"],
)
def test_a_list_of_groups_that_is_none_trips_nothing(vendor, answer, gateway, deadline, body):
    server = gateway(vendor(answer(200, body)))
    for ask in (server.groups, server.status):
        try:
            assert not ask(deadline)
        except DeliveryError as exc:
            assert "did not answer as a Pushgateway does" in str(exc)


def test_a_page_is_no_delivery(vendor, answer, gateway, deadline):
    page = answer(200, b"<!doctype html><title>Sign in</title>", Content_Type="text/html")
    with pytest.raises(Rejected, match="answered 200 with a web page: Sign in; that is not a Pushgateway"):
        gateway(vendor(page)).push({"job": "x"}, b"x 1\n", deadline)
