"""What the head of a request tells: credentials, the cookie, where it comes from. All of it is a stranger's word."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

from ci_reporter.hub.asgi import Message
from ci_reporter.hub.problem import Problem
from ci_reporter.hub.settings.auth import LOOPBACK

LONGEST_CREDENTIALS = 8192  # a JSON Web Token of many groups has some 4,000 characters
_SAFE = ("GET", "HEAD", "OPTIONS")


class Basic(NamedTuple):
    """A user's name and password."""

    name: str
    password: str


class Bearer(NamedTuple):
    """A token."""

    token: str


def header(scope: Message, name: bytes) -> str | None:
    """The value of a header. Raises Problem where there are two: they could mean different things to a proxy."""
    found = [value for each, value in scope["headers"] if each == name]
    if len(found) > 1:
        raise Problem(400, f"there are two headers {name.decode()}")
    return found[0].decode("latin-1") if found else None


def credentials(scope: Message) -> Basic | Bearer | None:
    """What `Authorization` has; None where there is none. Raises Problem: 400, or 401 for what is neither of both."""
    text = header(scope, b"authorization")
    if text is None:
        return None
    if len(text) > LONGEST_CREDENTIALS:
        raise Problem(400, f"the header Authorization has more than {LONGEST_CREDENTIALS} characters")
    scheme, _, rest = text.strip().partition(" ")
    if scheme.lower() == "bearer":
        return Bearer(rest.strip())
    return _basic(rest) if scheme.lower() == "basic" else Bearer("")


def _basic(text: str) -> Basic | Bearer:
    """RFC 7617; UTF-8 as it recommends. What is not of its form is a token that nobody has."""
    try:
        decoded = base64.b64decode(text.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return Bearer("")
    name, colon, password = decoded.partition(":")
    return Basic(name, password) if colon else Bearer("")


def cookie(scope: Message, name: str) -> str | None:
    """The value of a cookie; None also where there are two of that name: another host of the domain has set one."""
    texts = [value.decode("latin-1") for each, value in scope["headers"] if each == b"cookie"]
    pairs = [pair.strip().partition("=") for text in texts for pair in text.split(";")]
    found = [value for each, _, value in pairs if each == name]
    return found[0] if len(found) == 1 else None


class Proxies:
    """Proxies whose `X-Forwarded-*` are believed; what others write there is not."""

    def __init__(self, trusted: Sequence[str] = LOOPBACK) -> None:
        self._trusted = tuple(ip_network(each, strict=False) for each in trusted)

    def address(self, scope: Message) -> str:
        """Who asks: the last address in `X-Forwarded-For` that is not a proxy of ours, else who is connected."""
        found = _peer(scope)
        for each in reversed(_forwarded(scope, b"x-forwarded-for")):
            if not self._is_trusted(found):
                break
            found = each
        return found

    def is_secure(self, scope: Message) -> bool:
        """Whether the asker's connection has TLS."""
        if self._is_trusted(_peer(scope)) and (said := _forwarded(scope, b"x-forwarded-proto")):
            return said[-1].lower() == "https"
        return scope.get("scheme") in ("https", "wss")

    def _is_trusted(self, address: str) -> bool:
        try:
            found: IPv4Address | IPv6Address = ip_address(address)
        except ValueError:
            return False
        mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None  # of a socket for both kinds
        return any((mapped or found) in each for each in self._trusted)


def _peer(scope: Message) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _forwarded(scope: Message, name: bytes) -> list[str]:
    texts = [value.decode("latin-1") for each, value in scope["headers"] if each == name]
    return [each.strip() for text in texts for each in text.split(",") if each.strip()]


def is_cross_site(scope: Message) -> bool:
    """Whether a browser says that a page of another site makes it change something, or open a WebSocket.

    Browsers send `Sec-Fetch-Site` where we have TLS or are on localhost, else `Origin` with all that is not GET.
    What sends neither is not a browser. Source: https://words.filippo.io/csrf/.
    """
    if scope["type"] == "http" and scope["method"] in _SAFE:
        return False
    site = header(scope, b"sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = header(scope, b"origin")
    return origin is not None and origin.partition("://")[2].lower() != (header(scope, b"host") or "").lower()


def is_local_name(host: str) -> bool:
    """Whether a `Host` names this machine itself: no name that somebody's DNS could lead here."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
