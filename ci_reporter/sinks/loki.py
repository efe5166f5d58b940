"""The Loki sink: one log line a step, under a few labels; the run and all else that varies is structured metadata.

Source: Grafana Loki, "Loki HTTP API", push; its limits are the defaults of `limits_config`.
The settings are read before the wrapped command starts, so what is heavy is imported where it is used.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence

from ci_reporter.config import values
from ci_reporter.config.server import Server
from ci_reporter.config.setting import option, setting
from ci_reporter.errors import Rejected
from ci_reporter.frozen import Frozen
from ci_reporter.model import Report, Result, seconds_of
from ci_reporter.schema import to_json
from ci_reporter.sinks import Finding, Receipt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.context import Context
    from ci_reporter.http import Access
    from ci_reporter.metrics import Samples
    from ci_reporter.system.deadline import Deadline

_PATH = "/loki/api/v1/push"
_SERVICE = "ci-reporter"
_LABELS = ("job", "repository", "pipeline", "branch")  # of the grouping key: bounded sets
_LONGEST_LABEL = 1024  # of its 2048 bytes
_LONGEST_METADATA = 1024  # a value; all together may have 64 KiB
_LATE_S = 30 * 60.0  # Loki refuses what is an hour behind its stream; later ones are told as sent now


class LokiSettings(Server, group="loki"):
    """Where to push, and for which tenant."""

    url: str | None = option(None, values.url, "URL", "Push a log line of each step to this Grafana Loki.", main=True)
    tenant: str | None = setting(None, values.text, "NAME", "Loki's tenant, the X-Scope-OrgID.")

    def sink(self, context: Context, about_us: tuple[Samples, ...] = ()) -> Loki:  # noqa: ARG002  it has no metrics
        """Make the sink."""
        return Loki(
            url=self.address(),
            access=self.access(),
            branches=context.config.branches,
            tenant=self.tenant,
        )

    def findings(self, context: Context) -> Iterator[Finding]:  # noqa: ARG002
        """Only a push shows whether Loki takes one, and it forgets no line."""
        yield Finding(ok=True, seen=f"steps go to Loki at {self.address()} (nothing was sent there now)")


class Loki(Frozen):
    """Where and how to push. `tenant` is the X-Scope-OrgID."""

    url: str
    access: Access
    branches: Sequence[str]
    tenant: str | None = None
    clock: Callable[[], float] = time.time
    name: str = "loki"

    def send(self, own: Report | None, backlog: Sequence[Report], deadline: Deadline) -> Receipt:
        """Push the step's own report in one request, then the backlog in batches until one does not get through."""
        from ci_reporter.sinks.batches import send_batches

        def request(reports: Sequence[Report]) -> tuple[str, ...]:
            self._request([_entry(report, now_s) for report in reports], deadline)
            return ()

        now_s = self.clock()
        return send_batches(own, backlog, request)

    def preview(self, report: Report) -> str:
        """Show the request that would be sent: method, address, headers without secrets, body before gzip."""
        lines = [f"POST {self._address}", *(f"{name}: {value}" for name, value in self._headers().items())]
        if header := self.access.header():
            lines.append(f"Authorization: {header.split()[0]} ***")
        body = self._body([_entry(report, self.clock())])
        return "\n".join([*lines, "", json.dumps(body, indent=2)])

    @property
    def _address(self) -> str:
        return self.url.removesuffix(_PATH) + _PATH

    def _headers(self) -> dict[str, str]:
        tenant = {"X-Scope-OrgID": self.tenant} if self.tenant else {}
        return {"Content-Type": "application/json", "Content-Encoding": "gzip", **tenant}

    def _request(self, entries: Sequence[_Entry], deadline: Deadline) -> None:
        import gzip

        from ci_reporter.http import Request, send
        from ci_reporter.system.addresses import public_url

        body = gzip.compress(json.dumps(self._body(entries)).encode(), 6, mtime=0)
        base = public_url(self.url)
        request = Request(
            method="POST", url=self._address, base=base, body=body, headers=self._headers(), access=self.access
        )
        answer = send(request, deadline)
        if answer.is_page:  # a sign-in page or a front end that answers 200 to everything has taken nothing
            raise Rejected(
                f"{base} answered {answer.status} with {answer.text(100)}; that is not a Loki", answer.status
            )

    def _body(self, entries: Sequence[_Entry]) -> dict[str, Any]:
        """Lines by stream, oldest first, as the push API takes them."""
        streams: dict[tuple[tuple[str, str], ...], list[_Entry]] = {}
        for entry in sorted(entries, key=lambda each: each.at_ns):
            streams.setdefault(tuple(self._labels(entry.report).items()), []).append(entry)
        return {
            "streams": [
                {
                    "stream": dict(labels),
                    "values": [[str(each.at_ns), _line(each.report), each.metadata()] for each in entries],
                }
                for labels, entries in streams.items()
            ]
        }

    def _labels(self, report: Report) -> dict[str, str]:
        from ci_reporter import metrics

        key = metrics.grouping_key(report, self.branches)
        found = {"service_name": _SERVICE} | {name: _cut(key[name], _LONGEST_LABEL) for name in _LABELS}
        return {name: value for name, value in found.items() if value}


class _Entry(Frozen):
    """A report as a line to be: its time, and whether that is the time of sending."""

    report: Report
    at_ns: int
    late: bool

    def metadata(self) -> dict[str, str]:
        """What to find the line by that would make a stream of its own as a label."""
        from ci_reporter.system.trace import trace_id_of

        run, step = self.report.run, self.report.step
        found = {
            "ci_run_id": run.ci_run_id,
            "trace_id": trace_id_of(self.report.traceparent, run.ci_run_id),
            "report_id": self.report.report_id,
            "revision": run.revision,
            "ci_job": run.job_name,
            "step": step.name,
            "result": str(step.result),
            "level": _level(step.result),
            "environment": self.report.environment,
            "sent_late": "true" if self.late else None,
        }
        return {name: _cut(value, _LONGEST_METADATA) for name, value in found.items() if value}


def _entry(report: Report, now_s: float) -> _Entry:
    at_s = seconds_of(report.step.finished_at)
    late = at_s is None or now_s - at_s > _LATE_S
    at_ms = round((now_s if late or at_s is None else at_s) * 1000)
    return _Entry(report=report, at_ns=at_ms * 1_000_000, late=late)


def _line(report: Report) -> str:
    """The report as one JSON object: what is known of it, as far as Loki takes it."""
    from ci_reporter.logs.cleaning import json_line

    known = {key: value for key, value in to_json(report).items() if value not in (None, {}, [])}
    found = {"level": _level(report.step.result), "message": f"{report.step.name}: {report.step.result}", **known}
    return json_line(found).encode("utf-8", "replace").decode()


def _level(result: Result) -> str:
    return "info" if result in (Result.SUCCESS, Result.SKIP) else "error"


def _cut(value: str, most_bytes: int) -> str:
    return value.encode("utf-8", "replace")[:most_bytes].decode("utf-8", "ignore")
