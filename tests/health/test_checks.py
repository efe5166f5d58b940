"""Checks that hang, raise and stampede."""

import asyncio
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from ci_reporter.health import Check, Health, Outcome
from ci_reporter.health.checks import CheckRunner, results, results_async


def in_a_loop(watched):
    return asyncio.run(results_async(watched))


both = pytest.mark.parametrize("ask", [results, in_a_loop], ids=["threads", "loop"])


def outcomes(ask, *checks, **how):
    return [result.outcome for result in ask([CheckRunner(check, **how) for check in checks])]


async def well():
    await asyncio.sleep(0.01)


async def unwell():
    await asyncio.sleep(0)
    return False


@both
@pytest.mark.parametrize(
    ("call", "status"),
    [(lambda: None, "pass"), (lambda: False, "fail"), (well, "pass"), (unwell, "fail"), (partial(well), "pass")],
    ids=["sync", "sync fails", "async", "async fails", "partial"],
)
def test_functions_of_both_colours_are_checks(ask, call, status):
    assert [each.status for each in outcomes(ask, Check("x", call))] == [status]


@both
def test_checks_run_at_the_same_time(ask):
    meet = threading.Barrier(3, timeout=60)
    found = outcomes(ask, *(Check(str(number), lambda: meet.wait() and None) for number in range(3)))
    assert [each.status for each in found] == ["pass"] * 3


def hang():
    time.sleep(30)


async def hang_async():
    await asyncio.sleep(30)


@both
@pytest.mark.parametrize("call", [hang, hang_async], ids=["sync", "async"])
def test_nobody_waits_longer_than_the_timeout(ask, call):
    began = time.monotonic()
    (found,) = outcomes(ask, Check("x", call, timeout_s=0.2))
    assert (found.status, found.output) == ("fail", "no answer within 0.2 s")
    assert time.monotonic() - began < 20


def test_a_check_that_hangs_is_not_started_again_before_it_ends():
    started, go = [], threading.Event()
    watched = CheckRunner(Check("x", lambda: started.append(1) or (go.wait(60) and None), timeout_s=0.05), fresh_s=0)
    began = time.monotonic()
    assert [results([watched])[0].outcome.status for _ in range(20)] == ["fail"] * 20
    assert (len(started), time.monotonic() - began < 50) == (1, True)
    go.set()


def test_a_check_that_hung_is_asked_again_after_its_end(eventually):
    go = threading.Event()
    watched = CheckRunner(Check("x", lambda: go.wait(60) and None, timeout_s=0.05), fresh_s=0)
    assert results([watched])[0].outcome.status == "fail"
    go.set()
    eventually(lambda: results([watched])[0].outcome.status == "pass", "the check to recover")


@both
def test_a_check_that_ends_late_has_failed(ask):
    (found,) = outcomes(ask, Check("x", lambda: time.sleep(0.3), timeout_s=0.1))
    assert found.status == "fail"


@pytest.mark.parametrize("kind", ["asgi", "wsgi"])
def test_a_stampede_asks_once(serve, kind):
    asked = []
    health = Health(checks=[Check("db", lambda: asked.append(1) or time.sleep(0.2))])
    site = serve(getattr(health, kind)(), kind)
    with ThreadPoolExecutor(20) as crowd:
        codes = list(crowd.map(lambda _: site("/health").status, range(40)))
    assert (codes, len(asked)) == ([200] * 40, 1)


def test_an_answer_holds_for_a_while_and_no_longer():
    long, short = [], []
    held = CheckRunner(Check("x", lambda: long.append(1)), fresh_s=60)
    brief = CheckRunner(Check("x", lambda: short.append(1)), fresh_s=0.05)
    results([held, brief])
    time.sleep(0.06)
    results([held, brief])
    assert (len(long), len(short)) == (1, 2)


def test_who_waits_for_a_slow_check_keeps_the_answer_of_a_quick_one():
    quick = CheckRunner(Check("quick", lambda: time.sleep(0.05), timeout_s=5), fresh_s=0.1)
    slow = CheckRunner(Check("slow", lambda: time.sleep(0.4), timeout_s=5))
    stop = threading.Event()

    def others():
        while not stop.is_set():
            results([quick])

    with ThreadPoolExecutor(1) as pool:
        pool.submit(others)
        try:
            assert [each.outcome.status for each in results([quick, slow])] == ["pass", "pass"]
        finally:
            stop.set()


def test_an_outcome_of_another_word_is_a_failure():
    (found,) = outcomes(results, Check("x", lambda: Outcome(status="ok")))
    assert (found.status, found.output) == ("fail", "ValueError")


class Secretive(Exception):
    pass


def boom():
    raise Secretive("cannot reach postgres://shop:hunter22@db:5432/shop\npassword=hunter33 token: 'abc444'")


def refused():
    raise ConnectionRefusedError(111, "Connection refused")


@pytest.mark.parametrize("call", [boom, lambda: exec("raise SystemExit(3)")], ids=["exception", "exit"])
def test_what_raises_fails_with_its_kind_alone(call):
    (found,) = outcomes(results, Check("x", call))
    assert (found.status, found.output) in [("fail", "Secretive"), ("fail", "SystemExit")]


def test_the_systems_own_words_are_shown():
    (found,) = outcomes(results, Check("x", refused))
    assert found.output == "ConnectionRefusedError: Connection refused"


def test_reasons_are_shown_where_wanted_without_their_secrets():
    (found,) = outcomes(results, Check("x", boom), reasons=True)
    assert found.output == "Secretive: cannot reach postgres://***@db:5432/shop password=*** token: ***'"


def test_the_log_is_told_of_a_change_once_and_of_no_secret(caplog):
    answers = iter([None, Outcome(status="warn", output="slow"), Outcome(status="warn"), None])
    watched = CheckRunner(Check("db", lambda: next(answers)), fresh_s=0)
    with caplog.at_level(logging.INFO, "ci_reporter.health"):
        for _ in range(4):
            results([watched])
        results([CheckRunner(Check("mail", boom))])
    assert [record.getMessage() for record in caplog.records][:2] == [
        "check db: pass → warn: slow",
        "check db: warn → pass",
    ]
    assert "Secretive" in caplog.text
    assert "hunter" not in caplog.text


def test_async_checks_run_in_the_services_own_loop(serve):
    loops = []

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            loops.append(asyncio.get_running_loop())
        raise RuntimeError("no lifespan here")

    async def check():
        loops.append(asyncio.get_running_loop())

    assert serve(Health(checks=[Check("db", check)]).asgi(app), "asgi")("/health").status == 200
    assert loops[0] is loops[1]


def test_a_hung_async_check_is_cancelled(eventually):
    ended = []

    async def stuck():
        try:
            await asyncio.sleep(30)
        finally:
            ended.append(1)

    outcomes(results, Check("x", stuck, timeout_s=0.05))
    eventually(lambda: ended, "the check to be cancelled")


def test_a_service_without_checks_has_nothing_to_ask():
    assert results([]) == []
