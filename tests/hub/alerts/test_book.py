"""Rules and outbox in one transaction: told once, by however many, whatever dies."""

import threading

import pytest

from ci_reporter.errors import StoreError
from ci_reporter.hub.alerts import feed
from ci_reporter.hub.alerts.book import Book
from tests.hub.alerts.conftest import MAIN_IS_RED, T0, make_event, make_rules


def messages(store, columns="state"):
    return store.select(f"SELECT {columns} FROM alert_message ORDER BY number")


def test_a_message_waits_as_soon_as_its_rule_knows_it(store):
    Book(store, make_rules(MAIN_IS_RED)).judge(lambda run: [make_event("failure")])
    assert messages(store, "rule, channel, state") == [("main is red", "robot", "pending")]


def test_an_event_that_is_judged_twice_is_told_once(store):
    book, event = Book(store, make_rules(MAIN_IS_RED)), make_event("failure")
    store.transact(lambda run: run("DELETE FROM alert_entry"))
    book.judge(lambda run: [event])
    store.transact(lambda run: run("DELETE FROM alert_entry"))  # as if the rule had not heard of it
    book.judge(lambda run: [event])
    assert len(messages(store)) == 1


def test_what_cannot_be_written_changes_nothing(store):
    book = Book(store, make_rules(MAIN_IS_RED))

    def claim(run):
        run("DROP TABLE alert_message")
        return [make_event("failure")]

    with pytest.raises(StoreError):
        book.judge(claim)
    assert messages(store) == []
    assert store.select("SELECT count(*) FROM alert_entry") == [(0,)]


def test_a_batch_is_given_to_one_of_two(store, make_row):
    body = '{"job_name": "unit", "result": "failure", "exit_code": 1}'
    store.also_write(feed.put)
    store.write([[make_row(result="failure", body=body) for _ in range(3)]])
    books = [Book(store, make_rules(MAIN_IS_RED)) for _ in range(2)]
    claims = [feed.claim_of(feed.arrived(store), lambda each: each.event) for _ in books]
    told = []
    threads = [
        threading.Thread(target=lambda book=book, claim=claim: told.append(len(book.judge(claim))))
        for book, claim in zip(books, claims, strict=True)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(told) == [0, 1]
    assert feed.arrived(store) == []


def test_a_look_is_taken_by_one_of_two(store):
    looks = [feed.turn_of(store, "look", lambda: [make_event()]) for _ in range(2)]
    assert [len(store.transact(look)) for look in looks] == [1, 0]
    assert len(store.transact(feed.turn_of(store, "look", lambda: [make_event()]))) == 1


def test_a_report_that_a_newer_version_wrote_stops_no_other(store, make_row):
    store.also_write(feed.put)
    store.write([[make_row(body="[]"), make_row(body='{"job_name": "unit", "exit_code": 0}')]])
    (batch,) = feed.arrived(store)
    assert [each.event.report.run.job_name for each in batch.arrived] == ["unit"]


def test_many_reports_are_judged_in_several_transactions(store, make_row):
    store.also_write(feed.put)
    body = '{"job_name": "unit", "exit_code": 0}'
    store.write([[make_row(body=body) for _ in range(1000)]])
    seen = 0
    while batches := feed.arrived(store):
        seen += sum(len(each.arrived) for each in batches)
        assert sum(len(each.arrived) for each in batches) <= 600
        Book(store, make_rules(MAIN_IS_RED)).judge(feed.claim_of(batches, lambda each: each.event))
    assert seen == 1000


def test_a_clock_that_is_years_ahead_does_not_hide_what_follows(store):
    book = Book(store, make_rules(MAIN_IS_RED), clock=lambda: T0 / 1000 + 60)
    book.judge(lambda run: [make_event("success", 300_000_000.0)])
    told = book.judge(lambda run: [make_event("failure", 60.0)])
    assert [str(each.kind) for each in told] == ["first"]
