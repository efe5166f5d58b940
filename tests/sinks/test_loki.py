"""A log line of each step gets to Loki: what Loki would refuse is not sent, and what it refuses is kept.

There is no Loki to be had from Debian: `Loki` here is as strict as the real one is with its default limits.
"""

from __future__ import annotations

import gzip
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ci_reporter.http import Access
from ci_reporter.model import rfc3339
from ci_reporter.sinks.loki import Loki as Sink
from ci_reporter.system.deadline import Deadline
from ci_reporter.system.trace import run_trace_id

LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
HOUR_S = 3600.0
TOKEN = "l0ki-t0ken"


class RefusedError(Exception):
    """What Loki says no to, in its words."""


class Loki:
    """The push API with the checks and the default limits of Loki 3; `entries` is what it has stored."""

    def __init__(self, tenants=False, structured_metadata=True):
        self.entries = {}
        self.requests = []
        self._tenants = tenants
        self._structured_metadata = structured_metadata

    def push(self, path, headers, body):
        """Give the status and the text of the answer."""
        self.requests.append(headers)
        if path != "/loki/api/v1/push":
            return 404, "404 page not found\n"
        if self._tenants and not headers.get("X-Scope-OrgID"):
            return 401, "no org id\n"
        try:
            if headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if headers["Content-Type"] != "application/json":
                raise RefusedError("snappy: corrupt input")
            self._store(json.loads(body))
        except (RefusedError, OSError, ValueError) as exc:
            return 400, f"{exc}\n"
        return 204, ""

    def _store(self, found):
        """Take what is well; what is not is told in the end, as Loki does."""
        problems = []
        if set(found) != {"streams"}:
            raise RefusedError("couldn't parse push request")
        for stream in found["streams"]:
            if set(stream) != {"stream", "values"}:
                raise RefusedError("couldn't parse push request")
            labels = self._labels(stream["stream"])
            for value in stream["values"]:
                try:
                    self._entry(labels, *value)
                except RefusedError as exc:
                    problems.append(str(exc))
        if problems:
            raise RefusedError("; ".join(problems))

    def _labels(self, labels):
        if not labels or len(labels) > 15:
            raise RefusedError(f"stream '{labels}' has {len(labels)} label names; limit 15")
        for name, value in labels.items():
            if not (isinstance(value, str) and value and LABEL.fullmatch(name)) or len(value.encode()) > 2048:
                raise RefusedError(f"error parsing labels: {name}")
        return tuple(sorted(labels.items()))

    def _entry(self, labels, stamp, line, metadata=None):
        if not (isinstance(stamp, str) and re.fullmatch(r"\d{19}", stamp) and isinstance(line, str)):
            raise RefusedError("Value looks like Number/Boolean/None, but can't find its end")
        at_s = int(stamp) / 1e9
        newest = max((int(key[1]) / 1e9 for key in self.entries if key[0] == labels), default=0)
        if at_s > time.time() + 600:
            raise RefusedError(f"entry for stream '{labels}' has timestamp too new")
        if at_s < time.time() - 7 * 24 * HOUR_S:
            raise RefusedError(f"entry for stream '{labels}' has timestamp too old")
        if at_s < newest - HOUR_S:
            raise RefusedError(f"entry for stream '{labels}' has entry too far behind")
        if len(line.encode()) > 256 * 1024:
            raise RefusedError(f"max entry size 262144 bytes exceeded for stream '{labels}'")
        self._metadata(metadata or {})
        self.entries[(labels, stamp, line)] = metadata

    def _metadata(self, metadata):
        if metadata and not self._structured_metadata:
            raise RefusedError("stream includes structured metadata, but this feature is disallowed")
        if not all(isinstance(each, str) for pair in metadata.items() for each in pair):
            raise RefusedError("Value is not a string")
        if len(metadata) > 128 or sum(len((key + value).encode()) for key, value in metadata.items()) > 64 * 1024:
            raise RefusedError("structured metadata too large")


@pytest.fixture
def start_loki():
    """Start strict ones: `loki, url = start_loki(tenants=True)`."""
    servers = []

    def start(**how):
        loki = Loki(**how)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, text = loki.push(self.path, dict(self.headers), body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        return loki, f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def loki(start_loki):
    return start_loki()


@pytest.fixture
def sink(loki):
    """Our end of it."""
    return Sink(url=loki[1], access=Access(), branches=("main",))


@pytest.fixture
def report(make_report):
    """Make a report of a step that ended so many seconds ago."""
    return lambda ago_s=1.0, **more: make_report(finished_at=rfc3339(time.time() - ago_s), **more)


def only(loki):
    """Labels, time, line and metadata of the only entry."""
    ((labels, stamp, line), metadata), *others = loki.entries.items()
    assert others == []
    return dict(labels), int(stamp), json.loads(line), metadata


def test_a_step_is_a_line_with_its_record_at_the_time_it_ended(loki, sink, report):
    own = report(exit_code=2, result="failure")
    receipt = sink.send(own, [], Deadline(5))
    assert (receipt.taken, receipt.refused) == ({own.report_id}, {})
    _, stamp, line, _ = only(loki[0])
    assert rfc3339(stamp / 1e9) == own.step.finished_at
    known = {key: line[key] for key in ("level", "message", "ci_run_id", "exit_code", "step", "schema")}
    assert known == {
        "level": "error",
        "message": "pytest: failure",
        "ci_run_id": "github-17012345678-1",
        "exit_code": 2,
        "step": "pytest",
        "schema": 1,
    }


def test_labels_are_few_and_bounded_and_the_run_is_metadata(loki, sink, report):
    sink.send(report(branch="feature/x", tags={"team": "web"}), [], Deadline(5))
    labels, _, _, metadata = only(loki[0])
    assert labels == {
        "service_name": "ci-reporter",
        "job": "ci_reporter",
        "repository": "acme/shop",
        "pipeline": "CI",
        "branch": "other",
    }
    assert metadata == {
        "ci_run_id": "github-17012345678-1",
        "report_id": "0198c0de-0000-7000-8000-000000000000",
        "revision": "c0ffee" + "0" * 34,
        "ci_job": "unit (3.12)",
        "step": "pytest",
        "result": "success",
        "level": "info",
        "trace_id": run_trace_id("github-17012345678-1"),
    }


def test_a_report_that_waited_for_days_is_told_as_sent_now(loki, sink, report):
    ids = [f"0198c0de-0000-7000-8000-00000000000{number}" for number in range(3)]
    backlog = [report(ago_s, report_id=ids[at]) for at, ago_s in enumerate((30 * 24 * HOUR_S, 2 * HOUR_S))]
    receipt = sink.send(report(report_id=ids[2]), backlog, Deadline(5))
    assert (receipt.taken, receipt.refused) == (set(ids), {})
    late = {metadata["report_id"]: metadata.get("sent_late") for metadata in loki[0].entries.values()}
    assert late == {ids[0]: "true", ids[1]: "true", ids[2]: None}


def test_a_report_sent_twice_is_one_line(loki, sink, report):
    own = report()
    for _ in range(2):
        sink.send(own, [], Deadline(5))
    assert len(loki[0].entries) == 1


def test_a_backlog_goes_in_batches(loki, sink, report):
    backlog = [report(number, report_id=f"0198c0de-0000-7000-8000-{number:012}") for number in range(250)]
    assert len(sink.send(None, backlog, Deadline(5)).taken) == 250
    assert (len(loki[0].entries), len(loki[0].requests)) == (250, 3)


def test_a_line_that_is_refused_does_not_hold_up_the_others(loki, sink, report):
    backlog = [report(number, report_id=f"0198c0de-0000-7000-8000-{number:012}") for number in range(8)]
    future = report(-HOUR_S, report_id="0198c0de-0000-7000-8000-00000000ffff")
    receipt = sink.send(None, [*backlog[:4], future, *backlog[4:]], Deadline(5))
    assert receipt.taken == {each.report_id for each in backlog}
    assert "has timestamp too new" in receipt.refused[future.report_id]
    assert len(loki[0].entries) == 8


@pytest.mark.parametrize(
    "more",
    [
        {"output_tail": "ü" * 300_000},
        {"output_tail": "x" * 200_000, "failed_tests": ["y" * 1000] * 300},
        {"job_name": "j" * 5000, "revision": "r" * 5000, "repository": "ü" * 5000, "step": "s" * 300_000},
        {"output_tail": "\ud800\x00\x1b[2J", "branch": None, "repository": None, "pipeline": None},
    ],
    ids=["long output", "much of everything", "long names", "odd characters"],
)
def test_no_report_is_beyond_lokis_limits(loki, sink, report, more):
    own = report(**more)
    assert sink.send(own, [], Deadline(5)).refused == {}
    assert only(loki[0])[2]["ci_run_id"] == own.run.ci_run_id


def test_what_is_left_out_of_a_line_is_named(loki, sink, report):
    sink.send(report(output_tail="x" * 300_000), [], Deadline(5))
    line = only(loki[0])[2]
    assert (line["left_out"], "output_tail" in line) == (["output_tail"], False)


def test_lokis_own_words_are_the_reason(start_loki, report):
    _, url = start_loki(structured_metadata=False)
    own = report()
    receipt = Sink(url=url, access=Access(), branches=()).send(own, [], Deadline(5))
    said = "answered 400: stream includes structured metadata, but this feature is disallowed"
    assert said in receipt.refused[own.report_id]


def test_a_tenant_is_named(start_loki, report):
    loki, url = start_loki(tenants=True)
    own = report()
    without, within = (Sink(url=url, access=Access(), branches=(), tenant=tenant) for tenant in (None, "team-a"))
    assert "answered 401: no org id" in without.send(own, [], Deadline(5)).refused[own.report_id]
    assert within.send(own, [], Deadline(5)).taken == {own.report_id}
    assert loki.requests[-1]["X-Scope-OrgID"] == "team-a"


def test_the_whole_address_of_the_push_api_will_do(loki, report):
    sink = Sink(url=f"{loki[1]}/loki/api/v1/push", access=Access(), branches=())
    assert sink.send(report(), [], Deadline(5)).refused == {}


def test_a_page_is_no_loki(vendor, answer, report):
    own = report()
    sink = Sink(url=vendor(answer(200, b"<!doctype html><title>Sign in</title>")).url, access=Access(), branches=())
    why = sink.send(own, [], Deadline(5)).refused[own.report_id]
    assert why.endswith("answered 200 with a web page: Sign in; that is not a Loki")


def test_a_limit_that_may_pass_is_tried_again(vendor, answer, report):
    own = report()
    server = vendor(answer(429, b"ingestion rate limit exceeded", Retry_After="0"), answer(204))
    assert Sink(url=server.url, access=Access(), branches=()).send(own, [], Deadline(5)).taken == {own.report_id}


def test_after_a_batch_that_did_not_arrive_the_others_wait(vendor, answer, report):
    server = vendor(answer(403))
    backlog = [report(number, report_id=f"0198c0de-0000-7000-8000-{number:012}") for number in range(250)]
    receipt = Sink(url=server.url, access=Access(), branches=()).send(None, backlog, Deadline(5))
    assert (len(receipt.refused), len(server.seen)) == (250, 1)


def test_a_step_costs_one_request(run_program, loki):
    env = {"CI_REPORTER_LOKI": loki[1], "CI_RUN_ID": "r-1", "TRACEPARENT": f"00-{'a' * 32}-{'b' * 16}-01"}
    ended = run_program("run", "--name", "unit", "--", "sh", "-c", "exit 3", env=env)
    assert (ended.returncode, ended.stderr.endswith(" · pushed\n"), len(loki[0].requests)) == (3, True, 1)
    _, _, line, metadata = only(loki[0])
    assert (line["exit_code"], metadata["ci_run_id"], metadata["trace_id"]) == (3, "r-1", "a" * 32)
    assert run_program.spooled() == []


@pytest.mark.parametrize("source", ["variable", "file", "address"])
def test_who_we_are_is_said_and_not_shown(run_program, loki, tmp_path, source):
    (tmp_path / "token").write_text(TOKEN)
    env = {
        "variable": {"CI_REPORTER_LOKI": loki[1], "CI_REPORTER_LOKI_TOKEN": TOKEN},
        "file": {"CI_REPORTER_LOKI": loki[1], "CI_REPORTER_LOKI_TOKEN_FILE": str(tmp_path / "token")},
        "address": {"CI_REPORTER_LOKI": loki[1].replace("://", f"://me:{TOKEN}@")},
    }[source]
    run_program("run", "--", "true", env=env)
    shown = run_program("run", "--dry-run", "--", "true", env=env)
    assert loki[0].requests[0]["Authorization"].split()[0] == ("Basic" if source == "address" else "Bearer")
    assert re.search(r"Authorization: (Basic|Bearer) \*\*\*\n", shown.stdout)
    assert TOKEN not in shown.stdout + shown.stderr


def test_a_dry_run_shows_the_push_and_sends_nothing(run_program, loki):
    env = {"CI_REPORTER_LOKI": loki[1], "CI_REPORTER_LOKI_TENANT": "team-a"}
    shown = run_program("run", "--dry-run", "--name", "unit", "--", "true", env=env).stdout
    head, _, body = shown.partition("\n\n")
    assert head.splitlines()[0] == f"POST {loki[1]}/loki/api/v1/push"
    assert "X-Scope-OrgID: team-a" in head
    assert json.loads(body)["streams"][0]["values"][0][2]["step"] == "unit"
    assert loki[0].requests == []


def test_what_did_not_arrive_is_flushed(run_program, loki):
    run_program("run", "--", "sh", "-c", "exit 7", env={"CI_REPORTER_LOKI": "http://127.0.0.1:1"})
    assert [each["sink"] for each in run_program.spooled()] == ["loki"]
    ended = run_program("flush", "--strict", env={"CI_REPORTER_LOKI": loki[1]})
    assert (ended.returncode, "1 of 1 waiting reports delivered, 0 left" in ended.stderr) == (0, True)
    assert only(loki[0])[2]["exit_code"] == 7


@pytest.mark.services
def test_a_black_hole_for_loki_takes_no_time_from_the_pushgateway(run_program, vendor, pushgateway, values):
    hole = vendor(lambda _, over: over.wait(30))
    env = {"CI_REPORTER_LOKI": hole.url, "CI_REPORTER_PUSHGATEWAY": pushgateway.url, "CI_REPORTER_BUDGET": "2s"}
    ended = run_program("run", "--name", "s", "--", "sh", "-c", "exit 7", env=env)
    assert (ended.returncode, values(pushgateway)["ci_step_exit_code"]) == (7, 7)
    assert [each["sink"] for each in run_program.spooled()] == ["loki"]
    assert f"not delivered: no answer from {hole.url} within 2 s" in ended.stderr


def test_a_black_hole_for_the_pushgateway_takes_no_time_from_loki(run_program, vendor, loki):
    hole = vendor(lambda _, over: over.wait(30))
    env = {"CI_REPORTER_LOKI": loki[1], "CI_REPORTER_PUSHGATEWAY": hole.url, "CI_REPORTER_BUDGET": "2s"}
    run_program("run", "--", "true", env=env)
    assert (len(loki[0].entries), [each["sink"] for each in run_program.spooled()]) == (1, ["pushgateway"])


def test_strict_wants_every_sink(run_program, loki):
    env = {"CI_REPORTER_LOKI": loki[1], "CI_REPORTER_PUSHGATEWAY": "http://127.0.0.1:1"}
    assert run_program("run", "--strict", "--", "true", env=env).returncode == 70
