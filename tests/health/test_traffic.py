"""Counting requests."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from ci_reporter.health.traffic import Traffic

BUCKETS = (0.1, 0.5, 2.0)


def samples(traffic):
    """Values by name and labels."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in traffic.collect()
        for sample in family.samples
    }


def total(traffic):
    return sum(value for key, value in samples(traffic).items() if key[0] == "http_requests_total")


def test_requests_of_many_threads_are_all_counted():
    traffic = Traffic()

    def work(_):
        for _ in range(3000):
            traffic.begin()
            traffic.end("GET", "/", 200, 0.01)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
        looked = samples(traffic)
    assert total(traffic) == 24_000
    assert looked[("http_requests_in_progress",)] == 0


@given(st.lists(st.floats(0, 3), max_size=30))
def test_buckets_are_those_of_prometheus_client(durations):
    registry = CollectorRegistry()
    theirs = Histogram("http_request_duration_seconds", "x", ["method", "route"], registry=registry, buckets=BUCKETS)
    ours = Traffic(BUCKETS)
    for took_s in durations:
        theirs.labels("GET", "/").observe(took_s)
        ours.end("GET", "/", 200, took_s)
    expected = {key: value for key, value in samples(registry).items() if not key[0].endswith("_created")}
    found = {key: value for key, value in samples(ours).items() if key[0] in {each[0] for each in expected}}
    assert {key: pytest.approx(value) for key, value in expected.items()} == found


def test_durations_are_of_all_codes_together():
    traffic = Traffic()
    for code in (200, 500):
        traffic.end("GET", "/", code, 0.01)
    assert samples(traffic)[("http_request_duration_seconds_count", ("method", "GET"), ("route", "/"))] == 2


def test_what_is_other_is_one_series_whatever_server_counted_it():
    traffic = Traffic()
    for note in (("GET", None, 200, 0.1), ("GET", "other", "200", 0.1)):
        traffic.end(*note)
    (requests,) = [family for family in traffic.collect() if family.name == "http_requests"]
    assert [sample.value for sample in requests.samples] == [2]


def test_looking_changes_nothing():
    traffic = Traffic()
    traffic.begin()
    assert [samples(traffic)[("http_requests_in_progress",)] for _ in range(5)] == [1] * 5


def test_series_have_an_end():
    traffic = Traffic()
    for number in range(5000):
        traffic.end("GET", f"/{number}", 200, 0.01)
    found = [key for key in samples(traffic) if key[0] == "http_requests_total"]
    assert (len(found) <= 1002, total(traffic)) == (True, 5000)


def test_a_quote_in_a_route_breaks_no_line(promtool_says):
    traffic = Traffic()
    traffic.end("GET", 'a"b\\c\nd', 200, 0.01)
    registry = CollectorRegistry()
    registry.register(traffic)
    assert promtool_says(generate_latest(registry).decode()) == ""
