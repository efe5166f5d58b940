"""PromQL signals: counts of a real Prometheus, and everything that is not a count."""

import json
import re
import time

import pytest

from ci_reporter.gate.probing import promql
from ci_reporter.gate.probing.promql import NoData
from ci_reporter.gate.recording import Count
from ci_reporter.gate.rules.ruleset import Query
from ci_reporter.http import Access
from ci_reporter.http.prometheus import Prometheus
from ci_reporter.system.deadline import Deadline

pytestmark = pytest.mark.slow

BAD = 'sum(increase(http_requests_total{code="500"}[$interval]))'
TOTAL = "sum(increase(http_requests_total[$interval]))"
NOBODY = Access()
PASSWORD = "s3cret"
PASSWORD_HASH = "$2b$04$cLXZiIimsDZRTMmftFaXkedhVNfwMSBR6.D6UReiV7MdscVOloHle"


@pytest.fixture
def ask():
    """Ask for one interval's counts."""

    def count(url, bad=BAD, total=TOTAL, at_s=None, window_s=4.0, access=NOBODY, *, within_s=60):
        query = Query(signal="checkout", bad=bad, total=total)
        at_s = time.time() if at_s is None else at_s
        return promql.count(
            query, Prometheus(url=url, access=access), at_s=at_s, window_s=window_s, deadline=Deadline(within_s)
        )

    return count


@pytest.fixture
def shop(backend):
    """A service that counts its requests, one in ten bad: 100 a second."""
    service = backend()
    begun = time.monotonic()

    def act(handler):
        good = int((time.monotonic() - begun) * 90)
        text = f'http_requests_total{{code="200"}} {good}\nhttp_requests_total{{code="500"}} {good // 9}\n'
        body = f"# TYPE http_requests_total counter\n{text}".encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "text/plain; version=0.0.4")
        handler.end_headers()
        handler.wfile.write(body)

    service.act = act
    return service


def whole(found):
    return isinstance(found, Count) and found.total > 350 and found


def test_counts_come_from_a_real_prometheus(ask, shop, start_prometheus, eventually):
    prometheus = start_prometheus(f"127.0.0.1:{shop.port}")
    found = eventually(lambda: whole(ask(prometheus.url)), what="four seconds to be counted")
    assert found.total == pytest.approx(400, rel=0.2)
    assert found.bad / found.total == pytest.approx(0.1, rel=0.1)
    never = ask(prometheus.url, bad='sum(increase(http_requests_total{code="599"}[$interval]))')
    assert never.bad == 0
    assert ask(prometheus.url, total="sum(increase(nope_total[$interval]))") == NoData(
        reason="total: is empty: no such series, or it is stale"
    )
    two = "2 series, and one is wanted (write sum(…))"  # after a scrape that was late there are none for a moment
    eventually(lambda: two in ask(prometheus.url, total="http_requests_total").reason, what="two series")
    assert ask(prometheus.url, total="0/0 * sum(up)").reason == "total: is nan, which is not a count"
    assert "parse error" in ask(prometheus.url, total="sum(").reason
    assert ask(prometheus.url, total=TOTAL, at_s=1e9).reason.startswith("total: is empty")
    assert isinstance(ask(prometheus.url, total="http_requests_total[1m]"), NoData)
    span = {"start_s": time.time() - 4, "end_s": time.time(), "step_s": 1.0}
    past = promql.history(
        Query(signal="x", bad=BAD, total=TOTAL), Prometheus(url=prometheus.url), **span, deadline=Deadline(60)
    )
    assert len(past) >= 3
    assert all(each.total == pytest.approx(100, rel=0.5) for each in past)


def result(*series):
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": list(series)}}).encode()


def one(value):
    return result({"metric": {}, "value": [1, value]})


@pytest.mark.parametrize(
    ("bodies", "reason"),
    [
        ((one("5"), one("0")), "total: is 0: no request was counted"),
        ((one("9"), one("5")), "bad: 9 is more than the total of 5"),
        ((one("NaN"), one("5")), "bad: is nan, which is not a count"),
        ((one("1"), one("+Inf")), "total: is inf, which is not a count"),
        ((one("-1"), one("5")), "bad: is -1, which is not a count"),
        ((one("0"), one("-5")), "total: is -5, which is not a count"),
        ((one("x"), one("5")), "bad: is not a number"),
        ((b"<html>hello", b""), "did not answer as Prometheus does: a web page"),
        ((b'{"status": "success", "data": 3}', b""), "did not answer as Prometheus does"),
        ((b"[" * 50_000, b""), "did not answer as Prometheus does"),
        ((result({"metric": {}}), one("5")), "is not a vector"),
        ((result({}, {}), one("5")), "bad: 2 series"),
        ((b"[]", b""), "did not answer as Prometheus does"),
        ((b'{"status": "error", "error": "too\\n::error::many"}', b""), ": too ::error::many"),
        ((b'{"status": "success", "warnings": 5}', b""), "did not answer as Prometheus does"),
        ((b'{"status": "success", "warnings": ["half is missing"], "data": {}}', b""), "half is missing"),
    ],
    ids=[
        *("zero", "more-bad", "nan", "inf", "bad-negative", "negative", "text"),
        *("page", "shape", "deep", "no-value", "two", "list", "error", "warned", "warnings"),
    ],
)
def test_what_is_no_count_is_no_data(ask, vendor, answer, bodies, reason):
    server = vendor(*(answer(200, body) for body in bodies))
    found = ask(server.url)
    assert isinstance(found, NoData)
    assert reason in found.reason


@pytest.fixture
def ask_past():
    """Ask for the counts of three past seconds."""

    def history(url):
        query, span = Query(signal="checkout", bad=BAD, total=TOTAL), {"start_s": 100.0, "end_s": 103.0, "step_s": 1.0}
        return promql.history(query, Prometheus(url=url), **span, deadline=Deadline(60))

    return history


def past(*values):
    return result({"metric": {}, "values": [[101.0 + at, value] for at, value in enumerate(values)]})


def test_past_counts_have_the_time_at_which_they_began(ask_past, vendor, answer):
    server = vendor(answer(200, past("0", "1", "2")), answer(200, past("10", "20", "30")))
    assert ask_past(server.url) == [
        Count(t=0.0, bad=0.0, total=10.0),
        Count(t=1.0, bad=1.0, total=20.0),
        Count(t=2.0, bad=2.0, total=30.0),
    ]


def test_an_interval_without_a_count_is_left_out_of_the_past(ask_past, vendor, answer):
    server = vendor(answer(200, past("NaN", "1", "1")), answer(200, past("10", "0", "30")))
    assert ask_past(server.url) == [Count(t=2.0, bad=1.0, total=30.0)]


@pytest.mark.parametrize(
    "values",
    [5, None, [5], [["x", "1"]], [["NaN", "1"]], [["inf", "1"]], [[]], [[1]], [[101, {}]]],
    ids=["number", "null", "point", "no-time", "nan-time", "endless", "empty", "no-value", "object"],
)
def test_a_past_that_is_garbage_is_no_data(ask_past, vendor, answer, values):
    server = vendor(answer(200, result({"metric": {}, "values": values})))
    assert isinstance(ask_past(server.url), NoData)


def test_a_real_prometheus_wants_its_password(start_prometheus, tmp_path, ask):
    web = tmp_path / "web.yml"
    web.write_text(f"basic_auth_users:\n  ci: {PASSWORD_HASH}\n")
    prometheus = start_prometheus("127.0.0.1:1", f"--web.config.file={web}")
    assert "answered 401" in ask(prometheus.url, total="vector(5)").reason
    access = Access(username="ci", password=PASSWORD)
    assert ask(prometheus.url, bad="vector(1)", total="vector(5)", access=access) == Count(t=0.0, bad=1.0, total=5.0)
    wrong = ask(prometheus.url, access=Access(username="ci", password="another one"))
    assert "another one" not in wrong.reason


def test_a_remark_on_a_query_is_no_warning(ask, vendor, answer):
    data = {"resultType": "vector", "result": [{"value": [1, "5"]}]}
    remarks = ["PromQL info: metric might not be a counter"]
    body = json.dumps({"status": "success", "warnings": remarks, "infos": remarks, "data": data}).encode()
    assert ask(vendor(answer(200, body)).url) == Count(t=0.0, bad=5.0, total=5.0)


def test_a_token_that_a_server_repeats_is_not_shown(ask, vendor, answer):
    body = json.dumps({"status": "error", "error": "Bearer t0ken-of-ours is wrong"}).encode()
    found = ask(vendor(answer(200, body)).url, access=Access(token="t0ken-of-ours"))
    assert found.reason.endswith(": Bearer *** is wrong")


def test_a_server_that_is_not_there_is_no_data(ask, free_port):
    assert "connection refused" in ask(f"http://127.0.0.1:{free_port()}").reason


def test_a_server_that_hangs_is_no_data_in_time(ask, vendor):
    begun = time.monotonic()
    server = vendor(lambda connection, over: over.wait(60))
    assert "no answer" in ask(server.url, within_s=2).reason
    assert time.monotonic() - begun < 30


def test_the_interval_is_filled_in(ask, vendor, answer):
    server = vendor(answer(200, one("1")))
    ask(server.url, window_s=90)
    assert b"%5B90000ms%5D" in server.seen[0]


def test_a_promql_rule_fails_the_gate(run_program, shop, start_prometheus, gate_yml, ask, eventually):
    prometheus = start_prometheus(f"127.0.0.1:{shop.port}")
    eventually(lambda: whole(ask(prometheus.url)), what="counts of four seconds")
    more = f"signals:\n  checkout:\n    promql:\n      bad: '{BAD}'\n      total: '{TOTAL}'\n"
    rules = gate_yml('if: "checkout_error_rate > 1%"', gate="  interval: 2s\n  alpha: 20%", more=more)
    args = ("--rules", rules, "--watch", "20s", "--json")
    ended = run_program("gate", "watch", *args, env={"CI_REPORTER_PROMETHEUS": prometheus.url})
    found = json.loads(ended.stdout)
    assert (ended.returncode, found["verdict"]) == (1, "fail"), ended.stderr
    assert found["rules"][0]["watch"] == pytest.approx(0.1, rel=0.2)


def test_a_promql_baseline_is_what_prometheus_has_already(run_program, shop, start_prometheus, gate_yml, eventually):
    prometheus = start_prometheus(f"127.0.0.1:{shop.port}")
    time.sleep(9)
    more = f"signals:\n  checkout:\n    promql:\n      bad: '{BAD}'\n      total: '{TOTAL}'\n"
    rules = gate_yml('if: "checkout_error_rate > +50%"', gate="  interval: 2s", more=more)
    args = ("gate", "baseline", "--rules", rules, "--out", "before.ndjson")
    ended = run_program(*args, env={"CI_REPORTER_PROMETHEUS": prometheus.url})
    assert ended.returncode == 0, ended.stderr
    lines = [json.loads(line) for line in (run_program.folder / "before.ndjson").read_text().splitlines()[1:]]
    assert len(lines) >= 2
    assert all(each["signal"] == "checkout" and each["total"] > 100 for each in lines[-2:])


def test_a_prometheus_that_is_gone_is_never_a_pass(run_program, gate_yml, free_port):
    more = f"signals:\n  checkout:\n    promql:\n      bad: '{BAD}'\n      total: '{TOTAL}'\n"
    rules = gate_yml('if: "checkout_error_rate > 1%"', gate="  interval: 1s", more=more)
    env = {"CI_REPORTER_PROMETHEUS": f"http://127.0.0.1:{free_port()}"}
    ended = run_program("gate", "watch", "--rules", rules, "--watch", "10s", env=env)
    assert ended.returncode == 3
    assert re.search(r"note: signal 'checkout': cannot reach .*connection refused", ended.stdout)


@pytest.fixture
def watching(run_program, gate_yml, backend):
    """Start a gate on counts of a shop without errors, and on a service whose probes `meanwhile` can count."""

    def run(prometheus, meanwhile=lambda service: None, bad=f"0 * {BAD}", extend="0"):
        service = backend("c0ffee1234567")
        more = f"signals:\n  checkout:\n    promql:\n      bad: '{bad}'\n      total: '{TOTAL}'\n"
        rules = gate_yml('if: "checkout_error_rate > 1%"', gate=f"  interval: 2s\n  extend: {extend}", more=more)
        args = ("gate", "watch", service.url, "--rules", rules, "--watch", "20s", "--json", "--out", "watch.ndjson")
        env = {"CI_REPORTER_PROMETHEUS": prometheus.url, "CI_REPORTER_GATE_EXPECT_REVISION": "none"}
        with run_program.start(*args, env=env) as process:
            meanwhile(service)
            out, err = process.communicate(timeout=200)
        lines = [json.loads(line) for line in (run_program.folder / "watch.ndjson").read_text().splitlines()[1:]]
        counts = [line for line in lines if line["signal"] == "checkout"]
        assert out, err.decode()
        return process.returncode, json.loads(out), counts

    return run


@pytest.mark.timeout(300)
def test_a_prometheus_that_is_killed_midway_is_never_a_pass(watching, shop, start_prometheus, eventually):
    prometheus = start_prometheus(f"127.0.0.1:{shop.port}")

    def kill(service):
        eventually(lambda: service.asked >= 160, what="eight seconds of the watch")
        prometheus.stop()

    code, found, counts = watching(prometheus, kill)
    assert (code, found["verdict"], found["rules"][0]["verdict"]) == (3, "inconclusive", "inconclusive")
    assert counts
    assert any("connection refused" in note for note in found["notes"])


@pytest.mark.timeout(300)
def test_a_query_that_gives_nan_is_never_a_pass(watching, shop, start_prometheus):
    code, found, counts = watching(start_prometheus(f"127.0.0.1:{shop.port}"), bad=f"{BAD} * NaN")
    assert (code, found["verdict"], counts) == (3, "inconclusive", [])
    assert any("bad: is nan, which is not a count" in note for note in found["notes"])


@pytest.mark.timeout(300)
def test_counters_that_begin_again_at_zero_are_no_errors(watching, backend, start_prometheus):
    shop, begun = backend(), time.monotonic()
    restarted = []

    def act(handler):
        if shop.asked >= 40 and not restarted:
            restarted.append(time.monotonic())
        good = int((time.monotonic() - (restarted or [begun])[0]) * 90)
        body = f'http_requests_total{{code="200"}} {good}\nhttp_requests_total{{code="500"}} {good // 9}\n'
        handler.send_response(200)
        handler.send_header("Content-Type", "text/plain; version=0.0.4")
        handler.end_headers()
        handler.wfile.write(body.encode())

    shop.act = act
    code, found, counts = watching(start_prometheus(f"127.0.0.1:{shop.port}"), extend="40s")
    assert restarted
    assert (code, found["verdict"]) == (0, "pass")
    assert all(0 <= each["bad"] <= each["total"] < 1000 for each in counts)


def test_a_promql_signal_without_a_prometheus_is_refused(run_program, gate_yml):
    more = f"signals:\n  checkout:\n    promql:\n      bad: '{BAD}'\n      total: '{TOTAL}'\n"
    rules = gate_yml('if: "checkout_error_rate > 1%"', more=more)
    ended = run_program("gate", "watch", "--rules", rules)
    assert ended.returncode == 2
    assert "CI_REPORTER_PROMETHEUS is not set" in ended.stderr
