"""What a channel is: the settings it declares, a notifier with one verb, and how often it may be used.

A channel is one file: its settings, and the code that lays an alert out for it. Most channels take one HTTP request an
alert, and say in the body of the answer whether they took it: these are `HttpNotifier`s. The settings are read before
the wrapped command starts, so a channel's file imports what is heavy where it is used.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from ci_reporter.config.setting import Settings
from ci_reporter.errors import DeliveryError
from ci_reporter.frozen import EMPTY, Frozen
from ci_reporter.notify.alert import Alert
from ci_reporter.notify.language import Language

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from ci_reporter.http import Answer, Request
    from ci_reporter.system.deadline import Deadline

    class NotifierSettings(Protocol):
        """The settings of a channel: a subclass of `Settings` with this."""

        def notifier(self, env: Mapping[str, str], language: Language) -> Notifier:
            """Make the notifier; `env` is for what the CI system says of its own API."""

    class Notifier(Protocol):
        """A channel to people.

        One with an attribute `incidents` that is true opens something with an alert and closes it with the one that
        resolves it: such an end is never told in a digest. One with an attribute `takes_charts`
        that is true has a method `send_chart(alert, reference, deadline)`, which posts the charts of an alert that the
        channel has taken.
        """

        @property
        def name(self) -> str:
            """Its name in settings and messages."""

        @property
        def rate(self) -> Rate:
            """How often it may be used."""

        def send(self, alert: Alert, deadline: Deadline) -> str | None:
            """Send it; gives what the channel calls the message, for replies, if it says.

            Raises DeliveryError where trying again later may help, Rejected where it will not.
            """

        def preview(self, alert: Alert) -> str:
            """Show exactly what would be sent, without secrets."""


class Rate(Frozen):
    """At most `count` messages within any `per_s` seconds."""

    count: int
    per_s: float


class HttpNotifier(Frozen):
    """A channel that takes one HTTP request an alert.

    `problem` says what is wrong with an answer: many channels refuse with status 200 and a code in the body.
    `reference` reads from a good answer what the channel calls the message; for `incidents` see `Notifier`.
    `chart` makes the request that posts a picture beside the message, which the channel calls so: a picture that the
    channel does not take must not cost the message.
    """

    name: str
    rate: Rate
    request: Callable[[Alert], Request]
    problem: Callable[[Answer], DeliveryError | None]
    secrets: frozenset[str] = frozenset()
    reference: Callable[[Answer], str | None] = lambda answer: None  # noqa: ARG005
    incidents: bool = False
    chart: Callable[[Alert, bytes, str | None], Request] | None = None

    def send(self, alert: Alert, deadline: Deadline) -> str | None:
        """Send it, again after a failure that may pass, before the deadline. Raises DeliveryError, Rejected."""
        return self.reference(self._post(self.request(alert), deadline))

    @property
    def takes_charts(self) -> bool:
        """Whether it posts a picture beside a message."""
        return self.chart is not None

    def send_chart(self, alert: Alert, reference: str | None, deadline: Deadline) -> None:
        """Post the charts beside the message of that name. Raises DeliveryError, Rejected."""
        if self.chart and (image := picture_of(alert)):
            self._post(self.chart(alert, image, reference), deadline)

    def preview(self, alert: Alert) -> str:
        """Show the request, and say what follows it."""
        shown = preview_request(self.request(alert), self.secrets)
        image = picture_of(alert) if self.chart else b""
        return f"{shown}\n\nthen the charts as a picture: PNG, {len(image)} bytes" if image else shown

    def _post(self, request: Request, deadline: Deadline) -> Answer:
        from ci_reporter.http import send

        try:
            return send(request, deadline, retries=2, problem=self.problem)
        except DeliveryError as exc:  # a channel may quote what it was sent: its own address, or a key in it
            from ci_reporter.system.masking import Masking

            exc.args = (Masking(self.secrets).mask(str(exc)),)
            raise


def picture_of(alert: Alert) -> bytes:
    """The charts of an alert as a picture; empty without any."""
    if not alert.charts:
        return b""
    from ci_reporter.notify.picture import picture

    return picture(alert.charts)


def preview_request(request: Request, secrets: frozenset[str]) -> str:
    """The request as text: method, server, headers and body, secrets masked."""
    from ci_reporter.system.masking import Masking

    masking = Masking(secrets)
    headers = [f"{name}: {masking.mask(value)}" for name, value in request.headers.items()]
    if header := request.access.header():
        headers.append(f"Authorization: {header.split()[0]} ***")
    body = (request.body or b"").decode("utf-8", "replace")
    return "\n".join([f"{request.method} {public_address(request.url)}", *headers, "", masking.mask(_pretty(body))])


def json_request(
    url: str, payload: Mapping[str, Any] | Sequence[Any], headers: Mapping[str, str] = EMPTY, **more: Any
) -> Request:
    """A POST of JSON."""
    from ci_reporter.http import Request

    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Request(method="POST", url=url, body=body, headers={**kind, **headers}, **more)


def json_body(answer: Answer) -> dict[str, Any]:
    """The body of an answer as a JSON object; empty where it is anything else."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def address_secrets(url: str | None) -> frozenset[str]:
    """What of a webhook's address must not be shown: all behind the server, whole and in its longer parts."""
    if not url:
        return frozenset()
    from urllib.parse import parse_qsl, urlsplit

    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    pieces = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query))]
    return frozenset(each for each in (url, path, *(piece for piece in pieces if len(piece) > 7)) if len(each) > 1)


def public_address(url: str) -> str:
    """The address with `***` for all that is behind the server."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/***"


class WebhookSettings(Settings):
    """The settings of a channel whose address is its secret. A subclass declares `url` as its main setting."""

    if TYPE_CHECKING:
        url: str | None

    def secrets(self) -> frozenset[str]:
        """The address in all its parts, and the other secrets."""
        return super().secrets() | address_secrets(self.url)


def _pretty(body: str) -> str:
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except ValueError:
        return body
