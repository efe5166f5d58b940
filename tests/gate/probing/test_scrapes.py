"""An interval of Prometheus that is too short for two scrapes, before anything is probed."""

import json

import pytest

from ci_reporter.errors import UsageError
from ci_reporter.gate.probing import scrapes
from ci_reporter.gate.rules import rulefile
from ci_reporter.http import Access
from ci_reporter.http.prometheus import Prometheus


@pytest.fixture
def server(backend):
    """A Prometheus that tells how often it scrapes its targets."""
    service = backend()

    def start(*intervals, status=200):
        body = {"status": "success", "data": {"activeTargets": [{"scrapeInterval": each} for each in intervals]}}

        def act(handler):
            handler.send_response(status)
            handler.end_headers()
            handler.wfile.write(json.dumps(body).encode())

        service.act = act
        return Prometheus(url=f"http://127.0.0.1:{service.port}", access=Access())

    return start


def rules(window="$interval"):
    query = f"'sum(increase(calls[{window}]))'"
    text = f"signals: {{ calls: {{ promql: {{ bad: {query}, total: {query} }} }} }}\n"
    return rulefile.parse(f"{text}rules: [ {{ if: calls_error_rate > 1% }} ]\n".encode(), "gate.yml")


@pytest.mark.parametrize("window", ["$interval", "15s"])
def test_an_interval_without_two_scrapes_is_an_error_with_the_number_that_would_do(server, window):
    with pytest.raises(UsageError, match=r"as Prometheus scrapes every 10 s \(write interval: 20s or more"):
        scrapes.check(rules(window), server("30s", "10s"))


def test_an_interval_of_two_scrapes_is_not(server):
    scrapes.check(rules(), server("5s"))
    scrapes.check(rules("1m"), server("30s"))


def test_a_server_that_does_not_tell_its_targets_stops_nobody(server):
    scrapes.check(rules(), server())
    scrapes.check(rules(), server("1m", status=404))
