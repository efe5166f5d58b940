"""The schedule of a token's targets: in the order in which they are due, late where they have to be, never dropped."""

from __future__ import annotations

import pytest

from ci_reporter.hub.poll.lane import Lane, Turn
from ci_reporter.hub.poll.targets import Target, fixed, looked_up
from ci_reporter.hub.upstream.state import State
from tests.hub.upstream.watching import asynchronous, poll_of

SOURCE = poll_of("targets: [{provider: github, repositories: [acme/*, acme/shop]}]").sources[0]


def turn(name):
    return Turn(Target(source=SOURCE, path=name), State())


@pytest.fixture
def clock():
    now = [100.0]

    def of():
        return now[0]

    of.set = lambda value: now.__setitem__(0, value)
    return of


@asynchronous
async def test_all_that_is_due_comes_in_order_however_late(clock):
    lane = Lane(lambda: 0.0, clock)
    for name, due_s in (("c", 3.0), ("a", 1.0), ("b", 2.0)):
        lane.add(turn(name), due_s)
    clock.set(10_000.0)
    assert [(await lane.next()).target.path for _ in range(3)] == ["a", "b", "c"]
    assert len(lane) == 0


@asynchronous
@pytest.mark.parametrize(("failures", "pause_s"), [(0, 60), (1, 120), (2, 240), (9, 600)])
async def test_after_failures_a_target_is_left_alone_for_longer(clock, failures, pause_s):
    lane, one = Lane(lambda: 0.0, clock), turn("a")
    one.failures = failures
    lane.add_again(one, 60.0, began_s=100.0)
    assert 0.95 * pause_s <= one.due_s - 100.0 <= 1.05 * pause_s


@asynchronous
async def test_a_slow_interval_is_not_made_quicker_by_failures(clock):
    lane, one = Lane(lambda: 0.0, clock), turn("a")
    one.failures = 5
    lane.add_again(one, 3600.0, began_s=100.0)
    assert one.due_s > 3500.0


@asynchronous
async def test_while_nothing_may_be_sent_everything_waits(clock):
    blocked = [0.01, 0.01, 0.0]
    lane = Lane(lambda: blocked.pop(0) if blocked else 0.0, clock)
    lane.add(turn("a"))
    assert (await lane.next()).target.path == "a"
    assert blocked == []


def test_targets_are_named_by_their_server():
    poll = poll_of(
        "targets: [{provider: github, repositories: [acme/shop, acme/*], topics: x},"
        " {provider: gitlab, url: https://git.example, repositories: [acme/shop, acme/old], exclude: acme/old},"
        " {provider: gitlab, url: https://git.example, repositories: acme/shop},"
        " {provider: jenkins, url: https://ci.example, repositories: platform}]"
    )
    found = fixed(poll.sources)
    assert list(found) == [
        "github.com/acme/shop",
        "lookup github.com/acme/* topics x",
        "git.example/acme/shop",
        "lookup ci.example/platform",
    ]
    names = {
        "lookup github.com/acme/* topics x": ("acme/shop", "acme/api", "a/../b", "a/b?x", "/"),
        "lookup ci.example/platform": ("platform",),
    }
    more = looked_up([each for each in found.values() if each.is_pattern], names)
    assert list(more) == ["github.com/acme/shop", "github.com/acme/api", "ci.example/platform"]
