"""Passwords as scrypt keeps them: `scrypt$14$8$5$<salt>$<hash>`, so that what it costs can grow later.

N = 2**14, r = 8, p = 5 is one of the settings that OWASP's Password Storage Cheat Sheet holds for equal, and the one
that needs 16 MiB: with N = 2**17 and p = 1 two people who sign in would take the hub beyond its 150 MB.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import NamedTuple

from ci_reporter.errors import UsageError

SHORTEST, LONGEST = 12, 1024
_MAX_MEMORY = 256 * 1024**2


class Cost(NamedTuple):
    """scrypt's parameters; `n` is the exponent of two."""

    n: int = 14
    r: int = 8
    p: int = 5


def check(name: str, password: str) -> None:
    """Raises UsageError for a password that is too easy, or that nobody could send."""
    if len(password) < SHORTEST:
        raise UsageError(f"the password has {len(password)} characters, and {SHORTEST} are the least")
    if len(password.encode("utf-8", "surrogateescape")) > LONGEST:
        raise UsageError(f"the password has more than {LONGEST} bytes")
    if name.lower() in password.lower() or len(set(password)) < 5:
        raise UsageError("the password is easy to guess: it is one character again and again, or has the user's name")


def encode(password: str, cost: Cost | None = None) -> str:
    """What is kept of a password."""
    cost, salt = cost or Cost(), secrets.token_bytes(16)
    return _line(cost, salt, _scrypt(password, salt, cost))


def of_nobody(cost: Cost) -> str:
    """What no password matches; to try one takes as long as with a user's."""
    return _line(cost, secrets.token_bytes(16), secrets.token_bytes(32))


def matches(password: str, known: str) -> bool:
    """Whether it is the password that this was kept of; takes as long when it is not."""
    _, n, r, p, salt, expected = known.split("$")
    found = _scrypt(password, base64.b64decode(salt), Cost(int(n), int(r), int(p)))
    return hmac.compare_digest(found, base64.b64decode(expected))


def _scrypt(password: str, salt: bytes, cost: Cost) -> bytes:
    raw = password.encode("utf-8", "surrogateescape")
    return hashlib.scrypt(raw, salt=salt, n=2**cost.n, r=cost.r, p=cost.p, maxmem=_MAX_MEMORY, dklen=32)


def _line(cost: Cost, salt: bytes, found: bytes) -> str:
    return "$".join(("scrypt", *map(str, cost), *(base64.b64encode(each).decode() for each in (salt, found))))
