"""A span of each step gets to an OTLP endpoint: in the trace of its run, once, as the protocol defines it.

`Collector` reads what comes by opentelemetry-proto's messages, without tolerance for what they do not have.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from ci_reporter.context import load_context
from ci_reporter.errors import UsageError
from ci_reporter.http import Access
from ci_reporter.sinks.otlp import Otlp
from ci_reporter.system.deadline import Deadline
from ci_reporter.system.trace import run_span_id, run_trace_id, step_span_id

GIVEN = f"00-{'a' * 32}-{'b' * 16}-01"
OURS = (sys.executable, "-m", "ci_reporter")
IDS = ("traceId", "spanId", "parentSpanId")


class Collector:
    """OTLP/HTTP's /v1/traces; `spans` are those it took, by name, with their resource's attributes in `resources`."""

    def __init__(self):
        self.spans = {}
        self.resources = {}
        self.requests = []
        self.partial = {}

    def export(self, path, headers, body):
        """Give the status and the answer."""
        self.requests.append(headers)
        if path != "/v1/traces":
            return 404, b"404 page not found"
        if headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        kind = headers["Content-Type"]
        read = {"application/json": _from_json, "application/x-protobuf": ExportTraceServiceRequest.FromString}.get(
            kind
        )
        if read is None:
            return 415, b"unsupported media type"
        try:
            self._take(read(body))
        except Exception as exc:  # noqa: BLE001  whatever is wrong with it
            return 400, str(exc).encode()
        answer = ParseDict({"partialSuccess": self.partial} if self.partial else {}, ExportTraceServiceResponse())
        return 200, answer.SerializeToString() if "protobuf" in kind else json.dumps(MessageToDict(answer)).encode()

    def _take(self, request):
        for group in request.resource_spans:
            about = {each.key: _value(each.value) for each in group.resource.attributes}
            for span in (span for scope in group.scope_spans for span in scope.spans):
                assert (len(span.trace_id), len(span.span_id), len(span.parent_span_id) in (0, 8)) == (16, 8, True)
                assert any(span.trace_id) and any(span.span_id)
                assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano
                assert span.name
                assert len({each.key for each in span.attributes}) == len(span.attributes)
                self.spans[span.name] = span
                self.resources[span.name] = about


def _from_json(body):
    """Read OTLP's JSON: that of protobuf, but for ids in hex and enumerations as numbers."""

    def mapped(value, key=""):
        if isinstance(value, dict):
            return {name: mapped(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [mapped(each) for each in value]
        if key in IDS:
            assert re.fullmatch("[0-9a-f]+", value)
            return base64.b64encode(bytes.fromhex(value)).decode()
        assert key not in ("kind", "code") or isinstance(value, int)
        assert (not key.endswith("UnixNano") and key != "intValue") or isinstance(value, str)
        return value

    return ParseDict(mapped(json.loads(body)), ExportTraceServiceRequest())


def _value(value):
    return getattr(value, value.WhichOneof("value"))


def attributes(span):
    return {each.key: _value(each.value) for each in span.attributes}


@pytest.fixture
def collector():
    """A collector, and its address."""
    found = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = found.export(self.path, self.headers, body)
            self.send_response(status)
            self.send_header("Content-Type", self.headers["Content-Type"])
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def send(collector, make_report, deadline):
    """Send a report, and give the receipt: `send({"exit_code": 3}, tests=True)`."""

    def go(report=None, backlog=(), **how):
        sink = Otlp(**{"url": f"{collector.url}/v1/traces", "access": Access()} | how)
        own = make_report(**report) if report is not None else None
        return sink.send(own, backlog, deadline)

    return go


@pytest.mark.parametrize("protocol", ["http/json", "http/protobuf"])
def test_a_step_is_a_span_of_its_run(send, collector, protocol):
    receipt = send({}, protocol=protocol)
    span = collector.spans["pytest"]
    assert (len(receipt.taken), receipt.notes) == (1, ())
    assert span.trace_id.hex() == run_trace_id("github-17012345678-1")
    assert span.parent_span_id.hex() == run_span_id("github-17012345678-1")
    assert (span.kind, span.end_time_unix_nano - span.start_time_unix_nano) == (1, 12_345_000_000)


def test_the_attributes_are_those_of_the_conventions(send, collector):
    send({"tests": {"total": 2, "passed": 2, "failed": 0, "errors": 0, "skipped": 0}, "job_url": "https://ci/job/1"})
    found = attributes(collector.spans["pytest"])
    assert (
        found.items()
        >= {
            "cicd.pipeline.task.name": "pytest",
            "cicd.pipeline.task.run.id": "0198c0de-0000-7000-8000-000000000000",
            "cicd.pipeline.task.run.url.full": "https://ci/job/1",
            "cicd.pipeline.task.run.result": "success",
            "cicd.pipeline.task.type": "test",
            "process.exit.code": 0,
            "ci_reporter.tests.total": 2,
        }.items()
    )
    assert "error.type" not in found


def test_the_resource_is_the_run(send, collector):
    send({"change": "12", "target_branch": "main", "branch": "fix", "environment": "production"})
    assert (
        collector.resources["pytest"].items()
        >= {
            "service.name": "ci-reporter",
            "cicd.pipeline.name": "CI",
            "cicd.pipeline.run.id": "github-17012345678-1",
            "vcs.provider.name": "github",
            "vcs.owner.name": "acme",
            "vcs.repository.name": "shop",
            "vcs.ref.head.name": "fix",
            "vcs.ref.head.type": "branch",
            "vcs.ref.base.name": "main",
            "vcs.change.id": "12",
            "deployment.environment.name": "production",
        }.items()
    )


@pytest.mark.parametrize(
    ("ended", "status", "error"),
    [
        ({"exit_code": 3}, 2, "exit_3"),
        ({"result": "failure", "signal": "SEGV"}, 2, "SIGSEGV"),
        ({"result": "timeout", "exit_code": 124}, 2, "timeout"),
        ({"result": "error", "exit_code": 127}, 2, "error"),
        ({"result": "cancellation", "signal": "TERM"}, 0, None),
        ({"exit_code": 0}, 0, None),
    ],
    ids=["failure", "signal", "timeout", "error", "cancellation", "success"],
)
def test_how_a_step_ended_is_its_status(send, collector, ended, status, error):
    send(ended)
    span = collector.spans["pytest"]
    assert (span.status.code, attributes(span).get("error.type")) == (status, error)


def test_a_report_that_is_sent_twice_is_one_span(send, collector, make_report):
    send({})
    first = collector.spans["pytest"].span_id
    send(None, [make_report()])
    assert collector.spans["pytest"].span_id == first


def test_a_step_that_was_started_in_a_trace_is_in_it(send, collector):
    send({"traceparent": GIVEN})
    span = collector.spans["pytest"]
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == ("a" * 32, "b" * 16)


def test_a_step_in_a_trace_that_is_not_recorded_is_not_sent(send, collector):
    receipt = send({"traceparent": GIVEN[:-1] + "0"})
    assert (len(receipt.taken), collector.requests) == (1, [])


def test_a_report_without_times_is_not_a_span(send, collector):
    receipt = send({"started_at": None, "finished_at": None})
    assert (len(receipt.taken), collector.requests) == (1, [])


def test_a_time_that_is_unknown_follows_from_the_duration(send, collector):
    send({"started_at": None})
    span = collector.spans["pytest"]
    assert span.end_time_unix_nano - span.start_time_unix_nano == 12_345_000_000


def test_tests_are_spans_when_asked(send, collector):
    named = {
        "failed_tests": ["test_pay"],
        "failures": [{"name": "test_pay", "message": "1 != 2"}],
        "slowest_tests": {"test_pay": 1500, "test_cart": 20},
    }
    send(named)
    assert list(collector.spans) == ["pytest"]
    send(named, tests=True)
    failed, passed = collector.spans["test_pay"], collector.spans["test_cart"]
    assert failed.parent_span_id == passed.parent_span_id == collector.spans["pytest"].span_id
    assert (failed.status.message, attributes(failed)["test.case.result.status"]) == ("1 != 2", "fail")
    assert failed.end_time_unix_nano - failed.start_time_unix_nano == 1_500_000_000


def test_whatever_a_report_holds_the_collector_takes_it(send):
    hostile = "\ud800\x00" + "x" * 9000
    receipt = send({"step": hostile, "job_name": hostile, "tags": {"": hostile, "a": ""}, "measures": {hostile: 1e308}})
    assert receipt.refused == {}


def test_a_backlog_goes_in_batches(send, collector, make_report):
    reports = [make_report(report_id=f"r{number}", step=f"s{number}") for number in range(250)]
    receipt = send(None, reports)
    assert (len(receipt.taken), len(collector.spans), len(collector.requests)) == (250, 250, 3)


def test_spans_that_are_rejected_are_told(send, collector, make_report):
    collector.partial = {"rejectedSpans": "1", "errorMessage": "attribute too long"}
    receipt = send(None, [make_report(report_id="a"), make_report(report_id="b")])
    assert len(receipt.taken) == 2
    assert receipt.notes == (
        f"{collector.url}/v1/traces rejected 1 of 2 spans: attribute too long; these are not sent again",
    )


@pytest.mark.parametrize("protocol", ["http/json", "http/protobuf"])
def test_a_step_whose_span_is_rejected_is_not_delivered(send, collector, protocol):
    collector.partial = {"rejectedSpans": "1", "errorMessage": "no"}
    receipt = send({}, protocol=protocol)
    assert list(receipt.refused.values()) == [f"{collector.url}/v1/traces rejected 1 of 1 spans: no"]


def test_a_warning_of_a_collector_that_took_all_is_told(send, collector):
    collector.partial = {"errorMessage": "deprecated"}
    assert send({}).notes == (f"{collector.url}/v1/traces says: deprecated",)


def test_a_web_page_has_taken_nothing(vendor, answer, make_report, deadline):
    server = vendor(answer(200, b"<html><title>Sign in</title>", content_type="text/html"))
    receipt = Otlp(url=f"{server.url}/v1/traces", access=Access()).send(make_report(), (), deadline)
    assert "it does not speak OTLP" in next(iter(receipt.refused.values()))


def test_a_secret_header_that_a_server_repeats_is_not_shown(vendor, answer, make_report, tmp_path, deadline):
    server = vendor(answer(400, b"bad key s3cr3t-key"))
    env = {"CI_REPORTER_OTLP": server.url, "CI_REPORTER_OTLP_HEADERS": "x-key=s3cr3t-key"}
    sink = sink_of(env, tmp_path)
    receipt = sink.send(make_report(), (), deadline)
    assert b"x-key: s3cr3t-key" in server.seen[0]
    assert "s3cr3t-key" not in "".join([*receipt.refused.values(), sink.preview(make_report())])


def sink_of(env, folder):
    context = load_context(env, str(folder))
    return context.config.sinks["otlp"].sink(context)


@pytest.mark.parametrize(
    ("env", "url"),
    [
        ({"CI_REPORTER_OTLP": "http://a:4318"}, "http://a:4318/v1/traces"),
        ({"CI_REPORTER_OTLP": "http://a/otlp/"}, "http://a/otlp/v1/traces"),
        ({"CI_REPORTER_OTLP": "http://a/v1/traces"}, "http://a/v1/traces"),
        ({"CI_REPORTER_OTLP": "http://a", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://b"}, "http://a/v1/traces"),
        ({"CI_REPORTER_OTLP": "env"}, "http://localhost:4318/v1/traces"),
        ({"CI_REPORTER_OTLP": "env", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://b/"}, "http://b/v1/traces"),
        ({"CI_REPORTER_OTLP": "env", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c/x"}, "http://c/x"),
    ],
)
def test_the_address_follows_the_settings(env, url, tmp_path):
    assert sink_of(env, tmp_path).url == url


def test_headers_of_opentelemetry_go_only_where_it_sends(tmp_path):
    otel = {
        "OTEL_EXPORTER_OTLP_HEADERS": "x-key=a%20b, tenant=t",
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
    }
    theirs = sink_of({"CI_REPORTER_OTLP": "env", **otel}, tmp_path)
    assert (theirs.headers, theirs.protocol) == ({"x-key": "a b", "tenant": "t"}, "http/protobuf")
    assert sink_of({"CI_REPORTER_OTLP": "http://a", **otel}, tmp_path).headers == {}


def test_the_certificate_of_opentelemetry_is_trusted_where_it_sends(tmp_path):
    env = {"CI_REPORTER_OTLP": "env", "OTEL_EXPORTER_OTLP_CERTIFICATE": "ca.pem"}
    assert sink_of(env, tmp_path).access.ca == "ca.pem"


def test_what_is_not_a_header_is_left_out(tmp_path):
    env = {"CI_REPORTER_OTLP": "http://a", "CI_REPORTER_OTLP_HEADERS": "a b=1,=2,c,ok=x%0d%0aevil: 1"}
    assert sink_of(env, tmp_path).headers == {"ok": "xevil: 1"}


def test_an_address_of_opentelemetry_without_http_is_told(tmp_path):
    env = {"CI_REPORTER_OTLP": "env", "OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}
    (doubt,) = load_context(env, str(tmp_path)).config.doubts
    assert doubt == "otlp: OTEL_EXPORTER_OTLP_ENDPOINT is not an http(s) address (write http://host:4318)"


def test_a_protocol_that_we_do_not_speak_is_told(tmp_path):
    env = {"CI_REPORTER_OTLP": "env", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    (doubt,) = load_context(env, str(tmp_path)).config.doubts
    assert doubt == "otlp: OTEL_EXPORTER_OTLP_PROTOCOL: grpc is not a protocol we speak; http/json is used"


def test_a_protocol_of_ours_that_is_not_one_is_refused(tmp_path):
    with pytest.raises(UsageError, match="'grpc' is not one of http/json, http/protobuf"):
        load_context({"CI_REPORTER_OTLP": "http://a", "CI_REPORTER_OTLP_PROTOCOL": "grpc"}, str(tmp_path))


def test_jobs_of_a_run_make_one_trace_with_the_spans_their_commands_knew(run_program, collector):
    env = {"CI_REPORTER_OTLP": collector.url, "CI_RUN_ID": "r-1", "CI_REPORTER_QUIET": "true"}
    told = run_program("run", "--name", "unit", "--", "sh", "-c", "echo $TRACEPARENT; exit 3", env=env)
    run_program("run", "--name", "outer", "--", *OURS, "run", "--name", "inner", "--", "true", env=env)
    traced = run_program("trace", env=env)
    assert (told.returncode, traced.returncode, traced.stdout) == (3, 0, f"{run_trace_id('r-1')}\n")
    spans = collector.spans
    assert {span.trace_id.hex() for span in spans.values()} == {run_trace_id("r-1")}
    assert told.stdout.strip()[36:52] == spans["unit"].span_id.hex()
    assert spans["inner"].parent_span_id == spans["outer"].span_id
    assert spans["unit"].parent_span_id == spans["RUN"].span_id
    assert (spans["RUN"].kind, attributes(spans["RUN"])["cicd.pipeline.result"]) == (2, "failure")
    assert spans["RUN"].end_time_unix_nano >= spans["outer"].end_time_unix_nano


def test_what_did_not_arrive_is_sent_by_the_next_call(run_program, collector):
    env = {"CI_RUN_ID": "r-1", "CI_REPORTER_OTLP": "http://127.0.0.1:1"}
    lost = run_program("run", "--strict", "--name", "a", "--", "true", env=env | {"TRACEPARENT": GIVEN})
    assert (lost.returncode, [each["sink"] for each in run_program.spooled()]) == (70, ["otlp"])
    assert run_program("doctor", env=env).returncode == 1
    run_program("flush", env=env | {"CI_REPORTER_OTLP": collector.url})
    (record,) = run_program.records()
    span = collector.spans["a"]
    assert (span.trace_id.hex(), span.span_id.hex()) == ("a" * 32, step_span_id(record["report_id"]))


def test_a_trace_without_an_endpoint_says_what_to_set(run_program):
    ended = run_program("trace")
    assert (ended.returncode, "set CI_REPORTER_OTLP or give --otlp URL" in ended.stderr) == (0, True)


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--strict",), 70)], ids=["lenient", "strict"])
def test_a_run_whose_span_is_not_delivered_stays_green(run_program, options, code):
    env = {"CI_RUN_ID": "r-1", "CI_REPORTER_OTLP": "http://127.0.0.1:1", "CI_REPORTER_QUIET": "true"}
    run_program("run", "--name", "a", "--", "true", env=env)
    ended = run_program("trace", *options, env=env)
    assert (ended.returncode, "the span of the run was not delivered: cannot reach" in ended.stderr) == (code, True)


def test_an_api_that_hangs_leaves_time_to_send_the_span_in(run_program, collector, vendor):
    env = {"CI_RUN_ID": "github-17-1", "CI_REPORTER_OTLP": collector.url, "CI_REPORTER_BUDGET": "2s"}
    run_program("run", "--name", "a", "--", "true", env=env)
    hole = vendor(lambda _, over: over.wait(30))
    github = {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "17", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_REPOSITORY": "a/b"}
    ended = run_program("trace", "--from-api", env=env | github | {"GITHUB_API_URL": hole.url, "GITHUB_TOKEN": "t"})
    assert "no answer from" in ended.stderr and "within 1 s" in ended.stderr
    assert (ended.returncode, "RUN" in " ".join(collector.spans)) == (0, True)


def test_the_id_of_the_trace_needs_no_endpoint(run_program):
    assert run_program("trace", "--id", env={"CI_RUN_ID": "r-1"}).stdout == f"{run_trace_id('r-1')}\n"


def test_a_deadline_holds(vendor, make_report):
    hole = vendor(lambda _, over: over.wait(30))
    receipt = Otlp(url=f"{hole.url}/v1/traces", access=Access()).send(make_report(), (), Deadline(0.3))
    assert "within 0.3 s" in next(iter(receipt.refused.values()))
