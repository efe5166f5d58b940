"""Leases: each target is one replica's, everybody has a fair share, and who dies is replaced."""

from __future__ import annotations

from collections import Counter

import pytest

from ci_reporter.hub.poll.ledger import LEASE_MS, Ledger, Told, told_of
from ci_reporter.hub.upstream.state import State

TARGETS = [f"host/acme/{number}" for number in range(10)]


@pytest.fixture
def replica(store):
    return lambda name, alone=False: Ledger(store, name, alone=alone)


def test_two_replicas_share_in_the_end(replica):
    a, b = replica("a"), replica("b")
    assert len(a.claim(TARGETS, {}, 0).mine) == 10
    assert len(b.claim(TARGETS, {}, 1).mine) == 0
    mine = a.claim(TARGETS, {}, 2).mine, b.claim(TARGETS, {}, 3).mine
    assert [len(each) for each in mine] == [5, 5]
    assert mine[0] | mine[1] == {*TARGETS}


def test_no_target_is_ever_two_replicas(replica):
    names = ["a", "b", "c"]
    ledgers = {name: replica(name) for name in names}
    mine = {}
    for now_ms in range(30):
        name = names[now_ms % 3]
        mine[name] = ledgers[name].claim(TARGETS, {}, now_ms).mine
        assert max(Counter(each for found in mine.values() for each in found).values()) == 1
    assert sorted(len(each) for each in mine.values()) == [2, 4, 4]


def test_who_dies_is_replaced_when_its_leases_end(replica):
    a, b = replica("a"), replica("b")
    a.claim(TARGETS, {}, 0)
    assert len(b.claim(TARGETS, {}, LEASE_MS - 1).mine) == 0
    assert len(b.claim(TARGETS, {}, LEASE_MS + 1).mine) == 10


def test_who_stops_leaves_its_targets_at_once(replica):
    a, b = replica("a"), replica("b")
    a.claim(TARGETS, {}, 0)
    a.release()
    assert len(b.claim(TARGETS, {}, 1).mine) == 10


def test_a_hub_that_is_alone_takes_over_from_a_process_that_was_killed(replica):
    replica("hub", alone=True).claim(TARGETS, {}, 0)
    assert len(replica("hub", alone=True).claim(TARGETS, {}, 1).mine) == 10
    assert len(replica("other", alone=True).claim(TARGETS, {}, 2).mine) == 10


def test_how_far_a_target_was_looked_at_goes_with_it(replica):
    a, b = replica("a"), replica("b")
    a.claim(["x"], {}, 0)
    assert a.save("x", State(cursor=5))
    claims = b.claim(["x"], {}, LEASE_MS + 1)
    assert claims.new == {"x": State(cursor=5)}
    assert not a.save("x", State(cursor=6))
    assert b.claim(["x"], {}, LEASE_MS + 2).new == {}


def test_all_replicas_know_what_a_pattern_stands_for(replica):
    a, b = replica("a"), replica("b")
    a.claim(["lookup acme/*"], {}, 0)
    a.save("lookup acme/*", State(cursor=1, names=("acme/shop",)))
    assert b.claim([], {}, 1).names == {"lookup acme/*": ("acme/shop",)}


def test_a_target_that_is_not_wanted_any_more_is_given_back(replica, store):
    a = replica("a")
    a.claim(["x", "y"], {}, 0)
    assert a.claim(["y"], {}, 1).mine == {"y"}
    assert store.select("SELECT lease FROM poll_target WHERE target = 'x'") == [("",)]


def test_the_last_good_look_of_all_replicas_is_told(replica, store):
    replica("a").claim(["x"], {"x": Told(5, "gone"), "y": Told(1, "")}, 0)
    replica("b").claim(["x"], {"x": Told(7, "")}, 1)
    assert told_of(store) == {"x": Told(7, ""), "y": Told(1, "")}
