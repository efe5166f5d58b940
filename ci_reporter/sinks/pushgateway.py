"""The Pushgateway sink: one POST a step, one group a writer, base64 keys. docs/reference/metrics.md has the reasons.

The settings are read before the wrapped command starts, so what is heavy is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ci_reporter.config import values
from ci_reporter.config.server import Server
from ci_reporter.config.setting import option, setting
from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.frozen import Frozen
from ci_reporter.model import Report, seconds_of
from ci_reporter.sinks import Finding, Receipt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.context import Context
    from ci_reporter.http import Access
    from ci_reporter.metrics import Samples
    from ci_reporter.sinks.gateway import Gateway, Group, Key
    from ci_reporter.system.deadline import Deadline

_FAULTS_OF_REPORTS = (400, 413, 422)  # any other refusal is about who asks, or about the gateway
_COMPLETION = "ci_step_last_completion_timestamp_seconds"


class PushgatewaySettings(Server, group="pushgateway"):
    """Where to push, and how much."""

    url: str | None = option(None, values.url, "URL", "Push the metrics to this Prometheus Pushgateway.", main=True)
    label_budget: int = setting(
        200,
        values.count,
        "N",
        "Push at most this many label sets at once; the rest is dropped, and a warning says how many.",
        own_name="label_budget",
    )
    run_info: bool = setting(
        False,
        values.flag,
        "",
        "Also push ci_run_info{ci_run_id,revision}, a new series for each run.",
        own_name="run_info",
    )

    def sink(self, context: Context, about_us: tuple[Samples, ...] = ()) -> Pushgateway:
        """Make the sink; `about_us` are samples of the reporter itself."""
        return Pushgateway(
            url=self.address(),
            access=self.access(),
            branches=context.config.branches,
            label_budget=self.label_budget,
            run_info=self.run_info,
            about_us=about_us,
        )

    def gateway(self) -> Gateway:
        """The gateway itself: what it holds, for whoever reads it."""
        from ci_reporter.sinks.gateway import Gateway

        return Gateway(url=self.address(), access=self.access())

    def findings(self, context: Context) -> Iterator[Finding]:
        """Push to a group of our own; check that Prometheus scrapes the gateway."""
        from ci_reporter.http.prometheus import Prometheus
        from ci_reporter.sinks import diagnosis

        yield from diagnosis.gateway(self.gateway())
        server = context.config.prometheus
        if server.is_set:
            yield from diagnosis.prometheus(Prometheus(url=server.address(), access=server.access()), self.address())


class Pushgateway(Frozen):
    """Where and how to push. `about_us` are samples of the reporter itself, pushed beside the step's own."""

    url: str
    access: Access
    branches: Sequence[str]
    label_budget: int
    run_info: bool = False
    about_us: tuple[Samples, ...] = ()
    name: str = "pushgateway"

    def send(self, own: Report | None, backlog: Sequence[Report], deadline: Deadline) -> Receipt:
        """Push the step's own report, then the backlog, one call a group.

        Of the backlog nothing is pushed over a newer state of its group: such a report counts as taken.
        """
        receipts = [self._push([own], self.about_us, deadline)] if own else []
        if backlog and not any(receipt.refused for receipt in receipts):
            receipts.extend(self._push_backlog(backlog, deadline))
        return Receipt(
            taken=frozenset().union(*(receipt.taken for receipt in receipts)),
            refused={report_id: why for receipt in receipts for report_id, why in receipt.refused.items()},
            rejected=frozenset().union(*(receipt.rejected for receipt in receipts)),
            notes=tuple(dict.fromkeys(note for receipt in receipts for note in receipt.notes)),
        )

    def preview(self, report: Report) -> str:
        """Show the request that would be sent: method, address, headers without secrets, body."""
        from ci_reporter.sinks.gateway import CONTENT_TYPE

        body, _ = self._body([report], self.about_us)
        auth = f"\nAuthorization: {header.split()[0]} ***" if (header := self.access.header()) else ""
        url = self.gateway.group_url(self._key(report))
        return f"POST {url}\nContent-Type: {CONTENT_TYPE}{auth}\n\n{body.decode()}"

    @property
    def gateway(self) -> Gateway:
        """The gateway that is pushed to."""
        from ci_reporter.sinks.gateway import Gateway

        return Gateway(url=self.url, access=self.access)

    def _key(self, report: Report) -> dict[str, str]:
        from ci_reporter import metrics

        return metrics.grouping_key(report, self.branches)

    def _body(self, reports: Sequence[Report], about_us: Sequence[Samples] = ()) -> tuple[bytes, int]:
        from ci_reporter import metrics

        measured = metrics.newest(metrics.samples(report, run_info=self.run_info) for report in reports)
        kept, dropped = metrics.within(self.label_budget, [*about_us, *measured])
        return metrics.text_format(kept), dropped

    def _push(self, reports: Sequence[Report], about_us: Sequence[Samples], deadline: Deadline) -> Receipt:
        """Push reports of one group, the newest last."""
        body, dropped = self._body(reports, about_us)
        try:
            answer = self.gateway.push(self._key(reports[-1]), body, deadline)
        except Rejected as exc:
            conflict = self._conflict(reports, deadline) if exc.status == 400 else ""
            rejected = _ids(reports) if exc.status in _FAULTS_OF_REPORTS else frozenset()
            return Receipt(refused=dict.fromkeys(_ids(reports), f"{exc}{conflict}"), rejected=rejected)
        except DeliveryError as exc:
            return Receipt(refused=dict.fromkeys(_ids(reports), str(exc)))
        notes = []
        if answer.status == 202:
            notes.append(f"{self.url} answered 202: accepted, unchecked (it runs without its consistency check)")
        if dropped:
            notes.append(f"{dropped} label sets over the budget of {self.label_budget} were not pushed (label_budget)")
        return Receipt(taken=_ids(reports), notes=tuple(notes))

    def _push_backlog(self, backlog: Sequence[Report], deadline: Deadline) -> Iterator[Receipt]:
        try:
            held = {group.key: group for group in self.gateway.groups(deadline)}
        except DeliveryError as exc:
            why = f"cannot list what the gateway holds: {exc}" if isinstance(exc, Rejected) else str(exc)
            yield Receipt(refused=dict.fromkeys(_ids(backlog), why))
            return
        for key, reports in self._by_group(backlog).items():
            news = [report for report in reports if _is_news(report, held.get(key))]
            yield Receipt(taken=_ids(reports) - _ids(news))
            if news:
                yield self._push(news, (), deadline)

    def _by_group(self, reports: Sequence[Report]) -> Mapping[Key, list[Report]]:
        """Reports by grouping key, oldest first."""
        from ci_reporter.sinks.gateway import key_of

        groups: dict[Key, list[Report]] = {}
        for report in sorted(reports, key=lambda each: seconds_of(each.step.finished_at) or 0.0):
            groups.setdefault(key_of(self._key(report)), []).append(report)
        return groups

    def _conflict(self, reports: Sequence[Report], deadline: Deadline) -> str:
        """After a refusal: the group that holds one of our metrics with another type, if that is why."""
        from ci_reporter import metrics

        measured = (each for report in reports for each in metrics.samples(report, run_info=self.run_info))
        ours = {each.family.name for each in (*self.about_us, *measured)}
        try:
            groups = self.gateway.groups(deadline)
        except DeliveryError:
            return ""
        for group in groups:
            for name in ours & set(group.families):
                kind = group.families[name].get("type")
                if kind != "GAUGE":
                    return f"; the group {{{group}}} holds {name} as {str(kind).lower()}: delete that group"
        return ""


def _ids(reports: Sequence[Report]) -> frozenset[str]:
    return frozenset(report.report_id for report in reports)


def _is_news(report: Report, held: Group | None) -> bool:
    """Whether the gateway's group is older than the report, or not there."""
    pushed = held.value(_COMPLETION) if held else None
    finished = seconds_of(report.step.finished_at)
    return pushed is None or (finished is not None and finished > pushed)
