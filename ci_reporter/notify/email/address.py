"""Addresses of people and of mail servers, as they stand in settings."""

from __future__ import annotations

import re
from enum import StrEnum

from ci_reporter.config import values
from ci_reporter.frozen import Frozen

_SUBMISSION, _SUBMISSIONS = 587, 465
_LONGEST = 254  # of an address, RFC 5321 and its erratum 1690
# No quoted local parts: whoever has `"a b"@example.com` knows what to expect of the world.
_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"]+@([\w-]+(?:\.[\w-]+)*)")
_SERVER = re.compile(r"(?:(smtps?)://)?(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?/?")


class Tls(StrEnum):
    """How the connection is made safe: by a command within it, from its beginning, or not at all."""

    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    NONE = "none"


class Server(Frozen):
    """Where mail is taken."""

    host: str
    port: int = _SUBMISSION

    @property
    def name(self) -> str:
        """For messages: `mail.example.com:587`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine, so that nobody can listen in between."""
        return self.host == "localhost" or self.host.startswith("127.") or self.host == "::1"


def address(value: str) -> str:
    """`ada@example.com`; a domain with letters outside ASCII as DNS knows it."""
    match = _ADDRESS.fullmatch(values.text(value).strip())
    if not match or len(value) > _LONGEST:
        raise ValueError("is not a mail address (write ada@example.com, without a name)")
    return f"{match[0].rpartition('@')[0]}@{_in_dns(match[1], 'address')}"


def server(value: str) -> Server:
    """`mail.example.com`, `mail.example.com:465`, `smtps://mail.example.com`."""
    match = _SERVER.fullmatch(value.strip())
    if not match or not 0 < int(match[4] or _SUBMISSION) < 65536:
        raise ValueError("is not a mail server (write mail.example.com or mail.example.com:465)")
    usual = _SUBMISSIONS if match[1] == "smtps" else _SUBMISSION
    return Server(host=match[2] or _in_dns(match[3], "server"), port=int(match[4] or usual))


def _in_dns(domain: str, what: str) -> str:
    """A domain as DNS knows it: `bücher.example` is `xn--bcher-kva.example`."""
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        raise ValueError(f"is not a mail {what}: DNS cannot have its domain") from None
