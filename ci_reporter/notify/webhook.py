"""A webhook of your own: the alert as JSON, signed as Standard Webhooks 1.0.0 has it.

The body is `{"type": "ci.alert.firing", "timestamp": …, "data": …}`; `data` are the fields of the alert that are
known. The message's id is the alert's, so a receiver that keeps ids takes an alert once, however often it arrives.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from functools import partial

from ci_reporter.config import values
from ci_reporter.config.setting import setting
from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.model import rfc3339
from ci_reporter.notify.alert import Alert
from ci_reporter.notify.compact import compact
from ci_reporter.notify.language import Language
from ci_reporter.notify.notifier import HttpNotifier, Rate, WebhookSettings, json_request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.http import Answer, Request

_RATE = Rate(count=10, per_s=1.0)
_LARGEST = 19_000  # of the 20 kB that the specification advises, for the whole body


class OwnWebhookSettings(WebhookSettings, group="webhook"):
    """The address, and what the messages are signed with."""

    url: str | None = setting(
        None, values.page_url, "URL", "Webhook: the address that takes alerts as JSON.", main=True, secret=True
    )
    secret: str | None = setting(
        None,
        values.webhook_secrets,
        "",
        "Webhook: what messages are signed with (Standard Webhooks), as whsec_ and base64; several while one is"
        " replaced, with spaces between them. Without it they are not signed.",
        secret=True,
    )
    token: str | None = setting(
        None, values.text, "", "Webhook: a bearer token, if the receiver wants one.", secret=True
    )
    ca: str | None = setting(
        None,
        values.certificates,
        "FILE",
        "Webhook: certificates to trust instead of the system's, PEM: a file or a folder.",
    )

    def secrets(self) -> frozenset[str]:
        """The address, the token, and each of the signing secrets."""
        return super().secrets() | frozenset((self.secret or "").split())

    def problem(self) -> str | None:
        """Nothing can be signed or shown to nobody."""
        if (self.secret or self.token) and not self.url:
            return "webhook: there is a secret or a token and no address (set CI_REPORTER_WEBHOOK)"
        return None

    def notifier(self, env: Mapping[str, str], language: Language) -> HttpNotifier:  # noqa: ARG002
        """Make the notifier; the data have no language."""
        return HttpNotifier(
            name="webhook",
            rate=_RATE,
            secrets=self.secrets(),
            request=partial(_request, self),
            problem=_problem,
        )


def _request(settings: OwnWebhookSettings, alert: Alert) -> Request:
    from ci_reporter.frozen import replace
    from ci_reporter.http import Access
    from ci_reporter.system.standardwebhooks import signed_headers

    assert settings.url  # noqa: S101
    now_s = time.time()
    found = json_request(settings.url, payload(alert, now_s), access=Access(token=settings.token, ca=settings.ca))
    message_id = re.sub(r"[^0-9A-Za-z_-]", "-", alert.alert_id)
    signed = signed_headers((settings.secret or "").split(), message_id, int(now_s), found.body or b"")
    return replace(found, headers={**found.headers, **signed})


def payload(alert: Alert, now_s: float) -> dict[str, object]:
    """The body: `timestamp` is when it happened; `data.left_out` counts what had no room."""
    at_s = now_s if alert.at_s is None else alert.at_s
    return {"type": f"ci.alert.{alert.state}", "timestamp": rfc3339(at_s), "data": compact(alert, _LARGEST)}


def _problem(answer: Answer) -> DeliveryError | None:
    """Any 2xx will do, but for a web page: a proxy's or a sign-in's. 410 says that nobody listens there any more."""
    if answer.status == 410:
        return Rejected(
            "webhook refused: the receiver wants no more messages (410 Gone); remove CI_REPORTER_WEBHOOK", 410
        )
    # By its beginning alone: many frameworks call every text of theirs text/html.
    if 200 <= answer.status < 300 and answer.body.lstrip()[:9].lower().startswith((b"<!doctype", b"<html")):
        return Rejected(f"webhook refused: {answer.text(100)}; check the address in CI_REPORTER_WEBHOOK", answer.status)
    return None
