"""A Pushgateway forgets nothing by itself: `gc` deletes groups of ours that nobody pushes any more."""

from __future__ import annotations

import time

import pytest

from ci_reporter.errors import Rejected
from ci_reporter.system.deadline import Deadline

pytestmark = pytest.mark.services
OURS = {"job": "ci_reporter", "repository": "", "step": "feature/x"}
BODY = b"# TYPE ci_x gauge\nci_x 1\n"


@pytest.fixture
def gc(run_program, pushgateway):
    """Call gc on the gateway."""
    return lambda *args: run_program("gc", "--pushgateway", pushgateway.url, *args)


@pytest.fixture
def keys(gateway, pushgateway, deadline):
    """What the gateway holds."""
    return lambda: [dict(each.labels) for each in gateway(pushgateway).groups(deadline)]


@pytest.fixture
def old(gateway, pushgateway, deadline):
    """Put groups there, older than 100 ms."""

    def put(*found):
        for key in found:
            gateway(pushgateway).push(key, BODY, deadline)
        time.sleep(0.15)

    return put


def test_an_old_group_of_ours_is_deleted(gc, old, keys, eventually):
    old(OURS)
    ended = gc("--older-than", "100ms")
    assert ended.stdout.startswith('deleted {job="ci_reporter", repository="", step="feature/x"} last pushed 20')
    assert ended.stderr == "ci-reporter: 1 stale groups, 1 deleted\n"
    eventually(lambda: keys() == [], what="the group to go")


def test_other_peoples_groups_stay(gc, old, keys):
    others = [{"job": "nightly"}, {"job": "ci_reporter_else"}]
    old(*others)
    assert gc("--older-than", "100ms").stderr == "ci-reporter: 0 stale groups, 0 deleted\n"
    assert sorted(map(str, keys())) == sorted(map(str, others))


def test_young_groups_stay(gc, old, keys):
    old(OURS)
    assert "0 stale groups" in gc("--older-than", "1h").stderr
    assert keys() == [OURS]


def test_a_dry_run_lists_and_deletes_nothing(gc, old, keys):
    old(OURS)
    ended = gc("--older-than", "100ms", "--dry-run")
    assert ended.stdout.startswith('would delete {job="ci_reporter"')
    assert (ended.stderr, keys()) == ("ci-reporter: 1 stale groups, 0 deleted\n", [OURS])


def test_a_group_of_a_failed_push_is_deleted(gc, old, keys, gateway, pushgateway, eventually):
    gateway(pushgateway).push({"job": "nightly"}, BODY.replace(b"gauge", b"counter"), Deadline(5))
    with pytest.raises(Rejected, match="answered 400"):
        old(OURS)
    old()
    assert 'step="feature/x"} last pushed never (a push failed)' in gc("--older-than", "100ms").stdout
    eventually(lambda: keys() == [{"job": "nightly"}], what="the group to go")


def test_a_group_that_is_pushed_meanwhile_stays(run_program, vendor, answer):
    listing = b'{"data":[{"labels":{"job":"ci_reporter"},"push_time_seconds":{"metrics":[{"value":"%d"}]}}]}'
    server = vendor(answer(200, listing % 1), answer(200, listing % time.time()), answer(202))
    ended = run_program("gc", "--older-than", "1h", "--pushgateway", server.url)
    assert ended.stdout.startswith('kept, pushed just now: {job="ci_reporter"}')
    assert [each.split()[0] for each in server.seen] == [b"GET", b"GET"]


@pytest.mark.parametrize(
    ("older_than", "said"),
    [
        ("30", "'30' has no unit (write 30s, 30m, 30h or 30d)"),
        ("soon", "'soon' is not"),
        ("0d", "'0d' is not"),
        ("-1d", "'-1d' is not"),
    ],
)
def test_an_age_needs_a_unit(gc, older_than, said):
    ended = gc("--older-than", older_than)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"ci-reporter: option --older-than: {said}")


def test_a_gateway_is_needed(run_program):
    ended = run_program("gc", "--older-than", "30d")
    assert (ended.returncode, "no Pushgateway is set" in ended.stderr) == (2, True)


def test_a_dead_gateway_is_said(run_program):
    ended = run_program("gc", "--older-than", "30d", "--pushgateway", "http://127.0.0.1:1")
    assert (ended.returncode, ended.stderr) == (
        70,
        "ci-reporter: cannot reach http://127.0.0.1:1: connection refused\n",
    )
