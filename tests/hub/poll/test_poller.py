"""The poller: what it sees is kept, what fails harms nobody, and nothing is dropped."""

from __future__ import annotations

import asyncio
import time

import pytest

from ci_reporter.errors import StoreError, UsageError
from ci_reporter.hub.exposition import exposition
from ci_reporter.hub.poll.ledger import told_of
from ci_reporter.hub.runs.run import Key
from ci_reporter.hub.store.sqlite.store import SqliteStore
from tests.fakes.github import FakeGitHub
from tests.fakes.server import serving, slow_drip, status
from tests.hub.poll.conftest import pollers, polling, running, runs, until
from tests.hub.upstream.watching import asynchronous

NOW = float(round(time.time()) - 600)


@pytest.fixture
def store(tmp_path):
    found = SqliteStore(str(tmp_path / "hub.db"))
    yield found
    found.close()


@pytest.fixture
def fake():
    found = FakeGitHub()
    for name in ("acme/shop", "acme/api", "acme/old"):
        found.add(name, 1, "success", NOW)
    return found


@asynchronous
async def test_what_a_ci_system_tells_is_in_the_database(fake, store):
    async with polling(fake, store):
        await until(lambda: runs(store))
    assert runs(store) == {"acme/shop github-1-1": "success"}


@asynchronous
async def test_a_run_is_followed_from_queued_to_its_end(fake, store):
    fake.add("acme/shop", 2, "queued", NOW)
    async with polling(fake, store, interval_s=0.02):
        for state in ("queued", "in_progress", "failure"):
            fake.add("acme/shop", 2, state, NOW)
            ours = {"in_progress": "running"}.get(state, state)
            await until(lambda ours=ours: runs(store).get("acme/shop github-2-1") == ours)


@asynchronous
async def test_a_wildcard_is_looked_up_and_what_is_excluded_is_left_out(fake, store):
    async with polling(fake, store, interval_s=0.05, repositories="acme/*", exclude="acme/old"):
        await until(lambda: len(runs(store)) == 2)
        fake.add("acme/new", 1, "failure", NOW)
        await until(lambda: "acme/new github-1-1" in runs(store))
    assert "acme/old github-1-1" not in runs(store)


@asynchronous
async def test_a_repository_that_is_gone_is_not_looked_at_any_more(fake, store):
    async with polling(fake, store, interval_s=0.05, repositories="acme/*") as poller:
        await until(lambda: len(runs(store)) == 3)
        del fake.runs["acme/old"]
        await until(lambda: len(poller.told()) == 3)  # the pattern, and two


@asynchronous
async def test_one_failure_harms_no_other_target_and_is_told(fake, store):
    async def broken(request):
        return await status(500)(request) if "acme/api" in request.path else None

    fake.faults.append(broken)
    async with polling(fake, store, repositories="[acme/shop, acme/api]") as poller:
        await until(lambda: any(each.problem for each in poller.told().values()))
        await until(lambda: runs(store))
        host = fake.url[7:]
        assert poller.told()[f"{host}/acme/api"].problem == f"github at {host} answered 500"
        text = exposition(poller.blocks(), openmetrics=False)
    assert "ci_poll_targets_failing 1\n" in text
    assert f'ci_data_age_seconds{{target="{host}/acme/shop"}}' in text
    assert f'ci_upstream_requests_total{{host="{host}",code="500"}} 3\n' in text


@asynchronous
async def test_what_happened_while_a_ci_system_was_gone_is_seen_when_it_is_back(fake, store):
    async with polling(fake, store, interval_s=0.02) as poller:
        await until(lambda: runs(store))
        fake.faults.append(status(502))
        await until(lambda: any(each.problem for each in poller.told().values()))
        for number in range(2, 130):
            fake.add("acme/shop", number, "failure", NOW + number)
        fake.faults.clear()
        await until(lambda: len(runs(store)) == 129)
        await until(lambda: not any(each.problem for each in poller.told().values()))


@asynchronous
async def test_a_look_has_a_deadline(fake, store):
    fake.faults.append(slow_drip)
    async with polling(fake, store, deadline_s=0.1) as poller:
        await until(lambda: any("took longer than 0.1 s" in each.problem for each in poller.told().values()))


@asynchronous
async def test_a_token_is_asked_for_one_thing_at_a_time(fake, store):
    async with polling(fake, store, repositories="[acme/shop, acme/api, acme/old]"):
        await until(lambda: len(runs(store)) == 3)
    assert fake.most_at_once == 1


@asynchronous
async def test_what_could_not_be_kept_is_seen_again(fake, store):
    kept = []

    def record(found):
        if not kept:
            kept.append(None)
            raise StoreError("the disk is full")
        kept.extend(each.key.run_id for each in found)

    async with polling(fake, store, interval_s=0.02, record=record):
        await until(lambda: len(kept) > 1)
    assert kept == [None, "1"]


@asynchronous
async def test_a_defect_of_ours_ends_nothing(fake, store):
    def record(found):
        if found[0].key.repository == "acme/api":
            raise KeyError("oops")
        kept.append(found[0].key.repository)

    kept = []
    async with polling(fake, store, repositories="[acme/api, acme/shop]", record=record) as poller:
        await until(lambda: kept == ["acme/shop"])
        await until(lambda: any("could not be read: KeyError" in each.problem for each in poller.told().values()))


@asynchronous
async def test_a_restart_asks_for_nothing_that_is_known(fake, store):
    async with serving(fake):
        make = pollers(fake, store, repositories="acme/*")
        async with running(make()):
            await until(lambda: len(runs(store)) == 3)
        before = dict(fake.answered)
        async with running(make()) as poller:
            await until(lambda: all(each.looked_ms for each in poller.told().values()))
    assert fake.answered[304] - before.get(304, 0) == 3
    assert fake.answered[200] - before[200] == 1  # the names of the repositories


@asynchronous
async def test_how_old_what_we_know_is_survives_a_restart(fake, store):
    async with serving(fake):
        make = pollers(fake, store)
        async with running(make()):
            await until(lambda: any(each.looked_ms for each in told_of(store).values()))
        fake.faults.append(status(500))
        async with running(make()) as poller:
            assert [each.looked_ms > 0 for each in poller.told().values()] == [True]


@asynchronous
async def test_two_replicas_look_at_each_target_once(fake, store):
    async with serving(fake):
        make = pollers(fake, store, 0.05, repositories="[acme/shop, acme/api, acme/old]")
        async with running(make(replica="a", alone=False)) as a, running(make(replica="b", alone=False)) as b:
            await until(lambda: len(a.told()) == 2 and len(b.told()) == 1)
            assert a.told().keys().isdisjoint(b.told())
            await a.stop()
            await until(lambda: len(b.told()) == 3)


@asynchronous
async def test_a_token_that_cannot_be_used_keeps_the_hub_from_starting(fake, store):
    async with serving(fake):
        with pytest.raises(UsageError, match="the variable T is not set"):
            await pollers(fake, store)(environ={}).start()


@asynchronous
async def test_another_thread_asks_how_a_run_is_now(fake, store):
    key = Key("github", "127.0.0.1", "acme/shop", "1", 1)
    async with polling(fake, store) as poller:
        host = next(iter(poller._upstreams)).host
        found = await asyncio.to_thread(poller.look_again, key._replace(host=host))
        nothing = await asyncio.to_thread(poller.look_again, key._replace(host=host, run_id="99"))
        with pytest.raises(UsageError, match="no target of poll: is at elsewhere"):
            await asyncio.to_thread(poller.look_again, key._replace(host="elsewhere"))
    assert (str(found.status), nothing) == ("success", None)
