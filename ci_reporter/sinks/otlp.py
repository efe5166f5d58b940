"""The OTLP sink: a span of each step, over HTTP, in JSON or protobuf. `spans` says what a span holds.

Sources: OpenTelemetry Protocol 1.7, "OTLP/HTTP"; OpenTelemetry Protocol Exporter, the variables OTEL_EXPORTER_OTLP_*.
The settings are read before the wrapped command starts, so what is heavy is imported where it is used.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from ci_reporter.config import values
from ci_reporter.config.server import Server
from ci_reporter.config.setting import option, setting
from ci_reporter.errors import Rejected
from ci_reporter.frozen import EMPTY, Frozen, replace
from ci_reporter.model import Report
from ci_reporter.sinks import Finding, Receipt
from ci_reporter.sinks.endpoint import JSON, PATH, PROTOBUF, Endpoint, endpoint_of, headers_of
from ci_reporter.sinks.protobuf import is_installed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.context import Context
    from ci_reporter.http import Access, Answer
    from ci_reporter.metrics import Samples
    from ci_reporter.system.deadline import Deadline

_FROM_ENV = "env"  # a word in the place of the address: the OTEL_ variables have it
_TYPES = {JSON: "application/json", PROTOBUF: "application/x-protobuf"}
_LACKING = "needs a package that is not installed (pip install 'ci-reporter[otel]')"


def endpoint(text: str) -> str:
    """An http(s) address, or `env`."""
    return text if text == _FROM_ENV else values.url(text)


class OtlpSettings(Server, group="otlp"):
    """Where to send spans, and how."""

    url: str | None = option(
        None,
        endpoint,
        "URL",
        "Send a span of each step to this OTLP/HTTP endpoint; env: as OTEL_ variables say.",
        main=True,
    )
    headers: str | None = setting(None, values.text, "", "Headers of each request: name=value,name=value.", secret=True)
    protocol: str = setting(
        JSON, values.OneOf(*_TYPES), "NAME", "http/json, or http/protobuf with ci-reporter[otel]. Default: http/json."
    )
    service: str = setting("ci-reporter", values.text, "NAME", "The service.name of the spans. Default: ci-reporter.")
    tests: bool = setting(False, values.flag, "", "Also send a span of each test that the record names.")

    def sink(self, context: Context, about_us: tuple[Samples, ...] = ()) -> Otlp:  # noqa: ARG002  it has no metrics
        """Make the sink."""
        where = self._where(context.env)
        access = replace(self.access(), ca=self.ca or where.ca, hidden=frozenset(where.headers.values()))
        return Otlp(
            url=where.url,
            headers=where.headers,
            protocol=PROTOBUF if where.protocol == PROTOBUF and is_installed() else JSON,
            access=access,
            service=self.service,
            tests=self.tests,
        )

    def _where(self, env: Mapping[str, str]) -> Endpoint:
        base = self.address()
        if base == _FROM_ENV:
            return endpoint_of(env, self.headers)
        url = base if base.endswith(PATH) else base + PATH
        return Endpoint(url=url, headers=headers_of(self.headers or ""), protocol=self.protocol)

    def address(self) -> str:
        """The address without a user and a password."""
        return _FROM_ENV if self.url == _FROM_ENV else super().address()

    def secrets(self) -> frozenset[str]:
        """The values of headers, too."""
        return super().secrets() | frozenset(headers_of(self.headers or "").values())

    def problem(self) -> str | None:
        """An encoding that nobody here can write."""
        if self.is_set and self.protocol == PROTOBUF and not is_installed():
            return f"otlp_protocol: {PROTOBUF} {_LACKING}"
        return super().problem()

    def doubt(self, env: Mapping[str, str]) -> str | None:
        """What the OTEL_ variables want and do not get."""
        if self.url != _FROM_ENV:
            return super().doubt(env)
        where = endpoint_of(env, self.headers)
        if not where.url.startswith(("http://", "https://")):
            return "otlp: OTEL_EXPORTER_OTLP_ENDPOINT is not an http(s) address (write http://host:4318)"
        if where.protocol in (None, JSON) or (where.protocol == PROTOBUF and is_installed()):
            return super().doubt(env)
        lacks = _LACKING if where.protocol == PROTOBUF else "is not a protocol we speak"
        return f"otlp: OTEL_EXPORTER_OTLP_PROTOCOL: {where.protocol} {lacks}; {JSON} is used"

    def findings(self, context: Context) -> Iterator[Finding]:
        """Send an export without spans: it is answered as any other, and leaves nothing behind."""
        from ci_reporter.errors import DeliveryError
        from ci_reporter.system.deadline import Deadline

        sink = self.sink(context)
        try:
            sink.export({"resourceSpans": []}, Deadline(5.0))
        except DeliveryError as exc:
            yield Finding(
                ok=False, seen=str(exc), remedy="correct CI_REPORTER_OTLP, or let us in by CI_REPORTER_OTLP_HEADERS"
            )
        else:
            yield Finding(ok=True, seen=f"{sink.shown} takes OTLP as {sink.protocol}")


class Otlp(Frozen):
    """Where and how to send. `url` is that of the traces, `/v1/traces` included."""

    url: str
    access: Access
    headers: Mapping[str, str] = EMPTY
    protocol: str = JSON
    service: str = "ci-reporter"
    tests: bool = False
    name: str = "otlp"

    def send(self, own: Report | None, backlog: Sequence[Report], deadline: Deadline) -> Receipt:
        """Send the step's own span, then those that wait."""
        from ci_reporter.sinks.batches import send_batches

        return send_batches(own, backlog, lambda reports: self._send(reports, deadline))

    def preview(self, report: Report) -> str:
        """Show the request that would be sent: method, address, headers without secrets, body as JSON."""
        lines = [
            f"POST {self.shown}",
            f"Content-Type: {_TYPES[self.protocol]}",
            *(f"{each}: ***" for each in self.headers),
        ]
        if header := self.access.header():
            lines.append(f"Authorization: {header.split()[0]} ***")
        return "\n".join([*lines, "", json.dumps(self._body([report]), indent=2, ensure_ascii=False)])

    def send_run(self, reports: Sequence[Report], deadline: Deadline) -> tuple[str, ...]:
        """Send the span of a whole run, whose reports these are; notes. Raises DeliveryError."""
        from ci_reporter.sinks.spans import run_request

        return self.export(run_request(reports, service=self.service), deadline)

    def export(self, body: dict[str, Any], deadline: Deadline) -> tuple[str, ...]:
        """Send spans; notes of what the other side said about some of them. Raises DeliveryError.

        Spans that are rejected one by one must not be sent again; if all are, the whole counts as refused.
        """
        import gzip

        from ci_reporter.http import Request, send
        from ci_reporter.sinks.protobuf import encode
        from ci_reporter.sinks.spans import count

        encoded = encode(body) if self.protocol == PROTOBUF else json.dumps(body).encode()
        headers = {"Content-Type": _TYPES[self.protocol], "Content-Encoding": "gzip", **self.headers}
        request = Request(
            method="POST",
            url=self.url,
            base=self.shown,
            body=gzip.compress(encoded, 6, mtime=0),
            headers=headers,
            access=self.access,
        )
        answer = send(request, deadline)
        if answer.is_page:  # a sign-in page or a front end that answers 200 to everything has taken nothing
            raise Rejected(f"{self.shown} answered {answer.status} with {answer.text(100)}; it does not speak OTLP")
        rejected, said = self._partial(answer)
        if not rejected:
            return (f"{self.shown} says: {said}",) if said else ()
        note = f"{self.shown} rejected {rejected} of {count(body)} spans{f': {said}' if said else ''}"
        if rejected >= count(body):
            raise Rejected(note, 400)
        return (f"{note}; these are not sent again",)

    @property
    def shown(self) -> str:
        """The address as messages name it."""
        from ci_reporter.system.addresses import public_url

        return public_url(self.url)

    def _send(self, reports: Sequence[Report], deadline: Deadline) -> tuple[str, ...]:
        body = self._body(reports)
        return self.export(body, deadline) if body["resourceSpans"] else ()

    def _body(self, reports: Sequence[Report]) -> dict[str, Any]:
        from ci_reporter.sinks.spans import request

        return request(reports, service=self.service, tests=self.tests)

    def _partial(self, answer: Answer) -> tuple[int, str]:
        """How many spans were rejected, and what was said of it; an answer that says nothing has taken all."""
        from ci_reporter.sinks.protobuf import decode
        from ci_reporter.system.text import one_line

        try:
            found = decode(answer.body) if self.protocol == PROTOBUF else json.loads(answer.body or b"{}")
            partial = found.get("partialSuccess") or {}
            rejected, said = int(partial.get("rejectedSpans") or 0), str(partial.get("errorMessage") or "")
        except (ValueError, TypeError, AttributeError, RecursionError):
            return 0, ""
        return rejected, self.access.mask(one_line(said, 300))
