"""Prometheus' API: what is asked, and what every wrong answer becomes."""

import json

import pytest

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.http import Access
from ci_reporter.http.prometheus import Prometheus
from ci_reporter.system.deadline import Deadline


def success(**data):
    return json.dumps({"status": "success", "data": data}).encode()


@pytest.fixture
def ask(vendor, answer):
    """Ask a server that gives these answers for `up`."""
    return lambda body, status=200, **more: Prometheus(url=vendor(answer(status, body)).url, **more).query(
        "up", Deadline(2)
    )


def test_a_query_gives_its_series(ask):
    found = ask(success(resultType="vector", result=[{"metric": {}, "value": [1, "5"]}]))
    assert (found.kind, found.result, found.warnings) == ("vector", [{"metric": {}, "value": [1, "5"]}], ())


def test_warnings_come_with_the_result_and_remarks_do_not(ask):
    body = {"status": "success", "data": {"result": []}, "warnings": ["half\nis missing", "PromQL info: a name"]}
    assert ask(json.dumps(body).encode()).warnings == ("half is missing",)


@pytest.mark.parametrize("body", [b"<html>hello", b"[]", b'{"status": "success", "data": 3}'], ids=str)
def test_another_answer_is_an_error_that_names_the_server(ask, body):
    with pytest.raises(DeliveryError, match=r"^http://127.0.0.1:\d+ did not answer as Prometheus does"):
        ask(body)


def test_of_a_refusal_its_words_are_said(ask):
    with pytest.raises(Rejected, match=r"answered 400: parse error$"):
        ask(b'{"status": "error", "errorType": "bad_data", "error": "parse error"}', 400)


def test_a_secret_in_an_answer_is_not_repeated(ask):
    with pytest.raises(DeliveryError) as error:
        ask(b'{"status": "error", "error": "no s3cret here"}', access=Access(token="s3cret"))
    assert "s3cret" not in str(error.value)
