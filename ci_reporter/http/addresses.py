"""The addresses that a name has, and a connection to each of them in turn."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

Connect = Callable[[tuple[str, int], float], socket.socket]
PORTS = {"http": 80, "https": 443}
_FAMILIES = {0: socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}
_NO_WAY = (errno.ENETUNREACH, errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)  # the system itself says so, at once


def host_of(url: str) -> str:
    """The host as DNS knows it."""
    host = urlsplit(url).hostname or ""
    return host if host.isascii() else host.encode("idna").decode()


def in_brackets(host: str) -> str:
    """The host as it is written in an address: an IPv6 one in brackets."""
    return f"[{host}]" if ":" in host else host


def is_local(host: str) -> bool:
    """Whether the name is localhost: one machine, whichever of its addresses a server listens on (RFC 6761)."""
    return host == "localhost" or host.endswith(".localhost")


def connect_in_turn(
    addresses: Sequence[str],
    port: int,
    turn: int,
    timeout_s: float,
    *,
    any_of: bool = False,
    connect: Connect = socket.create_connection,
) -> tuple[socket.socket, str | None]:
    """A connection to one of the addresses, the next `turn` to the next; which one it is where there are several.

    An address that does not answer is an error, never passed over: behind it stands a replica. Only IPv6 addresses on a
    machine without IPv6 are passed over, and with `any_of` all that do not answer. Raises OSError.
    """
    start = turn % len(addresses)
    for tried, address in enumerate([*addresses[start:], *addresses[:start]], 1):
        try:
            found = connect((address, port), timeout_s)
        except OSError as exc:
            no_way = ":" in address and exc.errno in _NO_WAY
            if (any_of or no_way) and tried < len(addresses):
                continue
            if len(addresses) > 1:
                exc.add_note(address)
            raise
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return found, address if len(addresses) > 1 and not any_of else None
    raise AssertionError("unreachable: the last address answers or raises")


def resolve(host: str, port: int, family: int = 0) -> list[str]:
    """All addresses of a name, sorted, so that turns mean the same address each time. Raises OSError."""
    found = socket.getaddrinfo(host, port, _FAMILIES[family], socket.SOCK_STREAM)
    return sorted({str(entry[4][0]) for entry in found})
