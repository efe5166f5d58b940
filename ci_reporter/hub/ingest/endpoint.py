"""The ASGI endpoint of `POST /ci-report`, without a framework: it is a third faster than a route of Starlette."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

from ci_reporter.hub.asgi import Message, Receive, Send, send_answer
from ci_reporter.hub.auth.access import Access, everything
from ci_reporter.hub.ingest.body import Bodies
from ci_reporter.hub.ingest.parsing import MOST_BYTES, flat_reports, too_large, unpack
from ci_reporter.hub.ingest.queue import WriteQueue
from ci_reporter.hub.ingest.rows import Origin, rows
from ci_reporter.hub.ingest.secrets import SecretsSource
from ci_reporter.hub.ingest.signature import SIGNATURE, SIGNATURE_256, Sender, is_signed, verify
from ci_reporter.hub.problem import Problem, respond
from ci_reporter.system.standardwebhooks import SignatureError

PATH = "/ci-report"
REPOSITORY = b"x-ci-repository"
_QUIET_S = 10.0
_UNSIGNED = "the signature is missing, wrong, or more than five minutes old"
_log = logging.getLogger("ci_reporter.hub.ingest")


class Endpoint:
    """Receives reports. `stored`, `known` and `refused` (by status) count what came of requests."""

    def __init__(
        self,
        secrets: SecretsSource,
        queue: WriteQueue,
        *,
        branches: tuple[str, ...],
        bodies_alone: bool = False,
        asker: Callable[[Message], Awaitable[Access]] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`asker` gives the rights of who sends without a signature, or raises Problem."""
        self._secrets = secrets
        self._queue = queue
        self._branches = branches
        self._bodies_alone = bodies_alone
        self._asker = asker or self._nobody
        self._clock = clock
        self._bodies = Bodies()
        self._logged_s = 0.0
        self.stored = self.known = 0
        self.refused: Counter[int] = Counter()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            headers = _headers(scope)
            _check_head(scope, headers)
            body = await self._bodies.read(receive, headers)
            origin = await self._origin(scope, headers, body)
            parsed = flat_reports(unpack(body, headers.get(b"content-encoding", b"").lower()))
            written = await self._queue.submit(rows(parsed, origin, self._branches))
        except Problem as exc:
            self.refused[exc.status] += 1
            await respond(exc, scope, send, *([(b"allow", b"POST")] if exc.status == 405 else []))
            return
        self.stored += written.stored
        self.known += written.known
        body = b'{"stored": %d, "known": %d}\n' % written
        await send_answer(scope, send, 202, [(b"content-type", b"application/json")], body)

    async def _origin(self, scope: Message, headers: Mapping[bytes, bytes], body: bytes) -> Origin:
        """Where it comes from: by its signature, where there is one and we have secrets, else by a token.

        `Authorization` beside a signature may be for a proxy before us. Raises Problem.
        """
        now_s = self._clock()
        repository = headers[REPOSITORY].decode("latin-1") if REPOSITORY in headers else None
        if self._secrets.given and (b"authorization" not in headers or is_signed(headers)):
            sender = self._sender(headers, body, repository, now_s)
            return Origin(sender=sender, repository=repository, now_s=now_s)
        access = await self._asker(scope)
        return Origin(sender=None, repository=repository, now_s=now_s, access=access)

    async def _nobody(self, _: Message) -> Access:
        """Where nobody asks who it is, all is taken that needs no signature."""
        if self._secrets.given:
            raise Problem(401, _UNSIGNED)
        return everything()

    def _sender(self, headers: Mapping[bytes, bytes], body: bytes, repository: str | None, now_s: float) -> Sender:
        """Who signed. Raises Problem, the same one for all reasons."""
        try:
            secrets = self._secrets.for_repository(repository)
            return verify(headers, body, secrets, now_s, bodies_alone=self._bodies_alone)
        except SignatureError as exc:
            self._log_refusal(exc, headers)
            raise Problem(401, _UNSIGNED) from None

    def _log_refusal(self, reason: SignatureError, headers: Mapping[bytes, bytes]) -> None:
        """Now and then: whoever sends rubbish must not fill the log."""
        now_s = time.monotonic()
        if now_s - self._logged_s >= _QUIET_S:
            self._logged_s = now_s
            hint = ""
            if SIGNATURE in headers and SIGNATURE_256 not in headers and not self._bodies_alone:
                hint = " (X-CI-Signature alone has no replay protection: --allow-body-signatures takes it)"
            _log.warning("a request was refused, 401: %s%s", reason, hint)


def _headers(scope: Message) -> dict[bytes, bytes]:
    """The headers, by names in lower case. One that is there twice would have two meanings."""
    found = dict(scope["headers"])
    if len(found) != len(scope["headers"]):
        names = Counter(name for name, _ in scope["headers"])
        twice = next((name for name, count in names.items() if count > 1 and _is_ours(name)), None)
        if twice:
            raise Problem(400, f"there are two headers {twice.decode('latin-1')}")
    return found


def _is_ours(name: bytes) -> bool:
    return name.startswith((b"x-ci-", b"webhook-", b"content-"))


def _check_head(scope: Message, headers: Mapping[bytes, bytes]) -> None:
    if scope["method"] != "POST":
        raise Problem(405, "reports are sent by POST")
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length) > MOST_BYTES:
        raise too_large()
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    # Also of a request without one: a web page can send that to a hub on its reader's own machine.
    if kind != b"application/json" and not (kind.startswith(b"application/") and kind.endswith(b"+json")):
        raise Problem(415, "a report is JSON: send Content-Type: application/json")
