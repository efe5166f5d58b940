"""Real mail servers: with STARTTLS or TLS from the beginning, with or without sign-in."""

from __future__ import annotations

import base64
import ssl
from contextlib import ExitStack, contextmanager
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from ci_reporter.notify.email import EmailSettings
from ci_reporter.notify.email.address import Server
from ci_reporter.notify.language import Language
from tests.conftest import free_port

USER, PASSWORD, OAUTH = "ci@acme.example", "correct-horse-battery", "ya29.a0AfH6SMBx"


class Mailbox:
    """What the server took, and what it says: `replies` by recipient, `data` for each message in turn."""

    def __init__(self):
        self.envelopes, self.tls, self.users, self.asked = [], [], [], []
        self.replies, self.data = {}, []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        self.asked.append(address)
        replies = self.replies.get(address, ["250 OK"])
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.data and (reply := self.data.pop(0)):
            return reply
        self.envelopes.append(envelope)
        self.tls.append(session.ssl is not None)
        self.users.append(session.auth_data)
        return "250 OK"

    async def auth_XOAUTH2(self, server, args):  # noqa: N802
        """Google's and Microsoft's way: the token in the first line, and a challenge that says why not."""
        if base64.b64decode(args[1]) == f"user={USER}\x01auth=Bearer {OAUTH}\x01\x01".encode():
            return AuthResult(success=True, auth_data=USER)
        assert await server.challenge_auth(b'{"status":"401"}') == b""
        return AuthResult(success=False, handled=False)

    @property
    def messages(self):
        return [message_from_bytes(each.content, policy=policy.default) for each in self.envelopes]


@contextmanager
def running(controller):
    controller.start()
    try:
        yield
    finally:
        controller.stop()


def _authenticator(server, session, envelope, mechanism, data):
    right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False, auth_data=data.login.decode())


@pytest.fixture
def context(certificates):
    """The server's side of TLS."""
    found = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    found.load_cert_chain(certificates / "gw.pem", certificates / "gw.key")
    return found


@pytest.fixture
def start_server(context):
    """Start mail servers: `start_server(tls="starttls")` gives the mailbox and the port."""
    with ExitStack() as stack:

        def start(tls="starttls", auth=False, mailbox=None, **how):
            mailbox, port = mailbox or Mailbox(), free_port()
            if tls == "starttls":
                how |= {"tls_context": context, "require_starttls": True}
            if tls == "implicit":
                how |= {"ssl_context": context}
            if auth:
                how |= {"authenticator": _authenticator, "auth_required": True, "auth_require_tls": tls == "starttls"}
            stack.enter_context(running(Controller(mailbox, hostname="127.0.0.1", port=port, ready_timeout=60, **how)))
            return mailbox, port

        yield start


@pytest.fixture
def email(certificates):
    """Make a notifier for a port: `email(port, to=("ada@acme.example",))`."""

    def make(port, host="127.0.0.1", **settings):
        known = {
            "to": ("ada@acme.example",),
            "sender": USER,
            "server": Server(host=host, port=port),
            "ca": str(certificates / "ca.pem"),
        }
        return EmailSettings(**known | settings).notifier({}, Language.EN)

    return make
