"""E-mail: text and HTML in one message, by SMTP over TLS.

Sources: RFC 5321 (SMTP), RFC 3207 (STARTTLS), RFC 8314 (implicit TLS on 465), RFC 5322 (messages), RFC 3834 (automatic
ones).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ci_reporter.config import values
from ci_reporter.config.setting import Settings, setting
from ci_reporter.frozen import Frozen
from ci_reporter.notify.alert import Alert
from ci_reporter.notify.email.address import Server, Tls, address, server
from ci_reporter.notify.language import Language
from ci_reporter.notify.notifier import Rate
from ci_reporter.system.masking import Masking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from email.message import EmailMessage

    from ci_reporter.system.deadline import Deadline

_RATE = Rate(count=30, per_s=60.0)


class EmailSettings(Settings, group="email"):
    """Whom to write to, and by which server."""

    to: tuple[str, ...] = setting(
        (), address, "ADDRESS", "Email: the recipients, with commas between them.", main=True, many=True
    )
    sender: str | None = setting(
        None, address, "ADDRESS", "Email: the sender. Default: the username, where it is an address.", key="from"
    )
    server: Server | None = setting(None, server, "HOST[:PORT]", "Email: the mail server. The port is 587 by default.")
    tls: str | None = setting(
        None,
        values.OneOf(*Tls),
        "KIND",
        "Email: starttls, implicit or none. Default: implicit on port 465, else starttls; on localhost only where the"
        " server offers it.",
    )
    username: str | None = setting(None, values.text, "NAME", "Email: the user that signs in at the server.")
    password: str | None = setting(None, values.text, "", "Email: the user's password.", secret=True)
    token: str | None = setting(
        None,
        values.text,
        "",
        "Email: an OAuth 2 access token, instead of a password (XOAUTH2, as Microsoft 365 and Gmail want it).",
        secret=True,
    )
    ca: str | None = setting(
        None,
        values.certificates,
        "FILE",
        "Email: certificates to trust instead of the system's, PEM: a file or a folder.",
    )

    def problem(self) -> str | None:
        """Half a set-up."""
        if self.to and not self.server:
            return "email: there are recipients and no server (set CI_REPORTER_EMAIL_SERVER)"
        if self.to and not self.sender_address():
            return "email: there is no sender (set CI_REPORTER_EMAIL_FROM)"
        if self.password and self.token:
            return "email: there are a password and a token (unset one of CI_REPORTER_EMAIL_PASSWORD and _TOKEN)"
        if (self.password or self.token) and not self.username:
            kind = "password" if self.password else "token"
            return f"email: there is a {kind} and no user (set CI_REPORTER_EMAIL_USERNAME)"
        if not f"{self.username or ''}{self.password or ''}{self.token or ''}".isascii():
            return "email: the username, the password or the token has letters outside ASCII, which SMTP cannot send"
        return None

    def doubt(self, env: Mapping[str, str]) -> str | None:
        """A user without a password: a mistake, or a job of a fork, whose secrets are withheld."""
        name = "CI_REPORTER_EMAIL_PASSWORD"
        known = {name, f"{name}_FILE", "CI_REPORTER_EMAIL_TOKEN", "CI_REPORTER_EMAIL_TOKEN_FILE"}
        if not self.to or not self.username or self.password or self.token or known & env.keys():
            return None
        return f"email: there is a user and no password (set {name} or {name}_FILE)"

    def sender_address(self) -> str | None:
        """Who writes."""
        try:
            return self.sender or (address(self.username) if self.username else None)
        except ValueError:
            return None

    def notifier(self, env: Mapping[str, str], language: Language) -> EmailNotifier:  # noqa: ARG002
        """Make the notifier."""
        return EmailNotifier(settings=self, language=language)


class EmailNotifier(Frozen):
    """Writes one message to all recipients."""

    settings: EmailSettings
    language: Language = Language.EN
    name: str = "email"
    rate: Rate = _RATE

    def send(self, alert: Alert, deadline: Deadline) -> str:
        """Send it; gives its Message-ID. Raises DeliveryError, Rejected."""
        from ci_reporter.notify.email.smtp import Account, deliver

        known = self.settings
        assert known.server  # noqa: S101
        account = Account(
            server=known.server,
            tls=Tls(known.tls) if known.tls else None,
            username=known.username,
            password=known.password,
            token=known.token,
            ca=known.ca,
        )
        message = self._message(alert)
        deliver(message, account, known.to, deadline)
        return str(message["Message-ID"])

    def preview(self, alert: Alert) -> str:
        """Show the headers and both parts as they are read, not as they are encoded."""
        message = self._message(alert)
        headers = [f"{name}: {value}" for name, value in message.items() if not re.match("(?i)content-|mime-", name)]
        parts = [_part(part) for part in message.walk() if not part.is_multipart()]
        server = self.settings.server
        shown = [f"SMTP {server.name}" if server else "SMTP", *headers, "", *parts]
        return Masking(self.settings.secrets()).mask("\n".join(shown))

    def _message(self, alert: Alert) -> EmailMessage:
        from ci_reporter.notify.email.message import message

        return message(alert, self.settings.sender_address() or "", self.settings.to, self.language)


def _part(part: EmailMessage) -> str:
    """A part as it is read; of a picture, how large it is."""
    found = part.get_content()
    shown = found if isinstance(found, str) else f"{part.get_filename()}, {len(found)} bytes"
    return f"[{part.get_content_type()}]\n{shown}"
