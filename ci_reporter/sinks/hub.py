"""The hub sink: the reports as they are, to `POST /ci-report` of a hub, signed as Standard Webhooks 1.0.0 has it.

The hub answers after its COMMIT, and takes a report once by its `report_id`, however often it is sent.
The settings are read before the wrapped command starts, so what is heavy is imported where it is used.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence

from ci_reporter.config import values
from ci_reporter.config.server import Server
from ci_reporter.config.setting import option, setting
from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.frozen import Frozen
from ci_reporter.model import Report
from ci_reporter.sinks import Finding, Receipt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.context import Context
    from ci_reporter.http import Access, Answer
    from ci_reporter.metrics import Samples
    from ci_reporter.system.deadline import Deadline

_PATH = "/ci-report"
_BATCH_REPORTS = 100
_BATCH_BYTES = 512 * 1024  # of the 1 MiB that a hub takes
_FAULTS_OF_ONE = (400, 403, 413, 422)  # with which a hub refuses a batch for one of its reports


class HubSettings(Server, group="hub"):
    """Where the hub is, and what reports are signed with."""

    url: str | None = option(None, values.url, "URL", "Send each step to this hub (ci-reporter hub serve).", main=True)
    secret: str | None = setting(
        None,
        values.webhook_secrets,
        "",
        "The hub's secret for this repository, as whsec_ and base64; several while one is replaced, with spaces between"
        " them. Without it reports are not signed.",
        secret=True,
    )

    def secrets(self) -> frozenset[str]:
        """The password and the token of the way there, and each of the signing secrets."""
        return super().secrets() | frozenset((self.secret or "").split())

    def sink(self, context: Context, about_us: tuple[Samples, ...] = ()) -> Hub:  # noqa: ARG002  it has no metrics
        """Make the sink."""
        return Hub(url=self.address(), access=self.access(), keys=tuple((self.secret or "").split()))

    def findings(self, context: Context) -> Iterator[Finding]:
        """Send no report, signed: the hub says whether it is there, and whether it takes the secret."""
        from ci_reporter.context import current_run
        from ci_reporter.system.deadline import Deadline

        hub = self.sink(context)
        try:
            hub.post([], current_run(context).repository, Deadline(5.0))
        except DeliveryError as exc:
            yield Finding(ok=False, seen=str(exc), remedy=_remedy(exc, hub))
        else:
            by = "our token" if self.token else "our password" if hub.access.header() else "unsigned reports"
            yield Finding(ok=True, seen=f"the hub at {hub.url} answers and takes {'our signature' if hub.keys else by}")


class Hub(Frozen):
    """Where and how to send. `keys` are the secrets that each request is signed with."""

    url: str
    access: Access
    keys: tuple[str, ...] = ()
    clock: Callable[[], float] = time.time
    name: str = "hub"

    def __repr__(self) -> str:
        return f"Hub(url={self.url!r}, secrets hidden)"

    def send(self, own: Report | None, backlog: Sequence[Report], deadline: Deadline) -> Receipt:
        """Send the step's own report in one request, then the backlog in batches until one does not get through."""
        taken: set[str] = set()
        refused: dict[str, str] = {}
        unreachable = ""
        for batch in [*([[own]] if own else []), *_batches(backlog)]:
            try:
                if not unreachable:
                    receipt = self._send_batch(batch, deadline)
                    taken |= receipt.taken
                    refused |= receipt.refused
                    continue
            except DeliveryError as exc:
                unreachable = str(exc)
            refused |= {each.report_id: unreachable for each in batch}
        return Receipt(taken=frozenset(taken), refused=refused)

    def preview(self, report: Report) -> str:
        """Show the request that would be sent: method, address, headers without secrets, body."""
        lines = [
            f"POST {self._address}",
            *(f"{name}: {value}" for name, value in _headers(report.run.repository).items()),
        ]
        if header := self.access.header():
            lines.append(f"Authorization: {header.split()[0]} ***")
        if self.keys:
            lines.append("webhook-signature: v1,***")
        return "\n".join([*lines, "", _body([report]).decode()])

    def post(self, reports: Sequence[Report], repository: str | None, deadline: Deadline) -> None:
        """Send these reports in one request. Raises DeliveryError, Rejected."""
        from ci_reporter.http import Request, send
        from ci_reporter.system.addresses import public_url
        from ci_reporter.system.standardwebhooks import signed_headers

        body = _body(reports)
        headers = _headers(repository) | signed_headers(self.keys, _message_id(reports), int(self.clock()), body)
        base = public_url(self.url)
        request = Request(method="POST", url=self._address, base=base, body=body, headers=headers, access=self.access)
        send(request, deadline, problem=lambda answer: _problem(answer, base))

    @property
    def _address(self) -> str:
        return self.url.removesuffix(_PATH) + _PATH

    def _send_batch(self, batch: Sequence[Report], deadline: Deadline) -> Receipt:
        """Send a batch in one request; one that is refused for a report is halved, so that the others arrive.

        Raises DeliveryError when there is no hub to be reached now.
        """
        try:
            self.post(batch, batch[0].run.repository, deadline)
        except Rejected as exc:
            if exc.status not in _FAULTS_OF_ONE or len(batch) == 1:
                return Receipt(refused={each.report_id: str(exc) for each in batch})
            half = len(batch) // 2
            parts = [self._send_batch(part, deadline) for part in (batch[:half], batch[half:])]
            return Receipt(taken=parts[0].taken | parts[1].taken, refused={**parts[0].refused, **parts[1].refused})
        return Receipt(taken=frozenset(each.report_id for each in batch))


def _batches(reports: Sequence[Report]) -> Iterator[list[Report]]:
    """Reports of one repository, whose secret signs them, as many as a request may have."""
    batch: list[Report] = []
    size = 0
    for report in sorted(reports, key=lambda each: each.run.repository or ""):
        weight = len(_body([report]))
        full = len(batch) >= _BATCH_REPORTS or size + weight > _BATCH_BYTES
        if batch and (full or batch[0].run.repository != report.run.repository):
            yield batch
            batch, size = [], 0
        batch.append(report)
        size += weight
    if batch:
        yield batch


def _headers(repository: str | None) -> dict[str, str]:
    named = {"X-CI-Repository": _ascii(repository)} if repository else {}
    return {"Content-Type": "application/json", **named}


def _body(reports: Sequence[Report]) -> bytes:
    """A report as one object, several as an array; what is unknown is left out."""
    from ci_reporter.schema import to_json

    flats = [{key: value for key, value in to_json(each).items() if value not in (None, {}, [])} for each in reports]
    return json.dumps(flats[0] if len(flats) == 1 else flats).encode()


def _message_id(reports: Sequence[Report]) -> str:
    """The same for the same reports; what is between two runs of `flush` may differ, and a report has its own id."""
    import hashlib

    return "msg_" + hashlib.sha256("\n".join(each.report_id for each in reports).encode()).hexdigest()[:32]


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()


def _problem(answer: Answer, base: str) -> DeliveryError | None:
    """What is wrong with an answer: only a hub says 202 with what it stored, and its refusals are documents."""
    if 200 <= answer.status < 300 and not answer.body.lstrip().startswith(b'{"stored"'):
        return Rejected(f"{base} answered {answer.status} with {answer.text(100)}; that is not a hub", answer.status)
    detail = _detail(answer)
    if detail and 400 <= answer.status < 500 and answer.status not in (408, 429):
        return Rejected(f"{base} answered {answer.status}: {detail}", answer.status)
    return None


def _detail(answer: Answer) -> str:
    """The sentence of a problem document, RFC 9457."""
    from ci_reporter.system.text import one_line

    if answer.headers.get("content-type") != "application/problem+json":
        return ""
    try:
        return one_line(str(json.loads(answer.body)["detail"]), 400)
    except (ValueError, KeyError, TypeError):
        return ""


def _remedy(error: DeliveryError, hub: Hub) -> str:
    status = error.status if isinstance(error, Rejected) else None
    if status in (401, 403) and hub.access.header() and not hub.keys:
        return (
            "set CI_REPORTER_HUB_TOKEN to a token of this hub that may send reports (hub token create --scope ingest)"
        )
    if status == 401 and hub.keys:
        return "set CI_REPORTER_HUB_SECRET to a secret that the hub knows for this repository, and check both clocks"
    if status == 401:
        return "set CI_REPORTER_HUB_SECRET (or CI_REPORTER_HUB_SECRET_FILE), or CI_REPORTER_HUB_TOKEN"
    if "certificate is not trusted" in str(error):
        return "set CI_REPORTER_HUB_CA to a file with the certificate of its authority"
    return "start the hub or correct CI_REPORTER_HUB"
