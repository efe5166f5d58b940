"""What a service calls hears of the run: over HTTP, in processes, in threads; hosts that are not welcome do not."""

from __future__ import annotations

import asyncio
import os
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import requests

from ci_reporter import logs
from ci_reporter.logs import Context
from ci_reporter.logs.current import use

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
CONTEXT = Context(ci_run_id="r-1", traceparent=TRACEPARENT, tracestate="v=1", baggage={"tenant": "7"})
SENT = {
    "x-ci-run-id": "r-1",
    "traceparent": TRACEPARENT,
    "tracestate": "v=1",
    "baggage": "ci_run_id=r-1,tenant=7",
}


@pytest.fixture(autouse=True)
def _in_a_run():
    with use(CONTEXT):
        yield


def by_requests(url, hosts, **more):
    with logs.requests_session(requests.Session(), hosts) as session:
        session.trust_env = False
        return session.get(url, headers=more).status_code


def by_httpx(url, hosts, **more):
    hooks = {"request": [logs.httpx_hook(hosts)]}
    with httpx.Client(event_hooks=hooks, follow_redirects=True, trust_env=False) as client:
        return client.get(url, headers=more).status_code


def by_async_httpx(url, hosts, **more):
    async def call():
        hooks = {"request": [logs.async_httpx_hook(hosts)]}
        async with httpx.AsyncClient(event_hooks=hooks, follow_redirects=True, trust_env=False) as client:
            return (await client.get(url, headers=more)).status_code

    return asyncio.run(call())


def by_urllib(url, hosts, **more):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), logs.UrllibHandler(hosts))
    with opener.open(urllib.request.Request(url, headers=more)) as response:
        return response.status


CLIENTS = pytest.mark.parametrize("call", [by_requests, by_httpx, by_async_httpx, by_urllib])


def carried(request):
    """The headers of ours in a request as it was on the wire."""
    head = request.partition(b"\r\n\r\n")[0].decode()
    found = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
    return {name.lower(): value for name, value in found.items() if name.lower() in SENT}


@CLIENTS
def test_a_call_carries_the_context(vendor, answer, call):
    server = vendor(answer(200))
    assert call(server.url, ("*",)) == 200
    assert carried(server.seen[0]) == SENT


@CLIENTS
def test_a_host_that_is_not_welcome_hears_nothing(vendor, answer, call):
    server = vendor(answer(200))
    call(server.url, ("*.shop.example", "127.0.0.2"))
    assert carried(server.seen[0]) == {}


@CLIENTS
def test_a_redirect_to_elsewhere_takes_nothing_along(vendor, answer, call):
    elsewhere = vendor(answer(200))
    server = vendor(answer(302, Location=elsewhere.url.replace("127.0.0.1", "localhost")))
    assert call(server.url, ("127.*",)) == 200
    assert (carried(server.seen[0]), carried(elsewhere.seen[0])) == (SENT, {})


@CLIENTS
def test_a_redirect_among_our_own_hosts_takes_it_along(vendor, answer, call):
    elsewhere = vendor(answer(200))
    server = vendor(answer(302, Location=elsewhere.url))
    call(server.url, ("127.0.0.1",))
    assert carried(elsewhere.seen[0]) == SENT


@CLIENTS
def test_what_a_call_says_itself_stays(vendor, answer, call):
    server = vendor(answer(200))
    call(server.url, ("*",), Traceparent="00-mine")
    assert carried(server.seen[0]) == SENT | {"traceparent": "00-mine"}


def test_a_process_is_told(trace):
    assert logs.environment({"PATH": "/bin", "TRACESTATE": "stale", "BAGGAGE": "stale"}) == {
        "PATH": "/bin",
        "CI_RUN_ID": "r-1",
        "TRACEPARENT": trace[1],
        "TRACESTATE": "v=1",
        "BAGGAGE": "ci_run_id=r-1,tenant=7",
    }


def test_nothing_stale_is_told():
    with use(Context()):
        assert logs.environment({"CI_RUN_ID": "stale", "TRACEPARENT": "stale"}) == {}


def test_the_own_environment_is_what_a_process_gets_by_default():
    assert logs.environment()["PATH"] == os.environ["PATH"]


def test_a_task_has_the_context_of_its_maker():
    async def main():
        return await asyncio.gather(asyncio.create_task(run()), asyncio.to_thread(lambda: logs.context().ci_run_id))

    async def run():
        return logs.context().ci_run_id

    assert asyncio.run(main()) == ["r-1", "r-1"]


def test_requests_that_are_served_at_once_do_not_mix():
    async def one(name):
        with logs.bind(ci_run_id=name):
            await asyncio.sleep(0.001)
            return logs.context().ci_run_id

    async def main():
        return await asyncio.gather(*(one(str(number)) for number in range(50)))

    assert asyncio.run(main()) == [str(number) for number in range(50)]


def test_a_thread_gets_the_context_when_carried():
    seen = []
    for target in (logs.in_context(lambda: seen.append(logs.context())), lambda: seen.append(logs.context())):
        thread = threading.Thread(target=target)
        thread.start()
        thread.join()
    assert (seen[0], seen[1].ci_run_id) == (CONTEXT, None)


def test_an_executors_threads_get_it_all_at_once():
    both = threading.Barrier(2, timeout=10)

    def work(number):
        both.wait()
        return logs.context().ci_run_id, number

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(logs.in_context(work), range(2))) == [("r-1", 0), ("r-1", 1)]


def test_an_executors_processes_get_it(script):
    code = """
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context
        from ci_reporter import logs

        def work(number):
            return logs.context().ci_run_id, number

        if __name__ == "__main__":
            with ProcessPoolExecutor(1, get_context("spawn")) as pool, logs.bind(ci_run_id="r-1"):
                print(list(pool.map(logs.in_context(work), range(2))))
    """
    assert script(code).stdout == "[('r-1', 0), ('r-1', 1)]\n"


def test_fields_are_on_the_lines_within(logged):
    code = """
        import threading
        with logs.bind(ci_run_id='r-2', order=7):
            logging.warning('in')
            thread = threading.Thread(target=logs.in_context(lambda: structlog.get_logger().warning('thread')))
            thread.start(); thread.join()
        logging.warning('out')
    """
    lines = logged(code, CI_RUN_ID="r-1")
    assert [(line["message"], line["ci_run_id"], line.get("order")) for line in lines] == [
        ("in", "r-2", 7),
        ("thread", "r-2", 7),
        ("out", "r-1", None),
    ]


def test_an_exception_nobody_caught_in_a_thread_names_the_run_it_worked_for(logged):
    code = """
        import threading
        with logs.bind(ci_run_id='r-2'):
            threading.Thread(target=logs.in_context(lambda: 1 / 0), name='worker').start()
    """
    (line,) = logged(code, CI_RUN_ID="r-1")
    assert (line["ci_run_id"], line["in_thread"], "ZeroDivisionError" in line["exception"]) == ("r-2", "worker", True)


def test_an_exception_outside_of_its_block_still_names_its_run(logged):
    (line,) = logged("with logs.bind(ci_run_id='r-2'): 1 / 0", CI_RUN_ID="r-1")
    assert line["ci_run_id"] == "r-2"
