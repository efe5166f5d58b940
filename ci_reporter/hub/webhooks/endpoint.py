"""The ASGI endpoint of `POST /webhooks/<source>`.

In this order: length → signature over the raw bytes → JSON → what it tells → durable → 2xx. What is not for us is a
2xx, too: GitLab switches a webhook off that gets a 4xx.
"""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import parse_qs

from ci_reporter.hub.asgi import Message, Receive, Send, send_answer
from ci_reporter.hub.exposition import Block, Type, labels, line
from ci_reporter.hub.ingest.body import Bodies
from ci_reporter.hub.ingest.parsing import json_of, too_large
from ci_reporter.hub.ingest.secrets import Secret, SecretsSource
from ci_reporter.hub.problem import Problem, respond
from ci_reporter.hub.webhooks import bitbucket, generic, gitea, github, gitlab
from ci_reporter.hub.webhooks.deliveries import Delivery, Outcome
from ci_reporter.hub.webhooks.event import Event, Payload
from ci_reporter.hub.webhooks.inbox import Inbox
from ci_reporter.hub.webhooks.source import Headers, Source, delivery_of, digest_of, event_of, source_of, verify
from ci_reporter.providers import one_line
from ci_reporter.system.standardwebhooks import SignatureError

PATH = "/webhooks/"
VARIABLE = "CI_REPORTER_HUB_WEBHOOK_SECRETS"
MOST_BYTES = 5 * 1024**2
_QUIET_S = 10.0
_UNSIGNED = "the signature is missing, wrong, or more than five minutes old"
_NO_SECRET = f"this hub takes no webhooks yet: it has no secret for them (set {VARIABLE} or {VARIABLE}_FILE)"
_TRANSLATE: Mapping[Source, Callable[[str, Payload], Event]] = {
    Source.GITHUB: github.translate,
    Source.GITLAB: gitlab.translate,
    Source.GITEA: partial(gitea.translate, "gitea"),
    Source.FORGEJO: partial(gitea.translate, "forgejo"),
    Source.BITBUCKET: bitbucket.translate,
    Source.GENERIC: generic.translate,
}
_log = logging.getLogger("ci_reporter.hub.webhooks")


class Webhooks:
    """The endpoint. It counts what it refused, by source and status, and the words for a status that nobody knows."""

    def __init__(self, secrets: SecretsSource, inbox: Inbox, clock: Callable[[], float] = time.time) -> None:
        self._secrets, self._inbox, self._clock = secrets, inbox, clock
        self._bodies = Bodies(MOST_BYTES)
        self._logged_s = 0.0
        self.refused: Counter[tuple[str, int]] = Counter()
        self.unknown: Counter[str] = Counter()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers: Headers = dict(scope["headers"])
        source = source_of(scope["path"].removeprefix(PATH), headers)
        try:
            if source is None:
                raise Problem(404, f"webhooks are sent to {PATH} and then {', '.join(Source)}")
            _check_head(scope, headers)
            body = await self._bodies.read(receive, headers)
            delivery = self._delivery(scope, source, headers, body)
            outcome = await self._inbox.submit(delivery)
        except Problem as exc:
            self.refused[str(source or "other"), exc.status] += 1
            await respond(exc, scope, send, *([(b"allow", b"POST")] if exc.status == 405 else []))
            return
        status = 202 if outcome is Outcome.RECORDED else 200
        await send_answer(scope, send, status, [(b"content-type", b"application/json")], _body(outcome, delivery.event))

    def blocks(self) -> list[Block]:
        """What became of deliveries, as metrics."""
        names = ("source", "outcome")
        taken = [
            line("ci_webhook_deliveries_total", labels(names, found), count)
            for found, count in sorted(self._inbox.outcomes.items())
        ]
        refused = [
            line("ci_webhook_refused_total", labels(("source", "code"), (source, str(code))), count)
            for (source, code), count in sorted(self.refused.items())
        ]
        unknown = [
            line("ci_webhook_unknown_statuses_total", labels(("source",), (source,)), count)
            for source, count in sorted(self.unknown.items())
        ]
        text = "Statuses of runs, jobs and deployments that are not known here, since the start."
        return [
            Block("ci_webhook_deliveries", Type.COUNTER, "Webhooks that were answered, since the start.", taken),
            Block("ci_webhook_refused", Type.COUNTER, "Webhooks that were refused since the start.", refused),
            Block("ci_webhook_unknown_statuses", Type.COUNTER, text, unknown),
        ]

    def _delivery(self, scope: Message, source: Source, headers: Headers, body: bytes) -> Delivery:
        """A delivery that is what it says it is. Raises Problem."""
        now_s = self._clock()
        secret = self._secret(scope, source, headers, body, now_s)
        payload = json_of(_unwrap(headers, body))
        name = event_of(source, headers)
        event = (
            _TRANSLATE[source](name, payload)
            if isinstance(payload, dict)
            else Event(ignored="the body is not a JSON object")
        )
        if event.repository and not secret.speaks_for(event.repository):
            raise Problem(403, f"the secret of this webhook does not speak for {event.repository!r}")
        if event.words:
            self.unknown[str(source)] += len(event.words)
            _log.warning("%s tells of a status that is not known here: %.100s", source, ", ".join(event.words))
        return Delivery(
            source=source,
            delivery_id=one_line(delivery_of(source, headers, body)) or digest_of(body),
            digest=digest_of(body),
            received_ms=round(now_s * 1000),
            name=one_line(name or str(payload.get("type") or "") if isinstance(payload, dict) else name)[:100],
            event=event,
        )

    def _secret(self, scope: Message, source: Source, headers: Headers, body: bytes, now_s: float) -> Secret:
        if not self._secrets.given:
            raise Problem(401, _NO_SECRET)
        named = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("repository", [None])[0]
        try:
            return verify(source, headers, body, self._secrets.for_repository(named), now_s)
        except SignatureError as exc:
            if time.monotonic() - self._logged_s >= _QUIET_S:  # who sends rubbish must not fill the log
                self._logged_s = time.monotonic()
                _log.warning("a webhook of %s was refused, 401: %s", source, exc)
            raise Problem(401, _UNSIGNED) from None


def _check_head(scope: Message, headers: Headers) -> None:
    if scope["method"] != "POST":
        raise Problem(405, "webhooks are sent by POST")
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length) > MOST_BYTES:
        raise too_large(MOST_BYTES)
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Problem(415, "webhooks are sent without a Content-Encoding")


def _unwrap(headers: Headers, body: bytes) -> bytes:
    """The JSON, also of a webhook whose content type was left at GitHub's usual one, a form with one field."""
    if not headers.get(b"content-type", b"").lower().startswith(b"application/x-www-form-urlencoded"):
        return body
    return parse_qs(body, max_num_fields=10).get(b"payload", [b""])[0]


def _body(outcome: Outcome, event: Event) -> bytes:
    found = {"outcome": str(outcome), **({"why": event.ignored} if event.ignored else {})}
    return json.dumps(found).encode() + b"\n"
