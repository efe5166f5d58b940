"""One mail to a server, within a deadline, with nobody left out unsaid.

SMTP takes or refuses each recipient for itself. Those that it takes get the message; of those that it does not, the
error tells, by name: refused for good, or not taken now and so tried again. A message that is tried again has the same
Message-ID, by which a mailbox that had it already knows it.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Mapping, Sequence
from email import policy
from email.message import EmailMessage

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.frozen import Frozen
from ci_reporter.http import TryLaterError, persist
from ci_reporter.http.reasons import system_reason
from ci_reporter.notify.email.address import Server, Tls
from ci_reporter.system.parallel import run_until
from ci_reporter.system.text import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.system.deadline import Deadline

    Replies = Mapping[str, tuple[int, bytes]]  # by recipient: a code and the server's words

_IMPLICIT_PORT = 465
_RETRIES = 2
_PERMANENT = 500
_CLOSING = 421  # "closing transmission channel": it says no more of this message
_LONGEST = 200


class Account(Frozen):
    """The server, and how it lets us in."""

    server: Server
    tls: Tls | None = None
    username: str | None = None
    password: str | None = None
    token: str | None = None
    ca: str | None = None

    def __repr__(self) -> str:
        return f"Account(server={self.server.name!r}, username={self.username!r}, password and token hidden)"


def deliver(message: EmailMessage, account: Account, recipients: Sequence[str], deadline: Deadline) -> None:
    """Hand the message over; where nobody got it and that may pass, again before the deadline.

    Raises DeliveryError where somebody may get it later, Rejected where somebody never will.
    """
    replies = persist(lambda: _in_time(message, account, recipients, deadline), deadline, _RETRIES)
    if replies:
        left = len(recipients) - len(replies)
        others = f" (the other {left} got it)" if left else ""
        raise _by_code(f"{_refusals(account.server, replies)}{others}", min(code for code, _ in replies.values()))


def _refusals(server: Server, replies: Replies) -> str:
    said = "; ".join(f"{who}: {_words(*reply)}" for who, reply in replies.items())
    return f"{server.name} did not take it for {said}"


def _by_code(text: str, code: int) -> DeliveryError:
    """A code of 4xx may pass, one of 5xx will not (RFC 5321, 4.2.1)."""
    return TryLaterError(text) if code < _PERMANENT else Rejected(text)


def _in_time(message: EmailMessage, account: Account, recipients: Sequence[str], deadline: Deadline) -> Replies:
    """Talk to the server in a thread: a name look-up takes no timeout, and a server may drip."""

    def replies_or_error() -> Replies | DeliveryError:
        try:
            return _transact(message, account, recipients, deadline)
        except (DeliveryError, OSError, smtplib.SMTPException, UnicodeError) as exc:
            return exc if isinstance(exc, DeliveryError) else _explain(exc, account.server.name, deadline)

    done = run_until(deadline, replies_or_error)
    if not done:
        raise DeliveryError(f"no answer from {account.server.name} within {deadline.seconds:g} s")
    if isinstance(done[0], DeliveryError):
        raise done[0]
    return done[0]


def _explain(error: Exception, name: str, deadline: Deadline) -> DeliveryError:
    """The failure in words people know. All of SMTP's errors are OSErrors, so those come first."""
    match error:
        case smtplib.SMTPAuthenticationError():
            remedy = "check CI_REPORTER_EMAIL_USERNAME and CI_REPORTER_EMAIL_PASSWORD, or CI_REPORTER_EMAIL_TOKEN"
            said = _words(error.smtp_code, error.smtp_error)
            found = _by_code(f"{name} does not let us in: {said} ({remedy})", error.smtp_code)
        case smtplib.SMTPResponseException():
            said = _words(error.smtp_code, error.smtp_error)
            found = _by_code(f"{name} refused: {said}", error.smtp_code)
        case smtplib.SMTPServerDisconnected():
            found = TryLaterError(f"{name} closed the connection")
        case smtplib.SMTPException():
            found = Rejected(f"{name}: {one_line(str(error), _LONGEST)}")
        case TimeoutError():
            found = DeliveryError(f"no answer from {name} within {deadline.seconds:g} s")
        case ssl.SSLError():
            found = DeliveryError(f"cannot reach {name}: {_tls_reason(error)}")
        case _:
            found = TryLaterError(f"cannot reach {name}: {system_reason(error) or one_line(str(error), _LONGEST)}")
    return found


def _transact(message: EmailMessage, account: Account, recipients: Sequence[str], deadline: Deadline) -> Replies:
    """Hand it over once; what the server said of those recipients that it did not take."""
    smtp = _connect(account, deadline)
    try:
        if account.username and (account.password or account.token):
            _sign_in(smtp, account)
        return _hand_over(smtp, message, account, recipients)
    finally:
        _hang_up(smtp)


def _connect(account: Account, deadline: Deadline) -> smtplib.SMTP:
    """A connection that is as safe as it has to be."""
    server = account.server
    tls = account.tls or (Tls.IMPLICIT if server.port == _IMPLICIT_PORT else None)
    timeout_s = max(0.01, deadline.left_s())
    if tls is Tls.IMPLICIT:
        return smtplib.SMTP_SSL(server.host, server.port, _own_name(), timeout=timeout_s, context=_trust(account))
    smtp = smtplib.SMTP(server.host, server.port, _own_name(), timeout=timeout_s)
    try:
        smtp.ehlo()
        if smtp.has_extn("starttls") and tls is not Tls.NONE:
            smtp.starttls(context=_trust(account))
            smtp.ehlo()
        elif tls is Tls.STARTTLS or (tls is None and not server.is_here):
            raise Rejected(
                f"{server.name} offers no STARTTLS, so everybody on the way could read along"
                " (set CI_REPORTER_EMAIL_TLS to implicit, or to none if that is all right)"
            )
    except BaseException:
        smtp.close()
        raise
    return smtp


def _trust(account: Account) -> ssl.SSLContext:
    """The certificates that were named, else the system's and those that our HTTP client brings along."""
    import os

    if account.ca:
        folder = os.path.isdir(account.ca)
        return ssl.create_default_context(capath=account.ca if folder else None, cafile=None if folder else account.ca)
    context = ssl.create_default_context()
    try:
        from certifi import where

        context.load_verify_locations(where())
    except (ImportError, OSError):
        pass  # the system's are there
    return context


def _own_name() -> str:
    """How we greet. smtplib's own default asks the DNS for it, which may take seconds."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _sign_in(smtp: smtplib.SMTP, account: Account) -> None:
    smtp.ehlo_or_helo_if_needed()
    if not smtp.has_extn("auth"):
        raise Rejected(
            f"{account.server.name} takes no sign-in here"
            " (unset CI_REPORTER_EMAIL_USERNAME, or choose another port or another CI_REPORTER_EMAIL_TLS)"
        )
    if account.token:
        _sign_in_by_token(smtp, account)
    else:
        smtp.login(account.username or "", account.password or "")


def _sign_in_by_token(smtp: smtplib.SMTP, account: Account) -> None:
    """XOAUTH2. Source: Google's "OAuth 2.0 Mechanism"; who is refused answers with nothing."""
    words = f"user={account.username}\x01auth=Bearer {account.token}\x01\x01"

    def answer(challenge: bytes | None = None) -> str:
        return words if challenge is None else ""

    if "XOAUTH2" not in str(smtp.esmtp_features.get("auth", "")).upper().split():
        raise Rejected(f"{account.server.name} takes no token (XOAUTH2); set CI_REPORTER_EMAIL_PASSWORD instead")
    smtp.auth("XOAUTH2", answer)


def _hand_over(smtp: smtplib.SMTP, message: EmailMessage, account: Account, recipients: Sequence[str]) -> Replies:
    """MAIL, RCPT and DATA. Addresses outside ASCII need a server that takes them (RFC 6531)."""
    sender = message["From"].addresses[0].addr_spec
    international = not "".join((sender, *recipients)).isascii()
    smtp.ehlo_or_helo_if_needed()
    if international and not smtp.has_extn("smtputf8"):
        raise Rejected("the server takes no addresses with letters outside ASCII (it offers no SMTPUTF8)")
    raw = message.as_bytes(policy=policy.SMTPUTF8 if international else policy.SMTP)
    options = ("SMTPUTF8", "BODY=8BITMIME") if international else ()
    try:
        return smtp.sendmail(sender, list(recipients), raw, options)
    except smtplib.SMTPRecipientsRefused as exc:
        # Nobody got it. Where the server gave up in between, it has said nothing of those who come after.
        replies = {who: exc.recipients.get(who, (_CLOSING, b"the server hung up")) for who in recipients}
        if all(code < _PERMANENT for code, _ in replies.values()):
            raise TryLaterError(f"{_refusals(account.server, replies)}") from exc
        return replies


def _hang_up(smtp: smtplib.SMTP) -> None:
    """Say goodbye and do not wait for an answer: the message is theirs by now, and a late word must not undo that."""
    try:
        smtp.putcmd("quit")
    except (OSError, smtplib.SMTPException):
        pass
    smtp.close()


def _words(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return one_line(f"{code} {text}", _LONGEST)


def _tls_reason(error: ssl.SSLError) -> str:
    """What went wrong and what to set."""
    reason = system_reason(error) or str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{reason} (CI_REPORTER_EMAIL_CA names certificates to trust)"
    return f"{reason} (port 465 wants CI_REPORTER_EMAIL_TLS=implicit, others starttls)"
