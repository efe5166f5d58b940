"""The store on PostgreSQL: several hubs have one database, and what it cannot do is one sentence."""

from __future__ import annotations

import json
import socket
import threading

import pytest

from ci_reporter.errors import StoreError, UsageError
from ci_reporter.hub.store import Written, schema
from ci_reporter.hub.store.opening import display_name, open_store
from ci_reporter.hub.store.postgres.address import PASSWORD, address
from ci_reporter.hub.store.postgres.connections import Connections, check_server
from ci_reporter.hub.store.postgres.migrations import LISTS
from ci_reporter.hub.store.postgres.parameters import to_positional
from tests.hub.postgres import query

_OURS = "FROM pg_stat_activity WHERE application_name = 'ci-reporter-hub' AND datname = current_database()"


@pytest.fixture
def url(postgres_databases):
    found = postgres_databases.take()
    yield found
    postgres_databases.give_back(found)


@pytest.fixture
def new_url(postgres):
    """A database without anything in it."""
    postgres.run("DROP DATABASE IF EXISTS new WITH (FORCE)")
    postgres.run("CREATE DATABASE new")
    return postgres.url("new")


@pytest.fixture
def pair(url):
    """Two hubs on one database."""
    found = [open_store(url), open_store(url)]
    yield found
    for each in found:
        each.close()


def at_once(*works):
    """Do all this in threads; what they raised."""
    failed = []

    def run(work):
        try:
            work()
        except Exception as exc:  # noqa: BLE001
            failed.append(exc)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return failed


def test_two_hubs_count_each_report_once(pair, make_row):
    rows = [make_row(f"r{number}", series=("r", "p", f"j{number % 7}", "s", "main")) for number in range(200)]
    stored = []

    def write(store, order):
        for at in range(0, 200, 20)[::order]:
            (written,) = store.write([rows[at : at + 20][::order]])
            stored.append(written.stored)

    assert at_once(lambda: write(pair[0], 1), lambda: write(pair[1], -1)) == []
    assert sum(stored) == 200
    assert sorted(sum(state.runs.values()) for state in pair[0].states()) == [28, 28, 28, 29, 29, 29, 29]


def test_what_one_hub_wrote_has_changed_for_the_other(pair, make_row):
    mine, others = pair
    mine.write([[make_row()]])
    assert mine.changed_series() == others.changed_series() != frozenset()
    others.write([[make_row()]])
    assert mine.changed_series() == others.changed_series() != frozenset()
    assert mine.changed_series() == others.changed_series() == frozenset()


def test_a_change_that_is_kept_after_a_look_and_was_begun_before_it_is_seen(pair, make_row):
    mine, others = pair
    begun, looked = threading.Event(), threading.Event()

    def wait(_run, _rows):
        begun.set()
        assert looked.wait(30)

    mine.also_write(wait)
    writer = threading.Thread(target=mine.write, args=([[make_row()]],))
    writer.start()
    assert begun.wait(30)
    assert others.changed_series() == frozenset()
    looked.set()
    writer.join()
    assert len(others.changed_series()) == 1


def test_a_hub_hears_of_what_another_one_wrote(pair, make_row):
    heard = threading.Event()
    listening = threading.Event()
    calls = iter([listening])
    pair[0].listen(lambda: next(calls, heard).set())
    assert listening.wait(30)
    pair[1].write([[make_row()]])
    assert heard.wait(30)


def test_transactions_of_two_hubs_wait_for_each_other(pair):
    pair[0].transact(lambda run: run("INSERT INTO auth_key (name, value) VALUES ('n', '0')"))

    def count_up(run):
        ((value,),) = run("SELECT value FROM auth_key WHERE name = 'n'")
        run("UPDATE auth_key SET value = :value WHERE name = 'n'", value=str(int(value) + 1))

    assert at_once(*(lambda store=store: [store.transact(count_up) for _ in range(10)] for store in pair)) == []
    assert pair[0].select("SELECT value FROM auth_key WHERE name = 'n'") == [("20",)]


def test_hubs_that_start_at_once_bring_a_database_up_to_date_once(new_url):
    assert at_once(*[lambda: open_store(new_url).close()] * 3) == []
    steps = [(name, len(each)) for name, each in sorted(LISTS.items())]
    assert query(new_url, "SELECT * FROM hub_schema ORDER BY list") == steps


def test_a_database_of_each_older_version_keeps_its_data(postgres, make_row):
    for older in range(len(schema.MIGRATIONS)):
        postgres.run("DROP DATABASE IF EXISTS old WITH (FORCE)")
        postgres.run("CREATE DATABASE old")
        url = postgres.url("old")
        Connections(address(url, {}), lists={**LISTS, "tables": schema.MIGRATIONS[:older]}).close()
        query(
            url,
            "WITH s AS (INSERT INTO series (name_hash, repository, pipeline, ci_job, step, branch)"
            " VALUES ('x', 'acme/shop', 'CI', 'unit', 'pytest', 'main') RETURNING series_id)"
            " INSERT INTO report (report_id, series_id, at_ms, received_ms, result, ci_run_id, body,"
            " has_gate, has_coverage, has_tests) SELECT 'old', series_id, 1, 1, 'success', 'r', '{\"branch\": \"b\"}',"
            " false, false, false FROM s",
        )
        store = open_store(url)
        assert store.write([[make_row("old"), make_row("new")]]) == [Written(1, 1)]
        assert [json.loads(body).get("branch") for body in store.bodies()] == ["b", None]
        store.close()


def test_a_database_of_a_newer_version_is_one_sentence(new_url):
    open_store(new_url).close()
    query(new_url, "UPDATE hub_schema SET steps = steps + 1 WHERE list = 'reports'")
    with pytest.raises(StoreError, match=r"newer ci-reporter \(schema reports \d, and this one knows \d\)"):
        open_store(new_url)


def test_a_database_of_another_program_is_left_alone(new_url):
    query(new_url, "CREATE TABLE mine (a TEXT)")
    with pytest.raises(StoreError, match="has tables of another program"):
        open_store(new_url)
    assert query(new_url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == [("mine",)]


def test_a_database_that_is_not_there_is_one_sentence(postgres):
    with pytest.raises(StoreError, match=r'/nope: database "nope" does not exist \(make it: createdb'):
        open_store(postgres.url("nope"))


def test_a_wrong_password_is_one_sentence_without_it(postgres):
    postgres.run("DROP ROLE IF EXISTS guest")
    postgres.run("CREATE ROLE guest LOGIN PASSWORD 'right'")
    url = postgres.url("postgres").replace("hub@", "guest:wrong-one@")
    with pytest.raises(
        StoreError, match=r"cannot use .*: the password is wrong \(set CI_REPORTER_HUB_DATABASE_PASS"
    ) as e:
        open_store(url)
    assert "wrong-one" not in str(e.value)
    with pytest.raises(StoreError, match="may not do that: permission denied"):  # but is let in
        open_store(url, env={PASSWORD: "right"})


def test_a_server_that_is_not_there_is_one_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(StoreError, match=r"hub@127\.0\.0\.1:\d+/ci: nothing listens there"):
            open_store(f"postgresql://hub@127.0.0.1:{taken.getsockname()[1]}/ci")


def test_a_server_whose_socket_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(StoreError, match="nothing listens there"):
        open_store(f"postgresql://hub@/ci?host={tmp_path}")


def test_a_server_that_does_not_answer_is_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://hub@127.0.0.1:{silent.getsockname()[1]}/ci"
        with pytest.raises(StoreError, match="the server does not answer"):
            Connections(address(url, {}), connect_s=0.1)


def test_a_database_that_may_only_be_read_is_one_sentence(new_url):
    open_store(new_url).close()
    query(new_url, "ALTER DATABASE new SET default_transaction_read_only = on")
    with pytest.raises(StoreError, match=r"it may only be read \(name the primary server\)"):
        open_store(new_url)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"version": 120_017, "shown": "12.17"}, r"is PostgreSQL 12\.17, and the hub needs 13 or newer"),
        ({"encoding": "SQL_ASCII"}, "has the encoding SQL_ASCII"),
    ],
    ids=["old", "encoding"],
)
def test_a_server_that_will_not_do_is_one_sentence(facts, said):
    known = {"version": 150_000, "shown": "15.0", "encoding": "UTF8", "is_read_only": False}
    with pytest.raises(StoreError, match=said):
        check_server("postgresql://db/ci", {**known, **facts})


def test_a_full_disk_is_one_sentence_and_passes(pair, make_row):
    """The same error as PostgreSQL's own, from a trigger."""
    store = pair[0]
    store.transact(
        lambda run: run(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END$$"
        )
    )
    store.transact(lambda run: run("CREATE TRIGGER full_disk BEFORE INSERT ON report EXECUTE FUNCTION full_disk()"))
    with pytest.raises(StoreError, match=r"the server's disk is full \(make room; the hub goes on by itself\)"):
        store.write([[make_row("a")]])
    store.transact(lambda run: run("DROP FUNCTION full_disk CASCADE"))
    assert store.write([[make_row("a")]]) == [Written(1, 0)]


def test_a_connection_that_the_server_ended_is_made_again(pair, url, make_row):
    store = pair[0]
    store.write([[make_row()]])
    query(url, f"SELECT pg_terminate_backend(pid) {_OURS}")
    assert store.write([[make_row()]]) == [Written(1, 0)]
    assert store.select("SELECT count(*) FROM report") == [(2,)]


def test_a_connection_that_is_lost_within_a_transaction_is_made_again(pair, url, make_row):
    store, ended = pair[0], []

    def lose(run, _rows):
        if not ended:
            ended.extend(query(url, f"SELECT pg_terminate_backend(pid) {_OURS}"))
        run("SELECT 1")

    store.also_write(lose)
    assert store.write([[make_row()]]) == [Written(1, 0)]
    assert ended
    assert store.select("SELECT count(*) FROM report") == [(1,)]


def test_work_whose_connection_is_lost_is_one_sentence(pair, url):
    def lose(run):
        query(url, f"SELECT pg_terminate_backend(pid) {_OURS}")
        run("SELECT 1")

    with pytest.raises(StoreError, match=r"the connection was lost|the server ended the connection"):
        pair[0].transact(lose)
    assert pair[0].select("SELECT 1") == [(1,)]


def test_a_password_is_never_shown():
    url = "postgresql://hub:s3cret@db.example:5432/ci?sslmode=require&password=s3cret"
    assert display_name(url) == "postgresql://hub@db.example:5432/ci"
    assert "s3cret" not in repr(address(url, {PASSWORD: "s3cret-two"}))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://db/ci?sslmode=maybe", r"sslmode 'maybe' is not known \(known: disable, .*verify-full\)"),
        ("postgresql://db:five/ci", "the URL is not valid"),
        ("postgresql://db/ci?sslmode=verify-full&sslrootcert=/no.pem", r"sslrootcert: there is no /no\.pem"),
    ],
)
def test_a_url_with_a_mistake_is_one_sentence(url, said):
    with pytest.raises(UsageError, match=said):
        address(url, {})


def test_values_are_numbered_with_their_types():
    quoted = "SELECT ':a' AS \":b\", a::text FROM t -- :c\n"
    sql, values = to_positional(
        f"{quoted} WHERE a = :a AND b > :b AND :c IS NULL OR c = :a", {"a": "x\0", "b": 1, "c": None}
    )
    assert sql == f"{quoted} WHERE a = $1::text AND b > $2::bigint AND NULL IS NULL OR c = $1::text"
    assert values == ["x\ufffd", 1]
